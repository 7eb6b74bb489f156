using System.Globalization;
using System.Numerics;

namespace NpcMind.Cli;

/// <summary>
/// Numbers of a command line: with a decimal point, whatever the machine's language, and without separators of thousands.
/// </summary>
internal static class NumberText
{
    /// <summary>Reads a number.</summary>
    /// <param name="name">Option, for the message.</param>
    /// <param name="text">What was given.</param>
    /// <param name="least">Smallest value.</param>
    /// <param name="most">Largest value.</param>
    /// <param name="value">The number.</param>
    /// <returns>Why it cannot be taken, in a sentence; null where it can.</returns>
    public static string? Read<T>(string name, string text, T least, T most, out T value)
        where T : struct, INumber<T>
    {
        bool isWhole = T.One / (T.One + T.One) == T.Zero;
        if (T.TryParse(text, isWhole ? NumberStyles.Integer : NumberStyles.Float, CultureInfo.InvariantCulture, out value))
            return value >= least && value <= most ? null : OutOfRange(name, text, least, most); // not a number is in no range
        if (isWhole && BigInteger.TryParse(text, NumberStyles.Integer, CultureInfo.InvariantCulture, out _))
            return OutOfRange(name, text, least, most);
        return $"{name}: '{text}' is not a {(isWhole ? "whole " : "")}number{Hint<T>(text, isWhole)}.";
    }

    private static string OutOfRange<T>(string name, string text, T least, T most)
        where T : struct, INumber<T> => string.Create(CultureInfo.InvariantCulture, $"{name} {text}: must be from {least} to {most}.");

    private static string Hint<T>(string text, bool isWhole)
        where T : struct, INumber<T>
    {
        string pointed = text.Replace(',', '.');
        return !isWhole && pointed != text && T.TryParse(pointed, NumberStyles.Float, CultureInfo.InvariantCulture, out _)
            ? $"; write {pointed}" : "";
    }
}
