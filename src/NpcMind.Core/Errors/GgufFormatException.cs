using System.Globalization;
using NpcMind.Core;

namespace NpcMind;

/// <summary>
/// A file is no GGUF file, is damaged or cut short, or holds keys or tensors that do not go together. Nothing was loaded.
/// </summary>
public sealed class GgufFormatException : NpcMindException
{
    /// <summary>What is said of a file whose structure is wrong.</summary>
    public const string Damaged = "The file is damaged or cut short; download it again.";

    /// <summary>What is said of a file whose structure is right, and whose keys or tensors are not what a model needs.</summary>
    public const string OtherConversion = "The file does not hold what NpcMind needs of a model; take another conversion of it.";

    /// <summary>Creates the error; the message is composed from the parts.</summary>
    /// <param name="path">File that is wrong.</param>
    /// <param name="offset">Byte offset in that file where it shows.</param>
    /// <param name="expected">What the format demands there.</param>
    /// <param name="found">What stands there.</param>
    /// <param name="inner">Underlying error, if any.</param>
    public GgufFormatException(string path, long offset, string expected, string found, Exception? inner = null)
        : this(path, offset, expected, found, Damaged, inner)
    {
    }

    /// <summary>Creates the error; the message is composed from the parts, control characters escaped.</summary>
    /// <param name="path">File that is wrong.</param>
    /// <param name="offset">Byte offset in that file where it shows.</param>
    /// <param name="expected">What the format demands there.</param>
    /// <param name="found">What stands there.</param>
    /// <param name="summary">What is wrong and what to do, as sentences.</param>
    /// <param name="inner">Underlying error, if any.</param>
    public GgufFormatException(string path, long offset, string expected, string found, string summary, Exception? inner = null)
        : base(PrintableText.Escape(string.Create(CultureInfo.InvariantCulture,
            $"{path}: {summary} (at byte {offset}: expected {expected}, found {found})")), inner)
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

    /// <summary>What is wrong with the file.</summary>
    internal GgufFault Fault { get; init; }
}
