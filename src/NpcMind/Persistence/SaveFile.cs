using System.Globalization;
using System.Runtime.InteropServices;
using System.Text;
using NpcMind.Files;

namespace NpcMind;

/// <summary>
/// A save file is replaced as a whole or not at all: the new one is written beside it, flushed to the disk, and renamed over it. Whatever ends the process in between,
/// the earlier save stands. Any thread; saves to different files do not wait for each other, of two to one file the later rename stays.
/// </summary>
internal static partial class SaveFile
{
    private const string Suffix = ".saving";

    // Between creating a file and locking it another save of this process could take it for a leftover.
    private static readonly Lock Gate = new();
    private static int _count;

    /// <summary>Calls <paramref name="write"/> with a new file and puts that in the place of <paramref name="path"/>.</summary>
    /// <exception cref="SaveFileException">Disk full, no permission, the path is a folder: nothing was changed.</exception>
    public static void WriteAtomically(string path, Action<Stream> write)
    {
        path = Path.GetFullPath(path);
        if (Directory.Exists(path)) throw new SaveFileException(path, "it is a folder", "Name a file to save to.");
        CheckRegular(path, "Name a file to save to.");
        string folder = Path.GetDirectoryName(path) ?? throw new SaveFileException(path, "it is a folder", "Name a file to save to.");
        if (!Directory.Exists(folder)) throw new SaveFileException(path, "its folder does not exist", "Create it before saving.");
        string? beside = null;
        try
        {
            // Renamed while open: closed first, it could be taken for a leftover by another process.
            using FileStream stream = OpenBeside(path, folder);
            beside = stream.Name;
            write(stream);
            stream.Flush(flushToDisk: true);
            File.Move(beside, path, overwrite: true);
            beside = null;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new SaveFileException(path, $"not saved: {e.Message}", "The earlier save, if there is one, is unchanged. Free space or choose a folder that can be written to, then save again.", e);
        }
        finally
        {
            if (beside is not null) TryDelete(beside);
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
            using FileStream stream = new(path, FileMode.Open, FileAccess.Read, FileShare.Read | FileShare.Delete, bufferSize: 4096, FileOptions.SequentialScan);
            return read(stream);
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException)
        {
            throw new SaveFileException(path, "there is no such save", "Check the path.", e);
        }
        catch (Exception e) when (e is UnauthorizedAccessException or IOException and not SaveFileException)
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
            throw new SaveFileException(path, "it is no regular file", advice, e);
        }
    }

    private static FileStream OpenBeside(string path, string folder)
    {
        string name = Path.GetFileName(path);
        lock (Gate)
        {
            RemoveLeftovers(folder, name);
            string beside = Path.Combine(folder, string.Create(CultureInfo.InvariantCulture, $"{name}.{Environment.ProcessId}-{++_count}-{Guid.NewGuid():N}{Suffix}"));
            return new(beside, FileMode.CreateNew, FileAccess.Write, FileShare.Delete);
        }
    }

    /// <summary>Deletes what processes that ended in a save of this file left behind: files that nobody holds open.</summary>
    private static void RemoveLeftovers(string folder, string name)
    {
        foreach (string leftover in Directory.EnumerateFiles(folder, $"*{Suffix}"))
        {
            if (!Path.GetFileName(leftover).StartsWith($"{name}.", StringComparison.Ordinal)) continue;
            try
            {
                using (new FileStream(leftover, FileMode.Open, FileAccess.ReadWrite, FileShare.None)) File.Delete(leftover);
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                // Another process is writing it, or it is not ours to delete; a leftover costs room, nothing else.
            }
        }
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

    /// <summary>Makes the rename itself durable (fsync(2) asks for it on the folder). .NET opens no folders; a file system that cannot do it has done what it can.</summary>
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
