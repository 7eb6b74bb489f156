using System.Globalization;
using System.Text;

namespace NpcMind.Jinja;

/// <summary>Escapes in string literals, as Python reads them. An unknown escape stays as written.</summary>
internal static class StringLiteral
{
    public static string Unescape(ReadOnlySpan<char> literal, int line)
    {
        if (!literal.Contains('\\')) return literal.ToString();
        StringBuilder text = new(literal.Length);
        for (int i = 0; i < literal.Length; i++)
        {
            if (literal[i] != '\\')
            {
                text.Append(literal[i]);
                continue;
            }

            char c = literal[++i];
            switch (c)
            {
                case '\n': break;
                case '\\' or '\'' or '"': text.Append(c); break;
                case 'a': text.Append('\a'); break;
                case 'b': text.Append('\b'); break;
                case 'f': text.Append('\f'); break;
                case 'n': text.Append('\n'); break;
                case 'r': text.Append('\r'); break;
                case 't': text.Append('\t'); break;
                case 'v': text.Append('\v'); break;
                case 'x': i += Hex(literal[(i + 1)..], 2, text, line); break;
                case 'u': i += Hex(literal[(i + 1)..], 4, text, line); break;
                case 'U': i += Hex(literal[(i + 1)..], 8, text, line); break;
                case 'N': throw JinjaError.Syntax("the escape '\\N' in a string is not supported", line);
                case >= '0' and <= '7': i += Octal(literal[i..], text) - 1; break;
                case > '\x7f': i += Outside(literal[i..], text) - 1; break;
                default: text.Append('\\').Append(c); break;
            }
        }

        return text.ToString();
    }

    private static int Hex(ReadOnlySpan<char> rest, int digits, StringBuilder text, int line)
    {
        if (rest.Length < digits
            || !uint.TryParse(rest[..digits], NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out uint code)
            || code > 0x10FFFF)
            throw JinjaError.Syntax("a \\x, \\u or \\U escape in a string is not complete", line);
        text.Append(CodePoints.ToText((int)code));
        return digits;
    }

    private static int Octal(ReadOnlySpan<char> rest, StringBuilder text)
    {
        int code = 0, i = 0;
        for (; i < 3 && i < rest.Length && rest[i] is >= '0' and <= '7'; i++) code = code * 8 + (rest[i] - '0');
        text.Append((char)code);
        return i;
    }

    // The reference escapes such characters before it reads escapes, so that the backslash eats the one of the escape.
    private static int Outside(ReadOnlySpan<char> rest, StringBuilder text)
    {
        int size = rest.Length > 1 && char.IsSurrogatePair(rest[0], rest[1]) ? 2 : 1;
        int code = size == 2 ? char.ConvertToUtf32(rest[0], rest[1]) : rest[0];
        string format = code < 0x100 ? "'x'x2" : code < 0x10000 ? "'u'x4" : "'U'x8";
        text.Append('\\').Append(format[1]).Append(code.ToString(format[3..], CultureInfo.InvariantCulture));
        return size;
    }
}
