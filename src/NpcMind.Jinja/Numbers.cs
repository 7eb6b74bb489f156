using System.Globalization;
using System.Numerics;

namespace NpcMind.Jinja;

/// <summary>Python's numbers: bool counts as integer, integers have no fixed width, integer and float stay apart.</summary>
internal static class Numbers
{
    private const int MaxDigits = 4300;
    private const long MaxExact = 1L << 53;

    /// <summary>A long when it fits, so that each integer has one form.</summary>
    public static object Normalize(BigInteger value) => value >= long.MinValue && value <= long.MaxValue
        ? (object)(long)value : Checked(value);

    private static BigInteger Checked(BigInteger value) =>
        value.GetBitLength() <= Budget.MaxIntegerBits
        ? value : throw JinjaError.Limit($"an integer would need more than {Budget.MaxIntegerBits} bits");

    public static bool IsNumber(object value) => value is long or double or bool or BigInteger;

    public static bool IsInteger(object value) => value is long or bool or BigInteger;

    public static BigInteger ToBig(object value) => value switch
    {
        long number => number,
        bool truth => truth ? 1 : 0,
        _ => (BigInteger)value,
    };

    public static double ToDouble(object value)
    {
        if (value is double number) return number;
        if (value is long integer) return integer;
        // The framework's conversion cuts off; Python rounds half to even.
        BigInteger big = ToBig(value);
        double converted = Math.ScaleB(RoundToDouble(BigInteger.Abs(big), out int exponent), exponent) * big.Sign;
        return double.IsInfinity(converted) ? throw JinjaError.Evaluation("the integer is too large for a float") : converted;
    }

    /// <summary>Order of two numbers, exact also between integer and float; null with NaN.</summary>
    public static int? Compare(object left, object right)
    {
        if (left is long a && right is long b) return a.CompareTo(b);
        if (left is double x && right is double y) return double.IsNaN(x) || double.IsNaN(y) ? null : x.CompareTo(y);
        if (left is double f) return -Compare(right, f);
        if (right is not double d) return ToBig(left).CompareTo(ToBig(right));
        if (double.IsNaN(d)) return null;
        if (double.IsInfinity(d)) return d > 0 ? -1 : 1;
        double floor = Math.Floor(d);
        int order = ToBig(left).CompareTo(new BigInteger(floor));
        return order != 0 || floor == d ? order : -1;
    }

    public static object Binary(BinaryOperator kind, object left, object right)
    {
        if (left is long a && right is long b && TrySmall(kind, a, b) is { } small) return small;
        bool integers = left is not double && right is not double;
        return kind switch
        {
            BinaryOperator.Divide => Divide(left, right),
            BinaryOperator.Power => Power(left, right, integers),
            _ => integers ? Normalize(Big(kind, ToBig(left), ToBig(right))) : Float(kind, ToDouble(left), ToDouble(right)),
        };
    }

    private static long? TrySmall(BinaryOperator kind, long a, long b)
    {
        Int128 result;
        if (kind == BinaryOperator.Add) result = (Int128)a + b;
        else if (kind == BinaryOperator.Subtract) result = (Int128)a - b;
        else if (kind == BinaryOperator.Multiply) result = (Int128)a * b;
        else return null;
        return result >= long.MinValue && result <= long.MaxValue ? (long)result : null;
    }

    private static BigInteger Big(BinaryOperator kind, BigInteger a, BigInteger b)
    {
        switch (kind)
        {
            case BinaryOperator.Add: return a + b;
            case BinaryOperator.Subtract: return a - b;
            case BinaryOperator.Multiply: return a * b;
        }

        if (b.IsZero) throw JinjaError.Evaluation("integer division or modulo by zero");
        BigInteger quotient = BigInteger.DivRem(a, b, out BigInteger rest);
        bool adjust = !rest.IsZero && rest.Sign < 0 != b.Sign < 0; // towards minus infinity
        return kind == BinaryOperator.FloorDivide ? adjust ? quotient - 1 : quotient : adjust ? rest + b : rest;
    }

