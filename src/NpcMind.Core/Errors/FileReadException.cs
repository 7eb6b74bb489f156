namespace NpcMind;

/// <summary>A file cannot be opened or read: it does not exist, may not be read, or is a folder, pipe, socket or device.</summary>
public sealed class FileReadException : NpcMindException
{
    /// <summary>Creates the error.</summary>
    /// <param name="path">The file.</param>
    /// <param name="inner">What the operating system said; its message names the file and says what to do.</param>
    public FileReadException(string path, Exception inner)
        : base((inner ?? throw new ArgumentNullException(nameof(inner))).Message, inner) => Path = path;

    /// <summary>The file.</summary>
    public string Path { get; }
}
