using System.Globalization;

namespace NpcMind;

/// <summary>Written actions to values: JSON with members in fixed order, spaces and escapes as JSON has them.</summary>
internal ref struct ActionReader
{
    private readonly ReadOnlySpan<char> _text;
    private int _at;

    private ActionReader(ReadOnlySpan<char> text) => _text = text;

    public static bool TryRead(ActionType type, ReadOnlySpan<char> text, Span<ActionValue> values)
    {
        ActionReader reader = new(text);
        return (type.IsEnum ? reader.Value(type.Members[0], out values[0]) : reader.Record(type, values)) && reader.AtEnd();
    }

    private bool Record(ActionType type, Span<ActionValue> values)
    {
        if (!Symbol('{')) return false;
        for (int i = 0; i < values.Length; i++)
        {
            ActionMember member = type.Members[i];
            if (i > 0 && !Symbol(',')) return false;
            if (!Quoted(out ReadOnlySpan<char> name) || !name.SequenceEqual(member.Name) || !Symbol(':') || !Value(member, out values[i]))
                return false;
        }

        return Symbol('}');
    }

    private bool Value(ActionMember member, out ActionValue value)
    {
        value = ActionValue.Null;
        Space();
        if (member.IsNullable && Word("null")) return true;
        switch (member.Kind)
        {
            case ActionMemberKind.Choice when member.IsBoolean:
                bool isTrue = Word("true");
                value = ActionValue.From(isTrue);
                return isTrue || Word("false");
            case ActionMemberKind.Choice:
                if (!Quoted(out ReadOnlySpan<char> name)) return false;
                int index = IndexOf(member, name);
                value = ActionValue.From(index);
                return index >= 0;
            case ActionMemberKind.Number:
                if (!Number(out int number)) return false;
                value = ActionValue.From(number);
                return number >= member.Minimum && number <= member.Maximum;
            default:
                if (!Quoted(out ReadOnlySpan<char> text) || ActionText.Fault(text, member.MaxLength) is not null) return false;
                value = ActionValue.From(text.ToString());
                return true;
        }
    }

    private static int IndexOf(ActionMember member, ReadOnlySpan<char> name)
    {
        for (int i = 0; i < member.Choices.Count; i++)
            if (name.SequenceEqual(member.Choices[i])) return i;
        return -1;
    }

    /// <summary>A whole number as JSON has it: no plus, no leading zeros, no minus zero.</summary>
    private bool Number(out int value)
    {
        int start = _at;
        if (_at < _text.Length && _text[_at] == '-') _at++;
        int digits = _at;
        while (_at < _text.Length && char.IsAsciiDigit(_text[_at])) _at++;
        bool zero = digits < _at && _text[digits] == '0';
        return int.TryParse(_text[start.._at], NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out value)
            && (!zero || _at == start + 1);
    }

    private bool Quoted(out ReadOnlySpan<char> value)
    {
        value = default;
        if (!Symbol('"')) return false;
        int start = _at;
        bool escaped = false;
        for (; _at < _text.Length && _text[_at] != '"'; _at++)
        {
            if (_text[_at] != '\\') continue;
            escaped = true;
            _at++;
        }

        if (_at >= _text.Length) return false;
        value = _text[start.._at++];
        return !escaped || Unescape(ref value);
    }

    private static bool Unescape(ref ReadOnlySpan<char> value)
    {
        char[] plain = new char[value.Length];
        int length = 0;
        for (int i = 0; i < value.Length; i++)
        {
            if (value[i] != '\\')
            {
                plain[length++] = value[i];
                continue;
            }

            switch (value[++i])
            {
                case '"' or '\\' or '/':
                    plain[length++] = value[i];
                    break;
                case 'u' when i + 4 < value.Length
                    && ushort.TryParse(value.Slice(i + 1, 4), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture,
                        out ushort unit):
                    plain[length++] = (char)unit;
                    i += 4;
                    break;
                default: // the others stand for control characters, or for nothing
                    return false;
            }
        }

        value = plain.AsSpan(0, length);
        return true;
    }

    private bool Word(string word)
    {
        if (!_text[_at..].StartsWith(word)) return false;
        _at += word.Length;
        return true;
    }

    private bool Symbol(char symbol)
    {
        Space();
        if (_at >= _text.Length || _text[_at] != symbol) return false;
        _at++;
        return true;
    }

    private bool AtEnd()
    {
        Space();
        return _at == _text.Length;
    }

    private void Space()
    {
        while (_at < _text.Length && _text[_at] is ' ' or '\t' or '\r' or '\n') _at++;
    }
}
