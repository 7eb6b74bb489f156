using System.Buffers.Binary;
using System.Globalization;
using System.Runtime.InteropServices;
using System.Text;
using Microsoft.Win32.SafeHandles;

namespace NpcMind.Core;

/// <summary>
/// Opens files that NpcMind reads. A pipe would be waited for without end, a device has no end, and neither can be read by position: what
/// is no regular file is
/// refused before it is opened. Links are followed, so a file that a shell hands over as /dev/fd/N is one. Any thread.
/// </summary>
internal static partial class RegularFile
{
    private const ushort TypeMask = 0xF000;

    /// <summary>Opens a regular file for reading; others may write, rename and delete it meanwhile.</summary>
    /// <param name="path">The file.</param>
    /// <param name="options">How it will be read.</param>
    /// <exception cref="IOException">
    /// There is no such file, it is a folder, pipe, socket or device, or it cannot be read; the message names it.
    /// </exception>
    /// <exception cref="UnauthorizedAccessException">It may not be read.</exception>
    public static SafeFileHandle Open(string path, FileOptions options = FileOptions.None)
    {
        Check(path);
        try
        {
            SafeFileHandle handle = File.OpenHandle(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete, options);
            try
            {
                RandomAccess.GetLength(handle); // what cannot tell its length is no file, on systems without stat
                return handle;
            }
            catch
            {
                handle.Dispose();
                throw;
            }
        }
        catch (FileNotFoundException e)
        {
            throw new FileNotFoundException($"{PrintableText.Escape(path)}: there is no such file. Check the path.", path, e);
        }
        catch (DirectoryNotFoundException e)
        {
            throw new DirectoryNotFoundException($"{PrintableText.Escape(path)}: there is no such folder. Check the path.", e);
        }
        catch (UnauthorizedAccessException e)
        {
            throw new UnauthorizedAccessException($"{PrintableText.Escape(path)}: the file may not be read. Check its permissions.", e);
        }
        catch (NotSupportedException e)
        {
            throw NoFile(path, "a pipe or a device", e);
        }
    }

    /// <summary>Opens a regular file as a stream, as <see cref="Open"/> does.</summary>
    /// <param name="path">The file.</param>
    /// <exception cref="IOException">As <see cref="Open"/>.</exception>
    /// <exception cref="UnauthorizedAccessException">As <see cref="Open"/>.</exception>
    public static FileStream OpenStream(string path) => new(Open(path, FileOptions.SequentialScan), FileAccess.Read, bufferSize: 4096);

    /// <summary>Reads a whole regular file of at most <paramref name="most"/> bytes.</summary>
    /// <param name="path">The file.</param>
    /// <param name="most">Largest length in bytes.</param>
    /// <exception cref="IOException">As <see cref="Open"/>, or it is longer.</exception>
    /// <exception cref="UnauthorizedAccessException">As <see cref="Open"/>.</exception>
    public static byte[] ReadAllBytes(string path, long most)
    {
        using FileStream stream = OpenStream(path);
        if (stream.Length > most)
            throw new IOException(string.Create(CultureInfo.InvariantCulture,
                $"{PrintableText.Escape(path)}: the file has {stream.Length} bytes; at most {most} are read."));
        byte[] bytes = new byte[stream.Length];
        int read = stream.ReadAtLeast(bytes, bytes.Length, throwOnEndOfStream: false);
        return bytes.Length == read ? bytes : bytes[..read];
    }

    /// <summary>Throws if something that is no regular file stands at <paramref name="path"/>; nothing at all is no error.</summary>
    /// <param name="path">The path.</param>
    /// <exception cref="IOException">A folder, pipe, socket or device stands there.</exception>
    public static void Check(string path)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        if (path.Contains('\0', StringComparison.Ordinal))
            throw new IOException($"{PrintableText.Escape(path)}: a path cannot contain the character U+0000. Check the path.");
        string? found = Kind(path);
        if (found is not null) throw NoFile(path, found, null);
    }

    /// <summary>Returns what stands at a path, in words: "a folder", "a pipe"; null for a regular file or nothing.</summary>
    public static string? Kind(string path)
    {
        if (!OperatingSystem.IsLinux() || !TryType(path, out int type)) return Directory.Exists(path) ? "a folder" : null;
        return type switch
        {
            0x8000 => null,
            0x4000 => "a folder",
            0x1000 => "a pipe",
            0xC000 => "a socket",
            0x2000 or 0x6000 => "a device",
            _ => "no regular file",
        };
    }

    private static IOException NoFile(string path, string found, Exception? inner) =>
        new($"{PrintableText.Escape(path)}: this is {found}, not a file. Give the path of a regular "
            + $"file{(found == "a folder" ? " in it" : "")}.", inner);

    /// <summary>The type bits of a file's mode. statx(2): its structure is the same on every architecture.</summary>
    private static bool TryType(string path, out int type)
    {
        const int WorkingFolder = -100;
        const uint TypeOnly = 1;
        Span<byte> found = stackalloc byte[256];
        type = 0;
        try
        {
            if (Statx(WorkingFolder, Encoding.UTF8.GetBytes(path + '\0'), 0, TypeOnly, found) != 0) return false;
        }
        catch (EntryPointNotFoundException)
        {
            return false;
        }

        type = BinaryPrimitives.ReadUInt16LittleEndian(found[28..]) & TypeMask;
        return true;
    }

    [LibraryImport("libc", EntryPoint = "statx")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial int Statx(int folder, byte[] path, int flags, uint mask, Span<byte> found);
}
