using System.Globalization;
using NpcMind.Core;

namespace NpcMind;

/// <summary>A saved mind is damaged, cut short, of a newer version or no saved mind at all. Nothing was loaded.</summary>
public sealed class SaveFormatException : NpcMindException
{
    internal const string Damaged = "The save is damaged, cut short or of another kind; load an earlier one.";

    /// <summary>Creates the error; the message is composed from the parts.</summary>
    /// <param name="place">File or stream that is wrong.</param>
    /// <param name="offset">Byte offset in it where it shows.</param>
    /// <param name="expected">What the format demands there.</param>
    /// <param name="found">What stands there.</param>
    /// <param name="advice">What to do about it.</param>
    /// <param name="inner">Underlying error, if any.</param>
    public SaveFormatException(string place, long offset, string expected, string found, string advice = Damaged, Exception? inner = null)
        : base(PrintableText.Escape(string.Create(CultureInfo.InvariantCulture,
            $"{place}: at byte {offset}: expected {expected}, found {found}. {advice}")), inner)
    {
        Place = place;
        Offset = offset;
        Expected = expected;
        Found = found;
    }

    /// <summary>Path of the file, or "stream".</summary>
    public string Place { get; }

    /// <summary>
    /// Byte offset in <see cref="Place"/> where it shows; counted from where reading began if the stream has no positions.
    /// </summary>
    public long Offset { get; }

    /// <summary>What the format demands at <see cref="Offset"/>.</summary>
    public string Expected { get; }

    /// <summary>What stands there.</summary>
    public string Found { get; }
}