    private static double Float(BinaryOperator kind, double a, double b)
    {
        switch (kind)
        {
            case BinaryOperator.Add: return a + b;
            case BinaryOperator.Subtract: return a - b;
            case BinaryOperator.Multiply: return a * b;
        }

        if (b == 0) throw JinjaError.Evaluation("float floor division or modulo by zero");
        double rest = a % b;
        double quotient = (a - rest) / b;
        if (rest != 0)
        {
            if (b < 0 != rest < 0)
            {
                rest += b;
                quotient -= 1;
            }
        }
        else
        {
            rest = Math.CopySign(0, b);
        }

        if (kind == BinaryOperator.Modulo) return rest;
        if (quotient == 0) return Math.CopySign(0, a / b);
        double floor = Math.Floor(quotient);
        return quotient - floor > 0.5 ? floor + 1 : floor;
    }

    private static double Divide(object left, object right)
    {
        if (Compare(right, 0L) == 0) throw JinjaError.Evaluation("division by zero");
        if (left is double || right is double) return ToDouble(left) / ToDouble(right);
        BigInteger a = ToBig(left), b = ToBig(right);
        if (left is long and >= -MaxExact and <= MaxExact && right is long and >= -MaxExact and <= MaxExact) return (double)a / (double)b;
        // One rounding only: a quotient of at least 66 bits with a sticky last one, then to double.
        int shift = (int)Math.Max(0, 66 + b.GetBitLength() - a.GetBitLength());
        BigInteger quotient = BigInteger.DivRem(BigInteger.Abs(a) << shift, BigInteger.Abs(b), out BigInteger rest);
        if (!rest.IsZero) quotient |= 1;
        double result = Math.ScaleB(RoundToDouble(quotient, out int exponent), exponent - shift);
        if (double.IsInfinity(result)) throw JinjaError.Evaluation("the quotient is too large for a float");
        return a.Sign * b.Sign < 0 ? -result : result;
    }

    // Half to even on 53 bits; the rest goes to the exponent.
    private static double RoundToDouble(BigInteger value, out int exponent)
    {
        exponent = (int)Math.Max(0, value.GetBitLength() - 53);
        BigInteger head = value >> exponent, rest = value - (head << exponent), half = exponent == 0 ? 1 : BigInteger.One << (exponent - 1);
        if (exponent > 0 && (rest > half || rest == half && !head.IsEven)) head += 1;
        return (double)head;
    }

    private static object Power(object left, object right, bool integers)
    {
        if (integers && ToBig(right).Sign >= 0)
        {
            BigInteger value = ToBig(left), exponent = ToBig(right);
            if (value.IsZero || value.IsOne || value == BigInteger.MinusOne)
                return exponent.IsZero ? 1L : value == BigInteger.MinusOne && exponent.IsEven ? 1L : (long)value;
            if (exponent > Budget.MaxIntegerBits || (value.GetBitLength() - 1) * (long)exponent > Budget.MaxIntegerBits)
                throw JinjaError.Limit($"an integer would need more than {Budget.MaxIntegerBits} bits");
            return Normalize(BigInteger.Pow(value, (int)exponent));
        }

        double a = ToDouble(left), b = ToDouble(right);
        if (a == 0 && b < 0) throw JinjaError.Evaluation("0.0 cannot be raised to a negative power");
        if (a < 0 && !double.IsInfinity(a) && !double.IsInfinity(b) && b != Math.Floor(b))
            throw JinjaError.Evaluation("a fractional power of a negative number is complex");
        double result = a == 1 ? 1 : Math.Pow(a, b);
        return double.IsInfinity(result) && !double.IsInfinity(a) && !double.IsInfinity(b)
            ? throw JinjaError.Evaluation("the power is too large for a float") : result;
    }

