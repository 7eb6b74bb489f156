using System.Diagnostics;
using System.Globalization;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using System.Text;
using Microsoft.Win32.SafeHandles;
using NpcMind.Core;

namespace NpcMind;

/// <summary>
/// A save file is replaced as a whole or not at all: the new one is written beside it, flushed to the disk, and renamed over it. Whatever
/// ends the process in between, the earlier save stands. Saves and what lies beside them are for the user alone (0600). Any thread; saves
/// to different files do not wait for each other, of two to one file the later rename stays.
/// </summary>
internal static partial class SaveFile
{
    private const string Suffix = ".saving";
    private const int RandomBytes = 16;
    private const int OpenNonBlocking = 0x800;
    private const int OpenCloseOnExec = 0x80000;
    private const UnixFileMode UserOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite;

    // Temporaries that this process writes; what else has its id in the name was left by an earlier process.
    private static readonly Lock Gate = new();
    private static readonly HashSet<string> Writing = new(StringComparer.Ordinal);

    /// <summary>Calls <paramref name="write"/> with a new file and puts that in the place of <paramref name="path"/>.</summary>
    /// <exception cref="SaveFileException">Disk full, no permission, the path is a folder: nothing was changed.</exception>
    public static void WriteAtomically(string path, Action<Stream> write)
    {
        path = Path.GetFullPath(path);
        if (Directory.Exists(path)) throw new SaveFileException(path, "it is a folder", "Name a file to save to.");
        CheckRegular(path, "Name a file to save to.");
        string folder = Path.GetDirectoryName(path) ?? throw new SaveFileException(path, "it is a folder", "Name a file to save to.");
        if (!Directory.Exists(folder)) throw new SaveFileException(path, "its folder does not exist", "Create it before saving.");
        string name = Path.GetFileName(path);
        if (IsTemporary(name, out _, out _))
            throw new SaveFileException(path, "names of this form are reserved for saves in progress", "Choose another name.");
        string? beside = null, writing = null;
        try
        {
            // Renamed while open: closed first, it could be taken for a leftover by another process.
            using FileStream stream = OpenBeside(folder, name);
            beside = writing = stream.Name;
            write(stream);
            stream.Flush(flushToDisk: true);
            File.Move(beside, path, overwrite: true);
            beside = null;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new SaveFileException(path, $"not saved: {e.Message}",
                "The earlier save, if there is one, is unchanged. Free space or choose a folder that can be written to, then save again.",
                e);
        }
        finally
        {
            if (beside is not null) TryDelete(beside);
            lock (Gate) Writing.Remove(writing ?? "");
        }

        if (OperatingSystem.IsLinux()) FlushFolder(folder);
    }

    /// <summary>Calls <paramref name="read"/> with the file at <paramref name="path"/>.</summary>
    /// <exception cref="SaveFileException">There is no such file, or it cannot be read.</exception>
    public static T Read<T>(string path, Func<Stream, T> read)
    {
        path = Path.GetFullPath(path);
        if (Directory.Exists(path)) throw new SaveFileException(path, "it is a folder", "Name a save file.");
        CheckRegular(path, "Name a save file.");
        try
        {
            using FileStream stream = OpenRead(path);
            return read(stream);
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException)
        {
            throw new SaveFileException(path, "there is no such save", "Check the path.", e);
        }
        catch (Exception e) when (e is UnauthorizedAccessException or IOException)
        {
            throw new SaveFileException(path, $"not read: {e.Message}", "Check that the disk works and that the file may be read.", e);
        }
    }

    /// <summary>Pipes and devices are refused: reading one could wait without end, and a save would take its place.</summary>
    private static void CheckRegular(string path, string advice)
    {
        try
        {
            RegularFile.Check(path);
        }
        catch (IOException e)
        {
            throw new SaveFileException(path, "it is not a regular file", advice, e);
        }
    }

