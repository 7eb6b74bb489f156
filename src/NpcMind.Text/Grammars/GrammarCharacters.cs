using System.Globalization;
using System.Text;

namespace NpcMind.Text.Grammars;

/// <summary>The places of a grammar where characters stand for themselves: quoted texts and classes, with their escapes.</summary>
internal sealed class GrammarCharacters(GrammarSource source)
{
    private readonly string _text = source.Text;

    /// <summary>Reads a quoted text.</summary>
    public LiteralNode Literal(ref int at)
    {
        int open = at++;
        List<byte> utf8 = [];
        Span<byte> encoded = stackalloc byte[4];
        while (true)
        {
            if (at >= _text.Length) throw source.Error(open, "the quote that begins here has no end. Close it with '\"'.");
            if (_text[at] == '"') break;
            int start = at, value = Character(ref at);
            if (!Rune.TryCreate(value, out Rune rune))
                throw source.Error(start,
                    $"U+{value:X4} is half of a surrogate pair and no character. Write \\U and the eight digits of the whole one.");
            utf8.AddRange(encoded[..rune.EncodeToUtf8(encoded)]);
        }

        at++;
        return new LiteralNode([.. utf8]);
    }

    /// <summary>Reads a class.</summary>
    public ClassNode Class(ref int at)
    {
        int open = at++;
        bool negate = at < _text.Length && _text[at] == '^';
        if (negate) at++;
        List<(int First, int Last)> ranges = [];
        while (true)
        {
            if (at >= _text.Length) throw source.Error(open, "the class that begins here has no end. Close it with ']'.");
            if (_text[at] == ']') break;
            int start = at, first = Character(ref at), last = first;
            if (at + 1 < _text.Length && _text[at] == '-' && _text[at + 1] != ']')
            {
                at++;
                last = Character(ref at);
            }

            if (last < first) throw source.Error(start, $"the range from U+{first:X4} to U+{last:X4} runs backwards. Swap its ends.");
            ranges.Add((first, last));
        }

        at++;
        CodePointSet set = CodePointSet.From(ranges, negate);
        if (ranges.Count == 0 || set.IsEmpty)
            throw source.Error(open, "this class matches no character. Name characters in it, or use '.' for any.");
        return new ClassNode(set);
    }

    private int Character(ref int at)
    {
        if (_text[at] == '\\') return Escape(ref at);
        if (!Rune.TryGetRuneAt(_text, at, out Rune rune))
            throw source.Error(at, "half of a surrogate pair stands here. Save the grammar as UTF-8.");
        at += rune.Utf16SequenceLength;
        return rune.Value;
    }

    private int Escape(ref int at)
    {
        int start = at++;
        char kind = at < _text.Length ? _text[at++] : '\0';
        switch (kind)
        {
            case 'n': return '\n';
            case 't': return '\t';
            case 'r': return '\r';
            case '"' or '\\' or '[' or ']' or '-' or '^': return kind;
            case 'x': return Hex(ref at, start, 2);
            case 'u': return Hex(ref at, start, 4);
            case 'U': return Hex(ref at, start, 8);
            default:
                throw source.Error(start,
                "this escape is unknown. There are \\n \\t \\r \\\\ \\\" \\[ \\] \\- \\^ \\xHH \\uHHHH and \\UHHHHHHHH.");
        }
    }

    private int Hex(ref int at, int start, int digits)
    {
        if (at + digits > _text.Length
            || !uint.TryParse(_text.AsSpan(at, digits), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out uint value))
            throw source.Error(start, $"expected {digits} hexadecimal digits after this escape.");
        at += digits;
        return value <= CodePointSet.Last ? (int)value : throw source.Error(start, "the last character is U+10FFFF. Use one up to it.");
    }
}
