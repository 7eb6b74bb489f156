using System.Globalization;
using System.Numerics;

namespace NpcMind.Jinja;

/// <summary>Numbers as templates write them: 1_000, 0x1f, 0b1, 0o7, 1.5, 1e3.</summary>
internal static class NumberLiteral
{
    private const int MaxDigits = 4300;

    /// <summary>Reads the longest number at an offset that holds a digit. After a dot only an integer can stand (<c>a.1.2</c>).</summary>
    public static bool TryRead(string source, int at, bool afterDot, out int end, out object value)
    {
        if (!afterDot && TryFloat(source, at, out end))
        {
            value = double.Parse(Clean(source, at, end), NumberStyles.Float, CultureInfo.InvariantCulture);
            return true;
        }

        if (TryRadix(source, at, out end, out value)) return true;
        end = at;
        if (source[at] == '0')
        {
            end++;
            while (end < source.Length && (source[end] == '0' || source[end] == '_' && end + 1 < source.Length && source[end + 1] == '0'))
                end++;
        }
        else
        {
            end = Digits(source, at);
        }

        value = end - at > MaxDigits ? 0L : Numbers.Normalize(BigInteger.Parse(Clean(source, at, end), CultureInfo.InvariantCulture));
        return end - at <= MaxDigits;
    }

    private static string Clean(string source, int at, int end) => source[at..end].Replace("_", "", StringComparison.Ordinal);

    // Digits with single underscores between them.
    private static int Digits(string source, int at)
    {
        int i = at;
        while (i < source.Length
            && (char.IsAsciiDigit(source[i]) || i > at && source[i] == '_' && i + 1 < source.Length
                && char.IsAsciiDigit(source[i + 1]))) i++;
        return i;
    }

    private static bool TryFloat(string source, int at, out int end)
    {
        end = Digits(source, at);
        bool isFloat = false;
        if (end + 1 < source.Length && source[end] == '.' && char.IsAsciiDigit(source[end + 1]))
        {
            end = Digits(source, end + 1);
            isFloat = true;
        }

        if (end < source.Length && source[end] is 'e' or 'E')
        {
            int exponent = end + 1;
            if (exponent < source.Length && source[exponent] is '+' or '-') exponent++;
            if (exponent < source.Length && char.IsAsciiDigit(source[exponent]))
            {
                end = Digits(source, exponent);
                isFloat = true;
            }
        }

        return isFloat;
    }

    private static bool TryRadix(string source, int at, out int end, out object value)
    {
        end = at;
        value = 0L;
        if (source[at] != '0' || at + 1 >= source.Length) return false;
        int radix = char.ToLowerInvariant(source[at + 1]) switch { 'x' => 16, 'o' => 8, 'b' => 2, _ => 0 };
        if (radix == 0) return false;
        BigInteger number = 0;
        int i = at + 2, digits = 0;
        for (; i < source.Length; i++)
        {
            int from = source[i] == '_' ? i + 1 : i;
            if (from >= source.Length || Digit(source[from]) is var digit && digit >= radix) break;
            number = number * radix + Digit(source[from]);
            i = from;
            if (++digits > MaxDigits) return false;
        }

        end = i;
        value = Numbers.Normalize(number);
        return digits > 0;
    }

    /// <summary>Value of a digit in radix up to 36; 99 for anything else.</summary>
    public static int Digit(char c) => c switch
    {
        >= '0' and <= '9' => c - '0',
        >= 'a' and <= 'z' => c - 'a' + 10,
        >= 'A' and <= 'Z' => c - 'A' + 10,
        _ => 99,
    };
}
