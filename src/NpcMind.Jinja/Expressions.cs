namespace NpcMind.Jinja;

/// <summary>A part of a template that has a value.</summary>
internal abstract record Expression(int Line);

internal sealed record LiteralExpression(int Line, object Value) : Expression(Line);

internal sealed record NameExpression(int Line, string Name) : Expression(Line);

internal sealed record TupleExpression(int Line, Expression[] Items) : Expression(Line);

internal sealed record ListExpression(int Line, Expression[] Items) : Expression(Line);

internal sealed record DictExpression(int Line, (Expression Key, Expression Value)[] Items) : Expression(Line);

internal enum UnaryOperator
{
    Not,
    Minus,
    Plus,
}

internal sealed record UnaryExpression(int Line, UnaryOperator Operator, Expression Operand) : Expression(Line);

internal enum BinaryOperator
{
    Add,
    Subtract,
    Multiply,
    Divide,
    FloorDivide,
    Modulo,
    Power,
}

internal sealed record BinaryExpression(int Line, BinaryOperator Operator, Expression Left, Expression Right) : Expression(Line);

/// <summary><c>and</c>, <c>or</c>: the value of the side that decides.</summary>
internal sealed record LogicExpression(int Line, bool IsAnd, Expression Left, Expression Right) : Expression(Line);

/// <summary><c>a ~ b ~ c</c>.</summary>
internal sealed record ConcatExpression(int Line, Expression[] Items) : Expression(Line);

internal enum Comparison
{
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
    In,
    NotIn,
}

/// <summary><c>a &lt; b &lt;= c</c>: each operand is evaluated once, and only as far as needed.</summary>
internal sealed record CompareExpression(int Line, Expression First, (Comparison Comparison, Expression Operand)[] Rest) : Expression(Line);

/// <summary><c>a if test else b</c>; without <c>else</c> the other value is undefined.</summary>
internal sealed record ConditionalExpression(int Line, Expression Test, Expression Then, Expression? Else) : Expression(Line);

internal sealed record AttributeExpression(int Line, Expression Target, string Name) : Expression(Line);

internal sealed record ItemExpression(int Line, Expression Target, Expression Index) : Expression(Line);

internal sealed record SliceExpression(int Line, Expression? Start, Expression? Stop, Expression? Step) : Expression(Line);

internal sealed record CallExpression(int Line, Expression Target, CallArguments Arguments) : Expression(Line);

/// <param name="Line">Line.</param>
/// <param name="Target">What is filtered; null for the text of a block.</param>
/// <param name="Name">Name of the filter.</param>
/// <param name="Arguments">Arguments after the value.</param>
internal sealed record FilterExpression(int Line, Expression? Target, string Name, CallArguments Arguments) : Expression(Line);

internal sealed record TestExpression(int Line, Expression Target, string Name, CallArguments Arguments) : Expression(Line);

/// <summary>Arguments of a call as written: <c>(a, name=b, *list, **dict)</c>.</summary>
internal sealed record CallArguments(Expression[] Positional, (string Name, Expression Value)[] Named, Expression? Star,
    Expression? DoubleStar)
{
    public static readonly CallArguments None = new([], [], null, null);

    public IEnumerable<Expression> All =>
        [.. Positional, .. Named.Select(n => n.Value), .. Star is null ? [] : new[] { Star }, .. DoubleStar is null
            ? [] : new[] { DoubleStar }];
}
