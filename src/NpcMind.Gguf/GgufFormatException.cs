using System.Globalization;

namespace NpcMind.Gguf;

/// <summary>A GGUF file, or one of its parts, is not what the format demands. Nothing was loaded.</summary>
public sealed class GgufFormatException : Exception
{
    /// <summary>Creates the error; the message is composed from the parts.</summary>
    /// <param name="path">File that is wrong.</param>
    /// <param name="offset">Byte offset in that file where it shows.</param>
    /// <param name="expected">What the format demands there.</param>
    /// <param name="found">What stands there.</param>
    /// <param name="inner">Underlying error, if any.</param>
    public GgufFormatException(string path, long offset, string expected, string found, Exception? inner = null)
        : base(string.Create(CultureInfo.InvariantCulture, $"{path}: at byte {offset}: expected {expected}, found {found}. The file is damaged, cut short or of another kind; download or convert it again."), inner)
    {
        Path = path;
        Offset = offset;
        Expected = expected;
        Found = found;
    }

    /// <summary>File that is wrong.</summary>
    public string Path { get; }

    /// <summary>Byte offset in <see cref="Path"/> where it shows.</summary>
    public long Offset { get; }

    /// <summary>What the format demands at <see cref="Offset"/>.</summary>
    public string Expected { get; }

    /// <summary>What stands there.</summary>
    public string Found { get; }
}