    /// <summary>
    /// Whether a file name is one that a save under way has: NAME.PID-RANDOM.saving, the random part 32 digits of lower-case hexadecimal.
    /// </summary>
    private static bool IsTemporary(string file, out string name, out int process)
    {
        (name, process) = ("", 0);
        int hyphen = file.Length - Suffix.Length - 2 * RandomBytes - 1;
        if (hyphen < 0 || file[hyphen] != '-' || !file.EndsWith(Suffix, StringComparison.Ordinal)) return false;
        foreach (char digit in file.AsSpan(hyphen + 1, 2 * RandomBytes))
            if (!char.IsAsciiHexDigitLower(digit)) return false;
        int dot = file.LastIndexOf('.', hyphen);
        if (dot < 1 || !int.TryParse(file.AsSpan(dot + 1, hyphen - dot - 1), NumberStyles.None, CultureInfo.InvariantCulture, out process))
            return false;
        name = file[..dot];
        return true;
    }

    private static FileStream OpenBeside(string folder, string name)
    {
        lock (Gate)
        {
            RemoveLeftovers(folder, name);
            string random = Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(RandomBytes));
            string beside =
                Path.Combine(folder, string.Create(CultureInfo.InvariantCulture, $"{name}.{Environment.ProcessId}-{random}{Suffix}"));
            // Created anew: no link is followed.
            FileStreamOptions options = new() { Mode = FileMode.CreateNew, Access = FileAccess.Write, Share = FileShare.Delete };
            if (!OperatingSystem.IsWindows()) options.UnixCreateMode = UserOnly;
            FileStream stream = new(beside, options);
            Writing.Add(beside);
            return stream;
        }
    }

    /// <summary>Deletes what processes that ended in a save of this file left behind: temporaries of ended processes that nobody holds
    /// open.</summary>
    private static void RemoveLeftovers(string folder, string name)
    {
        foreach (FileInfo leftover in new DirectoryInfo(folder).EnumerateFiles($"*{Suffix}"))
        {
            if (!IsTemporary(leftover.Name, out string of, out int process) || of != name || leftover.LinkTarget is not null) continue;
            if (Writing.Contains(leftover.FullName) || (process != Environment.ProcessId && IsRunning(process))) continue;
            try
            {
                using (new FileStream(leftover.FullName, FileMode.Open, FileAccess.ReadWrite, FileShare.None)) leftover.Delete();
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                // Another process is writing it, or it is not ours to delete; a leftover costs room, nothing else.
            }
        }
    }

    private static bool IsRunning(int process)
    {
        try
        {
            Process.GetProcessById(process).Dispose();
            return true;
        }
        catch (ArgumentException)
        {
            return false;
        }
    }

    /// <summary>Opens a save. A pipe or another thing that is no file is refused, and does not make anybody wait.</summary>
    private static FileStream OpenRead(string path)
    {
        int descriptor = OperatingSystem.IsLinux() ? Open(Encoding.UTF8.GetBytes(path + '\0'), OpenNonBlocking | OpenCloseOnExec) : -1;
        if (descriptor >= 0)
        {
            using SafeFileHandle handle = new(descriptor, ownsHandle: true);
            using FileStream probe = new(handle, FileAccess.Read, bufferSize: 0);
            if (!probe.CanSeek) throw new SaveFileException(path, "it is a pipe or a device, not a file", "Name a save file.");
        }

        const FileShare Share = FileShare.Read | FileShare.Delete;
        return new(path, FileMode.Open, FileAccess.Read, Share, bufferSize: 4096, FileOptions.SequentialScan);
    }

    private static void TryDelete(string file)
    {
        try
        {
            File.Delete(file);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // The error that brought us here is the one to report; the next save removes the file.
        }
    }

    /// <summary>
    /// Makes the rename itself durable (fsync(2) asks for it on the folder). .NET opens no folders; a file system that cannot do it has
    /// done what it can.
    /// </summary>
    private static void FlushFolder(string folder)
    {
        int descriptor = Open(Encoding.UTF8.GetBytes(folder + '\0'), 0);
        if (descriptor < 0) return;
        _ = Fsync(descriptor);
        _ = Close(descriptor);
    }

    [LibraryImport("libc", EntryPoint = "open")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial int Open(byte[] path, int flags);

    [LibraryImport("libc", EntryPoint = "fsync")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial int Fsync(int descriptor);

    [LibraryImport("libc", EntryPoint = "close")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial int Close(int descriptor);
}
