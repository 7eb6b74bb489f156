using System.Globalization;
using System.Numerics;

namespace NpcMind.Jinja;

/// <summary>
/// Floats as text, digit for digit as Python writes them: shortest form, and fixed forms that round the exact value half to even.
/// </summary>
internal static class FloatText
{
    public static string Repr(double value)
    {
        if (NotFinite(value) is { } word) return word;
        (string digits, int exponent) = Shortest(Math.Abs(value));
        string text = exponent is < -4 or >= 16 ? Scientific(digits, exponent) : Positional(digits, exponent);
        if (exponent is >= -4 and < 16 && !text.Contains('.', StringComparison.Ordinal)) text += ".0";
        return double.IsNegative(value) ? "-" + text : text;
    }

    public static string? NotFinite(double value) =>
        double.IsNaN(value) ? "nan" : double.IsPositiveInfinity(value) ? "inf" : double.IsNegativeInfinity(value) ? "-inf" : null;

    /// <summary>Format codes e, f and g (lower case) of a finite value that is not negative, without sign.</summary>
    public static string Format(double value, char code, int precision, bool alternate)
    {
        if (code == 'f')
        {
            string fixedPoint = Fixed(value, precision);
            return alternate && precision == 0 ? fixedPoint + "." : fixedPoint;
        }

        if (code == 'e')
        {
            (string all, int power) = Digits(value, precision + 1);
            string text = Scientific(all, power);
            return alternate && precision == 0 ? text.Insert(1, ".") : text;
        }

        precision = Math.Max(1, precision);
        (string digits, int exponent) = Digits(value, precision);
        if (!alternate) digits = digits.TrimEnd('0') is { Length: > 0 } trimmed ? trimmed : "0";
        return exponent < -4 || exponent >= precision ? Scientific(digits, exponent) : Positional(digits, exponent);
    }

    /// <summary>A number of significant digits without a format code: like g, but it stays recognisable as a float.</summary>
    public static string General(double value, int precision)
    {
        precision = Math.Max(1, precision);
        (string digits, int exponent) = Digits(value, precision);
        digits = digits.TrimEnd('0') is { Length: > 0 } trimmed ? trimmed : "0";
        if (exponent < -4 || exponent >= Math.Max(1, precision - 1)) return Scientific(digits, exponent);
        string text = Positional(digits, exponent);
        return text.Contains('.', StringComparison.Ordinal) ? text : text + ".0";
    }

    /// <summary>Python's round(value, precision) for floats.</summary>
    public static double Round(double value, int precision)
    {
        if (NotFinite(value) is not null || precision > 323) return value;
        if (precision < -309) return Math.CopySign(0, value);
        double rounded = precision >= 0
            ? double.Parse(Fixed(Math.Abs(value), precision), CultureInfo.InvariantCulture)
            : (double)(Scaled(Math.Abs(value), precision) * BigInteger.Pow(10, -precision));
        return Math.CopySign(rounded, value);
    }

    private static string Fixed(double value, int precision)
    {
        string digits = Scaled(value, precision).ToString(CultureInfo.InvariantCulture);
        if (precision == 0) return digits;
        digits = digits.PadLeft(precision + 1, '0');
        return digits.Insert(digits.Length - precision, ".");
    }

    /// <summary>value * 10^power as an integer, half to even.</summary>
    private static BigInteger Scaled(double value, int power)
    {
        (BigInteger mantissa, int exponent) = Split(value);
        BigInteger top = mantissa, bottom = 1;
        if (exponent > 0) top <<= exponent;
        else bottom <<= -exponent;
        if (power > 0) top *= BigInteger.Pow(10, power);
        else bottom *= BigInteger.Pow(10, -power);
        BigInteger quotient = BigInteger.DivRem(top, bottom, out BigInteger rest);
        int order = (rest * 2).CompareTo(bottom);
        return order > 0 || order == 0 && !quotient.IsEven ? quotient + 1 : quotient;
    }

    private static (BigInteger Mantissa, int Exponent) Split(double value)
    {
        long bits = BitConverter.DoubleToInt64Bits(value);
        int exponent = (int)(bits >> 52) & 0x7FF;
        long mantissa = bits & 0xFFFFFFFFFFFFF;
        return exponent == 0 ? (mantissa, -1074) : (mantissa | 1L << 52, exponent - 1075);
    }

    // A number of significant digits, correctly rounded, and the power of ten of the first one.
    private static (string Digits, int Exponent) Digits(double value, int count)
    {
        if (value == 0) return (new string('0', count), 0);
        int exponent = Shortest(value).Exponent;
        string digits = Scaled(value, count - 1 - exponent).ToString(CultureInfo.InvariantCulture);
        if (digits.Length > count) exponent++;
        return (digits[..count], exponent);
    }

    private static (string Digits, int Exponent) Shortest(double value)
    {
        if (value == 0) return ("0", 0);
        string shortest = value.ToString("R", CultureInfo.InvariantCulture);
        int mark = shortest.IndexOf('E', StringComparison.Ordinal);
        string mantissa = (mark < 0 ? shortest : shortest[..mark]).Replace("-", "", StringComparison.Ordinal);
        int point = mantissa.IndexOf('.', StringComparison.Ordinal);
        int power = mark < 0 ? 0 : int.Parse(shortest[(mark + 1)..], CultureInfo.InvariantCulture);
        int whole = point < 0 ? mantissa.Length : point;
        string digits = mantissa.Replace(".", "", StringComparison.Ordinal);
        int zeros = digits.Length - digits.TrimStart('0').Length;
        digits = digits.Trim('0');
        return (digits, power + whole - 1 - zeros);
    }

    private static string Scientific(string digits, int exponent) => string.Create(CultureInfo.InvariantCulture,
        $"{digits[0]}{(digits.Length > 1 ? "." : "")}{digits[1..]}e{(exponent < 0 ? '-' : '+')}{Math.Abs(exponent):00}");

    private static string Positional(string digits, int exponent)
    {
        if (exponent < 0) return "0." + new string('0', -exponent - 1) + digits;
        return digits.Length <= exponent + 1 ? digits + new string('0', exponent + 1 - digits.Length) : digits.Insert(exponent + 1, ".");
    }
}
