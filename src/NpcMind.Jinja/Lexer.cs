using System.Globalization;

namespace NpcMind.Jinja;

/// <summary>
/// Cuts a template into tokens. White space rules are those of an environment with trim_blocks and lstrip_blocks: the newline after a tag
/// goes, so does white space before a tag that starts its line; <c>-</c> and <c>+</c> in a tag override. Line endings become LF and one at
/// the end goes.
/// </summary>
internal sealed class Lexer
{
    private const string RawTag = "raw", EndRawTag = "endraw";

    private readonly string _source;
    private readonly List<Token> _tokens = [];
    private readonly Stack<char> _brackets = new();
    private int _at;
    private int _line = 1;
    private int _counted;

    private Lexer(string source) => _source = source;

    public static List<Token> Tokenize(string source)
    {
        source = source.Replace("\r\n", "\n", StringComparison.Ordinal).Replace('\r', '\n');
        if (source.EndsWith('\n')) source = source[..^1];
        Lexer lexer = new(source);
        lexer.ReadTemplate();
        lexer.Add(TokenKind.End, "");
        return lexer._tokens;
    }

    private void Add(TokenKind kind, string text, object? number = null) => _tokens.Add(new Token(kind, text, CurrentLine(), number));

    // Counts only forward, so that the whole costs one pass.
    private int CurrentLine()
    {
        _line += _source.AsSpan(_counted, _at - _counted).Count('\n');
        _counted = _at;
        return _line;
    }

    private JinjaError Error(string problem) => JinjaError.Syntax(problem, CurrentLine());

    private void ReadTemplate()
    {
        while (_at < _source.Length)
        {
            int tag = FindTag(_at);
            if (tag < 0)
            {
                Add(TokenKind.Data, _source[_at..]);
                _at = _source.Length;
                return;
            }

            char kind = _source[tag + 1];
            char sign = tag + 2 < _source.Length && _source[tag + 2] is '-' or '+' ? _source[tag + 2] : '\0';
            AddData(tag, sign, keepIndent: kind == '{');
            _at = tag;
            int inside = tag + (sign == '\0' ? 2 : 3);
            if (kind == '#') ReadComment(inside);
            else if (kind == '{') ReadTag(inside, TokenKind.VariableBegin);
            else if (TryRawTag(inside, RawTag, out int after)) ReadRaw(after);
            else ReadTag(inside, TokenKind.BlockBegin);
        }
    }

    private int FindTag(int from)
    {
        for (int i = from; (i = _source.IndexOf('{', i)) >= 0 && i + 1 < _source.Length; i++)
            if (_source[i + 1] is '{' or '%' or '#') return i;
        return -1;
    }

    private void AddData(int end, char sign, bool keepIndent)
    {
        int stop = end;
        if (sign == '-')
        {
            while (stop > _at && CodePoints.IsSpace(_source[stop - 1])) stop--;
        }
        else if (sign != '+' && !keepIndent)
        {
            int indent = end;
            while (indent > _at && _source[indent - 1] != '\n' && CodePoints.IsSpace(_source[indent - 1])) indent--;
            if (indent == 0 || _source[indent - 1] == '\n') stop = indent;
        }

        if (stop > _at) Add(TokenKind.Data, _source[_at..stop]);
    }

    private void SkipSpace()
    {
        while (_at < _source.Length && CodePoints.IsSpace(_source[_at])) _at++;
    }

    private void ReadComment(int inside)
    {
        if (inside >= _source.Length)
        {
            _at = inside; // the reference forgives an opening at the very end
            return;
        }

        int end = _source.IndexOf("#}", inside, StringComparison.Ordinal);
        if (end < 0) throw Error("the comment '{#' is not closed by '#}'");
        char sign = end > inside ? _source[end - 1] : '\0';
        _at = end + 2;
        SkipAfterTag(sign);
    }

    private void SkipAfterTag(char sign)
    {
        if (sign == '-') SkipSpace();
        else if (sign != '+' && _at < _source.Length && _source[_at] == '\n') _at++;
    }

