namespace NpcMind.Jinja;

internal enum TokenKind
{
    Data,
    BlockBegin,
    BlockEnd,
    VariableBegin,
    VariableEnd,
    Name,
    Text,
    Number,
    Operator,
    End,
}

/// <summary>One token of a template.</summary>
/// <param name="Kind">What it is.</param>
/// <param name="Text">Template data, name, operator, or the value of a string literal.</param>
/// <param name="Line">Line it starts on, from 1.</param>
/// <param name="Number">Value of a number: long, BigInteger or double.</param>
internal readonly record struct Token(TokenKind Kind, string Text, int Line, object? Number = null)
{
    public string Describe() => Kind switch
    {
        TokenKind.BlockEnd => "the end of the tag",
        TokenKind.VariableEnd => "the end of the expression",
        TokenKind.End or TokenKind.Data or TokenKind.BlockBegin or TokenKind.VariableBegin => "the end of the template",
        TokenKind.Text => "a string",
        _ => $"'{Text}'",
    };
}