    public static object Negate(object value) => value is double number ? -number : Normalize(-ToBig(value));

    public static object Absolute(object value) => value is double number ? Math.Abs(number) : Normalize(BigInteger.Abs(ToBig(value)));

    public static string IntegerText(object value, Budget budget)
    {
        if (value is long small) return small.ToString(CultureInfo.InvariantCulture);
        BigInteger big = ToBig(value);
        budget.Digits(big.GetBitLength() / 3);
        string text = big.ToString(CultureInfo.InvariantCulture);
        return text.Length <= MaxDigits ? text : throw JinjaError.Evaluation($"an integer has more than {MaxDigits} digits to print");
    }

    /// <summary>int(text, radix) as Python reads it; null when it is not an integer. Radix 0 takes it from the prefix.</summary>
    public static object? ParseInteger(string text, long radix, Budget budget)
    {
        string digits = Trim(text);
        bool negative = digits.StartsWith('-');
        if (negative || digits.StartsWith('+')) digits = digits[1..];
        bool zeroRadix = radix == 0;
        if (digits.Length > 2 && digits[0] == '0')
        {
            int prefix = char.ToLowerInvariant(digits[1]) switch { 'x' => 16, 'o' => 8, 'b' => 2, _ => 0 };
            if (prefix != 0 && (zeroRadix || radix == prefix))
            {
                radix = prefix;
                digits = digits[2] == '_' ? digits[3..] : digits[2..];
                zeroRadix = false;
            }
        }

        if (zeroRadix) radix = 10;
        if (digits.Length is 0 or > MaxDigits || digits[0] == '_' || digits[^1] == '_' || digits.Contains("__", StringComparison.Ordinal))
            return null;
        if (zeroRadix && digits[0] == '0' && digits.Trim('0', '_').Length > 0) return null;
        budget.Digits(digits.Length);
        BigInteger value = 0;
        for (int i = 0; i < digits.Length; i += CodePoints.SizeAt(digits, i))
        {
            if (digits[i] == '_') continue;
            int digit = digits[i] < 128 ? NumberLiteral.Digit(digits[i]) : CodePoints.IsDecimal(digits, i)
                ? CharUnicodeInfo.GetDecimalDigitValue(digits, i) : 99;
            if (digit >= radix) return null;
            value = value * radix + digit;
        }

        return Normalize(negative ? -value : value);
    }

    /// <summary>float(text) as Python reads it; null when it is not a number.</summary>
    public static double? ParseFloat(string text)
    {
        string digits = Trim(text);
        string word = digits.TrimStart('+', '-').ToLowerInvariant();
        bool negative = digits.StartsWith('-');
        if (digits.Length - word.Length <= 1 && word is "inf" or "infinity" or "nan")
            return word == "nan" ? double.NaN : negative ? double.NegativeInfinity : double.PositiveInfinity;
        for (int i = 0; i < digits.Length; i++)
        {
            bool betweenDigits = i > 0 && i + 1 < digits.Length && char.IsAsciiDigit(digits[i - 1]) && char.IsAsciiDigit(digits[i + 1]);
            if (digits[i] == '_' ? !betweenDigits : !char.IsAsciiDigit(digits[i]) && !"+-.eE".Contains(digits[i], StringComparison.Ordinal))
                return null;
        }

        const NumberStyles Style = NumberStyles.AllowLeadingSign | NumberStyles.AllowDecimalPoint | NumberStyles.AllowExponent;
        return double.TryParse(digits.Replace("_", "", StringComparison.Ordinal), Style, CultureInfo.InvariantCulture, out double value)
            ? value : null;
    }

    private static string Trim(string text)
    {
        int start = 0, end = text.Length;
        while (start < end && CodePoints.IsSpace(text[start])) start++;
        while (end > start && CodePoints.IsSpace(text[end - 1])) end--;
        return text[start..end];
    }
}