    /// <summary>Matches the rest of <c>{% raw %}</c> or <c>{% endraw %}</c>; after is behind it and behind what it trims.</summary>
    private bool TryRawTag(int inside, string name, out int after)
    {
        int i = inside;
        while (i < _source.Length && CodePoints.IsSpace(_source[i])) i++;
        after = i;
        if (string.CompareOrdinal(_source, i, name, 0, name.Length) != 0) return false;
        i += name.Length;
        while (i < _source.Length && CodePoints.IsSpace(_source[i])) i++;
        char sign = i < _source.Length && (_source[i] == '-' || _source[i] == '+' && name == EndRawTag) ? _source[i++] : '\0';
        if (string.CompareOrdinal(_source, i, "%}", 0, 2) != 0) return false;
        i += 2;
        if (sign == '-') while (i < _source.Length && CodePoints.IsSpace(_source[i])) i++;
        else if (name == EndRawTag && sign == '\0' && i < _source.Length && _source[i] == '\n') i++;
        after = i;
        return true;
    }

    private void ReadRaw(int start)
    {
        if (start >= _source.Length)
        {
            _at = start; // forgiven at the very end, like a comment
            return;
        }

        for (int tag = start; (tag = _source.IndexOf("{%", tag, StringComparison.Ordinal)) >= 0; tag += 2)
        {
            char sign = tag + 2 < _source.Length && _source[tag + 2] is '-' or '+' ? _source[tag + 2] : '\0';
            if (!TryRawTag(tag + (sign == '\0' ? 2 : 3), EndRawTag, out int after)) continue;
            _at = start;
            AddData(tag, sign, keepIndent: false);
            _at = after;
            return;
        }

        throw Error("'{% raw %}' is not closed by '{% endraw %}'");
    }

    private void ReadTag(int inside, TokenKind kind)
    {
        bool block = kind == TokenKind.BlockBegin;
        Add(kind, "");
        _at = inside;
        _brackets.Clear();
        while (true)
        {
            SkipSpace();
            if (_at >= _source.Length) return; // the parser says what is missing
            if (_brackets.Count == 0 && TryEnd(block)) return;
            char c = _source[_at];
            if (char.IsAsciiDigit(c) && ReadNumber()) continue;
            if (CodePoints.IsWord(_source, _at)) ReadName();
            else if (c is '"' or '\'') ReadText(c);
            else ReadOperator();
        }
    }

    private bool TryEnd(bool block)
    {
        string close = block ? "%}" : "}}";
        int i = _at;
        char sign = _source[i] == '-' || block && _source[i] == '+' ? _source[i++] : '\0';
        if (string.CompareOrdinal(_source, i, close, 0, 2) != 0) return false;
        Add(block ? TokenKind.BlockEnd : TokenKind.VariableEnd, close);
        _at = i + 2;
        if (block || sign == '-') SkipAfterTag(sign);
        return true;
    }

    private void ReadName()
    {
        int start = _at, end = _at;
        while (end < _source.Length && CodePoints.IsWord(_source, end)) end += CodePoints.SizeAt(_source, end);
        string name = _source[start..end];
        if (!CodePoints.IsIdentifier(name)) throw Error($"'{name}' is not a name");
        Add(TokenKind.Name, name);
        _at = end;
    }

    private bool ReadNumber()
    {
        bool afterDot = _at > 0 && _source[_at - 1] == '.';
        if (!NumberLiteral.TryRead(_source, _at, afterDot, out int end, out object value)) return false;
        Add(TokenKind.Number, _source[_at..end], value);
        _at = end;
        return true;
    }

    private void ReadText(char quote)
    {
        int end = _at + 1;
        while (end < _source.Length && _source[end] != quote) end += _source[end] == '\\' ? 2 : 1;
        if (end >= _source.Length) throw Error("a string is not closed");
        Add(TokenKind.Text, StringLiteral.Unescape(_source.AsSpan(_at + 1, end - _at - 1), CurrentLine()));
        _at = end + 1;
    }

    private void ReadOperator()
    {
        string two = _at + 1 < _source.Length ? _source.Substring(_at, 2) : "";
        if (two is "//" or "**" or "==" or "!=" or ">=" or "<=")
        {
            Add(TokenKind.Operator, two);
            _at += 2;
            return;
        }

        char c = _source[_at];
        if (!"+-/*%~[](){}><=.:|,;".Contains(c, StringComparison.Ordinal)) throw Error($"unexpected character '{c}'");
        if (c is '(' or '[' or '{') _brackets.Push(c == '(' ? ')' : c == '[' ? ']' : '}');
        else if (c is ')' or ']' or '}')
        {
            if (_brackets.Count == 0) throw Error($"'{c}' has no opening bracket");
            char expected = _brackets.Pop();
            if (expected != c) throw Error(string.Create(CultureInfo.InvariantCulture, $"'{c}' where '{expected}' is expected"));
        }

        Add(TokenKind.Operator, c.ToString());
        _at++;
    }
}
