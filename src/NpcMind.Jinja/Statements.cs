namespace NpcMind.Jinja;

/// <summary>A part of a template that does something.</summary>
internal abstract record Statement(int Line);

/// <summary>Statements with a scope of their own.</summary>
internal sealed class Body(Statement[] statements)
{
    public Statement[] Statements { get; } = statements;

    /// <summary>
    /// Names this scope assigns before it reads them. They are unset at its start even if a variable of that name was passed in.
    /// Filled by <see cref="Binder"/>.
    /// </summary>
    public string[] Unbound { get; set; } = [];
}

internal sealed record DataStatement(int Line, TemplateString Text) : Statement(Line);

internal sealed record OutputStatement(int Line, Expression[] Values) : Statement(Line);

internal sealed record SetStatement(int Line, AssignTarget Target, Expression Value) : Statement(Line);

internal sealed record SetBlockStatement(int Line, AssignTarget Target, FilterExpression? Filter, Body Body) : Statement(Line);

/// <summary><c>if</c> and <c>elif</c> in order, then <c>else</c>. Branches share the scope around them.</summary>
internal sealed record IfStatement(int Line, (Expression Test, Statement[] Then)[] Branches, Statement[] Else) : Statement(Line);

internal sealed record ForStatement(int Line, AssignTarget Target, Expression Items, Expression? Filter, bool Recursive, Body Body,
    Body Else) : Statement(Line);

/// <summary>Parameters and body of a macro, or of the text handed to one by <c>call</c>.</summary>
internal sealed record MacroStatement(int Line, string Name, string[] Parameters, Expression[] Defaults, Body Body, MacroUses Uses)
    : Statement(Line);

/// <summary>Which of the names with a meaning inside macros the body reads.</summary>
[Flags]
internal enum MacroUses
{
    None = 0,
    Caller = 1,
    VarArgs = 2,
    KeywordArgs = 4,
}

internal sealed record CallStatement(int Line, CallExpression Call, MacroStatement Caller) : Statement(Line);

internal sealed record FilterStatement(int Line, FilterExpression Filter, Body Body) : Statement(Line);

internal sealed record WithStatement(int Line, AssignTarget[] Targets, Expression[] Values, Body Body) : Statement(Line);

/// <summary><c>generation</c>: marks what a model wrote; here only a scope.</summary>
internal sealed record ScopeStatement(int Line, Body Body) : Statement(Line);

internal sealed record BlockStatement(int Line, string Name, bool Scoped, Body Body) : Statement(Line);

internal sealed record AutoescapeStatement(int Line, Expression Enabled, Body Body) : Statement(Line);

internal sealed record BreakStatement(int Line, bool IsContinue) : Statement(Line);

/// <summary>A tag that needs other templates: valid, but it fails when reached.</summary>
internal sealed record OtherTemplateStatement(int Line, string Tag, string[] Names) : Statement(Line);

/// <summary>What can stand left of <c>=</c> or of <c>in</c>.</summary>
internal abstract record AssignTarget;

internal sealed record NameTarget(string Name) : AssignTarget;

internal sealed record MemberTarget(string Name, string Member) : AssignTarget;

internal sealed record TupleTarget(AssignTarget[] Items) : AssignTarget;
