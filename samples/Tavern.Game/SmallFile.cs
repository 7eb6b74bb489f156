namespace Tavern.Game;

/// <summary>Reads the small files of a game whole: worlds and scripts. Nothing that has no end is opened.</summary>
internal static class SmallFile
{
    /// <summary>Largest such file, in bytes.</summary>
    public const int MostBytes = 1 << 20;

    /// <summary>Returns the content of a file.</summary>
    /// <exception cref="IOException">It is missing, empty, too large or no ordinary file, or cannot be read.</exception>
    /// <exception cref="UnauthorizedAccessException">It may not be read.</exception>
    public static byte[] Read(string path)
    {
        FileInfo file = new(path);
        string name = Lines.One(file.Name);
        if (!file.Exists) throw new FileNotFoundException($"There is no file '{Lines.One(path)}'. Correct the name.");
        // Pipes and devices say 0, too, and opening one can wait for ever.
        if (file.Length == 0) throw new IOException($"{name} is empty, or a pipe or device. Name an ordinary file.");
        if (file.Length > MostBytes)
            throw new IOException($"{name} has {file.Length} bytes, and such a file has at most {MostBytes}. Name another file.");
        using FileStream stream = new(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
        byte[] content = new byte[file.Length];
        int read = stream.ReadAtLeast(content, content.Length, throwOnEndOfStream: false); // an editor may be writing it
        return content[..read];
    }
}
