namespace NpcMind.Jinja;

/// <content>What stands behind a value: members, subscripts, calls, filters and tests.</content>
internal sealed partial class ExpressionParser
{
    private Expression ReadMembers(Expression target)
    {
        while (tokens.Current.Kind == TokenKind.Operator)
        {
            if (tokens.IsOperator(".")) target = ReadDotted(target);
            else if (tokens.IsOperator("[")) target = ReadSubscript(target);
            else if (tokens.IsOperator("(")) target = ReadCall(target);
            else break;
        }

        return target;
    }

    private Expression ReadDotted(Expression target)
    {
        int line = tokens.Next().Line;
        Token member = tokens.Next();
        return member switch
        {
            { Kind: TokenKind.Name } => new AttributeExpression(line, target, member.Text),
            { Kind: TokenKind.Number, Number: long index } => new ItemExpression(line, target, new LiteralExpression(line, index)),
            _ => throw JinjaError.Syntax($"expected a name or a number after '.', found {member.Describe()}", line),
        };
    }

    private ItemExpression ReadSubscript(Expression target)
    {
        int line = tokens.Next().Line;
        List<Expression> items = [];
        while (!tokens.IsOperator("]"))
        {
            if (items.Count > 0) tokens.ExpectOperator(",");
            items.Add(ReadSubscriptItem());
        }

        tokens.ExpectOperator("]");
        return new ItemExpression(line, target, items.Count == 1 ? items[0] : new TupleExpression(line, [.. items]));
    }

    private Expression ReadSubscriptItem()
    {
        int line = tokens.Line;
        Expression? start = null;
        if (!tokens.IsOperator(":"))
        {
            start = ReadExpression();
            if (!tokens.IsOperator(":")) return start;
        }

        tokens.Next();
        Expression? stop = AtSlicePartEnd() ? null : ReadExpression();
        Expression? step = tokens.SkipOperator(":") && !AtSlicePartEnd() ? ReadExpression() : null;
        return new SliceExpression(line, start, stop, step);
    }

    private bool AtSlicePartEnd() => tokens.IsOperator(":") || tokens.IsOperator("]") || tokens.IsOperator(",");

    public CallExpression ReadCall(Expression target) => new(tokens.Line, target, ReadArguments());

    private CallArguments ReadArguments()
    {
        tokens.ExpectOperator("(");
        List<Expression> positional = [];
        List<(string, Expression)> named = [];
        Expression? star = null, doubleStar = null;
        for (bool first = true; !tokens.IsOperator(")"); first = false)
        {
            if (!first)
            {
                tokens.ExpectOperator(",");
                if (tokens.IsOperator(")")) break;
            }

            if (tokens.IsOperator("*") && star is null && doubleStar is null)
            {
                tokens.Next();
                star = ReadExpression();
            }
            else if (tokens.IsOperator("**") && doubleStar is null)
            {
                tokens.Next();
                doubleStar = ReadExpression();
            }
            else if (doubleStar is null && tokens.Current.Kind == TokenKind.Name
                && tokens.Following is { Kind: TokenKind.Operator, Text: "=" })
            {
                string name = tokens.Next().Text;
                tokens.Next();
                named.Add((name, ReadExpression()));
            }
            else if (star is null && doubleStar is null && named.Count == 0)
            {
                positional.Add(ReadExpression());
            }
            else
            {
                throw tokens.Error("a positional argument cannot follow named or starred ones");
            }
        }

        tokens.ExpectOperator(")");
        return new CallArguments([.. positional], [.. named], star, doubleStar);
    }

    private Expression ReadFilters(Expression target)
    {
        while (true)
        {
            if (tokens.IsOperator("|")) target = ReadFilter(target);
            else if (tokens.IsName("is")) target = ReadTest(target);
            else if (tokens.IsOperator("(")) target = ReadCall(target);
            else return target;
        }
    }

    /// <summary>A chain of filters <c>|a|b(c)</c>; with <paramref name="inline"/> the first has no bar.</summary>
    public FilterExpression ReadFilterChain(bool inline)
    {
        FilterExpression? chain = null;
        while (inline && chain is null || tokens.IsOperator("|")) chain = ReadFilter(chain, hasBar: !(inline && chain is null));
        return chain ?? throw tokens.Unexpected("'=' or '|'");
    }

    private FilterExpression ReadFilter(Expression? target, bool hasBar = true)
    {
        if (hasBar) tokens.Next();
        int line = tokens.Line;
        string name = ReadDottedName();
        return new FilterExpression(line, target, name, tokens.IsOperator("(") ? ReadArguments() : CallArguments.None);
    }

    private string ReadDottedName()
    {
        List<string> names = [tokens.ExpectAnyName()];
        while (tokens.SkipOperator(".")) names.Add(tokens.ExpectAnyName());
        return string.Join('.', names);
    }

    private Expression ReadTest(Expression target)
    {
        int line = tokens.Next().Line;
        bool negated = tokens.SkipName("not");
        string name = ReadDottedName();
        CallArguments arguments = CallArguments.None;
        if (tokens.IsOperator("("))
        {
            arguments = ReadArguments();
        }
        else if (tokens.Current.Kind is TokenKind.Name or TokenKind.Text or TokenKind.Number || tokens.IsOperator("[")
            || tokens.IsOperator("{"))
        {
            if (tokens.IsName("is")) throw tokens.Error("tests cannot be chained with 'is'");
            if (!tokens.IsAnyName(["else", "or", "and"])) arguments = new CallArguments([ReadMembers(ReadPrimary())], [], null, null);
        }

        Expression test = new TestExpression(line, target, name, arguments);
        return negated ? new UnaryExpression(line, UnaryOperator.Not, test) : test;
    }
}
