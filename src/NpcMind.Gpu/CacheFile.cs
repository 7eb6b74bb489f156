using NpcMind.Core;

namespace NpcMind.Gpu;

/// <summary>
/// Files that only save time: they may be missing, and may fail to be written. Nobody else can read one, foresee its temporary name, or
/// lead it elsewhere by a link. Any thread.
/// </summary>
public static class CacheFile
{
    /// <summary>
    /// Reads a file of at most <paramref name="maximumBytes"/> bytes; an empty array where there is none, or none that can be read.
    /// </summary>
    public static byte[] Read(string path, int maximumBytes)
    {
        try
        {
            return File.Exists(path) ? RegularFile.ReadAllBytes(path, maximumBytes) : [];
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return [];
        }
    }

    /// <summary>
    /// Replaces a file as a whole; makes its folder if need be. Whatever cannot be written is left out: it costs the next start some
    /// time, nothing else.
    /// </summary>
    public static void Write(string path, ReadOnlySpan<byte> bytes)
    {
        string beside = $"{path}.{Guid.NewGuid():N}";
        bool isMade = false;
        try
        {
            Directory.CreateDirectory(Path.GetDirectoryName(path)!);
            FileStreamOptions options = new() { Mode = FileMode.CreateNew, Access = FileAccess.Write, Share = FileShare.None };
            if (!OperatingSystem.IsWindows()) options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
            using (FileStream stream = new(beside, options))
            {
                isMade = true;
                stream.Write(bytes);
            }

            File.Move(beside, path, overwrite: true);
            isMade = false;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // Said above.
        }
        finally
        {
            if (isMade) TryDelete(beside);
        }
    }

    private static void TryDelete(string path)
    {
        try
        {
            File.Delete(path);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // A leftover costs room, nothing else.
        }
    }
}
