namespace NpcMind.Jinja;

/// <summary>The tokens of a template with a reading position.</summary>
internal sealed class TokenStream(List<Token> tokens)
{
    private int _at;

    public Token Current => tokens[_at];

    public Token Following => tokens[Math.Min(_at + 1, tokens.Count - 1)];

    public int Line => Current.Line;

    public Token Next()
    {
        Token token = tokens[_at];
        if (token.Kind != TokenKind.End) _at++;
        return token;
    }

    public bool IsOperator(string text) => Current.Kind == TokenKind.Operator && Current.Text == text;

    public bool IsName(string text) => Current.Kind == TokenKind.Name && Current.Text == text;

    public bool IsAnyName(ReadOnlySpan<string> names) => Current.Kind == TokenKind.Name && names.Contains(Current.Text);

    public bool SkipOperator(string text) => IsOperator(text) && Skip();

    public bool SkipName(string text) => IsName(text) && Skip();

    public void ExpectOperator(string text)
    {
        if (!SkipOperator(text)) throw Unexpected($"'{text}'");
    }

    public void ExpectName(string text)
    {
        if (!SkipName(text)) throw Unexpected($"'{text}'");
    }

    public string ExpectAnyName() => Current.Kind == TokenKind.Name ? Next().Text : throw Unexpected("a name");

    public void Expect(TokenKind kind)
    {
        if (Current.Kind != kind) throw Unexpected(new Token(kind, "", 0).Describe());
        Next();
    }

    public JinjaError Unexpected(string expected) => Error($"expected {expected}, found {Current.Describe()}");

    public JinjaError Error(string problem) => JinjaError.Syntax(problem, Line);

    private bool Skip()
    {
        Next();
        return true;
    }
}
