using NpcMind.Core;

namespace NpcMind.Vision;

/// <summary>A file is not a picture that can be used: damaged, cut short, too large or of another kind. Nothing was decoded.</summary>
public sealed class PictureFormatException : Exception
{
    /// <summary>Creates the error; the message is composed from the parts.</summary>
    /// <param name="name">File, or what the caller calls the picture.</param>
    /// <param name="where">Part of the file in which it shows, with its byte offset where there is one.</param>
    /// <param name="expected">What the format or the limits demand there.</param>
    /// <param name="found">What stands there.</param>
    /// <param name="advice">What to do, as a sentence.</param>
    /// <param name="inner">Underlying error, if any.</param>
    public PictureFormatException(string name, string where, string expected, string found, string advice, Exception? inner = null)
        : base(PrintableText.Escape($"{name}: {where}: expected {expected}, found {found}. {advice}"), inner)
    {
        Name = name;
        Where = where;
        Expected = expected;
        Found = found;
        Advice = advice;
    }

    /// <summary>File, or what the caller calls the picture.</summary>
    public string Name { get; }

    /// <summary>Part of the file in which it shows.</summary>
    public string Where { get; }

    /// <summary>What the format or the limits demand at <see cref="Where"/>.</summary>
    public string Expected { get; }

    /// <summary>What stands there.</summary>
    public string Found { get; }

    /// <summary>What to do.</summary>
    public string Advice { get; }
}
