using System.Numerics;

namespace NpcMind.Jinja;

/// <summary>Digits of numbers in the presentation types.</summary>
internal static class NumberFormat
{
    /// <summary>Absolute value as prefix (0x), digits before the point, and the rest.</summary>
    public static (string Prefix, string Digits, string Tail) Split(object value, FormatSpec spec, Budget budget)
    {
        if (value is not double && spec.Type is '\0' or 'd' or 'n' or 'b' or 'o' or 'x' or 'X')
        {
            if (spec.Precision is not null) throw JinjaError.Evaluation("an integer format takes no precision");
            if (value is double) throw JinjaError.Evaluation($"the format '{spec.Type}' does not suit a float");
            BigInteger number = BigInteger.Abs(Numbers.ToBig(value));
            string prefix = spec.Alternate && spec.Type is 'b' or 'o' or 'x' or 'X' && spec.Alternate ? "0" + spec.Type : "";
            return (prefix, Digits(number, spec.Type, budget), "");
        }

        string text = Float(Math.Abs(Numbers.ToDouble(value)), spec, budget);
        int end = 0;
        while (end < text.Length && char.IsAsciiDigit(text[end])) end++;
        return ("", end == 0 ? text : text[..end], end == 0 ? "" : text[end..]);
    }

    public static string Digits(BigInteger number, char type, Budget budget) => type switch
    {
        'b' => Radix(number, 1),
        'o' => Radix(number, 3),
        'x' => Radix(number, 4),
        'X' => Radix(number, 4).ToUpperInvariant(),
        _ => Numbers.IntegerText(Numbers.Normalize(number), budget),
    };

    /// <summary>The character of a code. It is never trusted: the code can come from anywhere.</summary>
    public static TemplateString Character(object value)
    {
        if (!Numbers.IsInteger(value)) throw JinjaError.Evaluation("the format 'c' needs an integer");
        BigInteger code = Numbers.ToBig(value);
        return code >= 0 && code <= 0x10FFFF ? TemplateString.Untrusted(CodePoints.ToText((int)code))
            : throw JinjaError.Evaluation("there is no character of this code");
    }

    private static string Radix(BigInteger number, int bits)
    {
        List<char> digits = [];
        do
        {
            digits.Add("0123456789abcdef"[(int)(number & ((1 << bits) - 1))]);
            number >>= bits;
        }
        while (!number.IsZero);
        digits.Reverse();
        return new string([.. digits]);
    }

    private static string Float(double value, FormatSpec spec, Budget budget)
    {
        char type = spec.Type == 'n' ? 'g' : spec.Type;
        bool upper = type is 'E' or 'F' or 'G';
        if (FloatText.NotFinite(value) is { } word) return (upper ? word.ToUpperInvariant() : word) + (type == '%' ? "%" : "");
        int precision = spec.Precision ?? 6;
        budget.Digits(precision);
        if (precision > 100_000) throw JinjaError.Limit($"a precision of {precision} is above 100000");
        switch (type)
        {
            case '\0' when spec.Precision is null:
                return FloatText.Repr(value);
            case '\0':
                return FloatText.General(value, precision);
            case '%':
                return FloatText.Format(value * 100, 'f', precision, spec.Alternate) + "%";
            case 'e' or 'E' or 'f' or 'F' or 'g' or 'G':
                string text = FloatText.Format(value, char.ToLowerInvariant(type), precision, spec.Alternate);
                return upper ? text.ToUpperInvariant() : text;
            default:
                throw JinjaError.Evaluation($"the format '{type}' does not suit a number");
        }
    }
}
