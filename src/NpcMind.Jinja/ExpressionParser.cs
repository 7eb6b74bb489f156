namespace NpcMind.Jinja;

/// <summary>
/// Reads expressions. Precedence, loosest first: if-else, or, and, not, comparisons, + -, ~, * / // %, **, sign, then members, calls,
/// filters and tests.
/// </summary>
internal sealed partial class ExpressionParser(TokenStream tokens, Budget budget)
{
    private static readonly Dictionary<string, object> Constants = new()
    {
        ["true"] = true,
        ["True"] = true,
        ["false"] = false,
        ["False"] = false,
        ["none"] = NoneValue.Instance,
        ["None"] = NoneValue.Instance,
    };

    /// <summary>Names with a meaning inside macros that were read so far.</summary>
    public MacroUses Uses { get; set; }

    public static bool IsConstant(string name) => Constants.ContainsKey(name);

    public Expression ReadExpression(bool withConditional = true)
    {
        budget.Enter();
        Expression result = withConditional ? ReadConditional() : ReadOr();
        budget.Leave();
        return result;
    }

    /// <summary>One expression, or several with commas: then a tuple.</summary>
    public Expression ReadTuple(bool withConditional = true, bool inParentheses = false)
    {
        int line = tokens.Line;
        List<Expression> items = [];
        bool isTuple = false;
        while (true)
        {
            if (items.Count > 0)
            {
                if (!tokens.SkipOperator(",")) break;
                isTuple = true;
            }

            if (AtTupleEnd()) break;
            items.Add(ReadExpression(withConditional));
        }

        if (!isTuple && items.Count == 1) return items[0];
        if (items.Count == 0 && !inParentheses) throw tokens.Unexpected("an expression");
        return new TupleExpression(line, [.. items]);
    }

    private bool AtTupleEnd() => tokens.Current.Kind is TokenKind.VariableEnd or TokenKind.BlockEnd || tokens.IsOperator(")");

    private Expression ReadConditional()
    {
        Expression value = ReadOr();
        while (tokens.IsName("if"))
        {
            int line = tokens.Next().Line;
            Expression test = ReadOr();
            Expression? other = tokens.SkipName("else") ? ReadExpression() : null;
            value = new ConditionalExpression(line, test, value, other);
        }

        return value;
    }

    private Expression ReadOr()
    {
        Expression left = ReadAnd();
        while (tokens.IsName("or")) left = new LogicExpression(tokens.Next().Line, false, left, ReadAnd());
        return left;
    }

    private Expression ReadAnd()
    {
        Expression left = ReadNot();
        while (tokens.IsName("and")) left = new LogicExpression(tokens.Next().Line, true, left, ReadNot());
        return left;
    }

    private Expression ReadNot()
    {
        if (!tokens.IsName("not")) return ReadCompare();
        int line = tokens.Next().Line;
        budget.Enter();
        Expression operand = ReadNot();
        budget.Leave();
        return new UnaryExpression(line, UnaryOperator.Not, operand);
    }

    private Expression ReadCompare()
    {
        int line = tokens.Line;
        Expression first = ReadSum();
        List<(Comparison, Expression)> rest = [];
        while (TryComparison(out Comparison comparison)) rest.Add((comparison, ReadSum()));
        return rest.Count == 0 ? first : new CompareExpression(line, first, [.. rest]);
    }

    private bool TryComparison(out Comparison comparison)
    {
        Token token = tokens.Current;
        bool notIn = tokens.IsName("not") && tokens.Following is { Kind: TokenKind.Name, Text: "in" };
        Comparison? found = (token.Kind, token.Text) switch
        {
            (TokenKind.Operator, "==") => Comparison.Equal,
            (TokenKind.Operator, "!=") => Comparison.NotEqual,
            (TokenKind.Operator, "<") => Comparison.Less,
            (TokenKind.Operator, "<=") => Comparison.LessOrEqual,
            (TokenKind.Operator, ">") => Comparison.Greater,
            (TokenKind.Operator, ">=") => Comparison.GreaterOrEqual,
            (TokenKind.Name, "in") => Comparison.In,
            _ => notIn ? Comparison.NotIn : null,
        };
        comparison = found.GetValueOrDefault();
        if (found is null) return false;
        tokens.Next();
        if (notIn) tokens.Next();
        return true;
    }

    private Expression ReadSum()
    {
        Expression left = ReadConcat();
        while (tokens.IsOperator("+") || tokens.IsOperator("-"))
        {
            Token token = tokens.Next();
            left = new BinaryExpression(token.Line, token.Text == "+" ? BinaryOperator.Add : BinaryOperator.Subtract, left, ReadConcat());
        }

        return left;
    }

    private Expression ReadConcat()
    {
        int line = tokens.Line;
        Expression first = ReadProduct();
        if (!tokens.IsOperator("~")) return first;
        List<Expression> items = [first];
        while (tokens.SkipOperator("~")) items.Add(ReadProduct());
        return new ConcatExpression(line, [.. items]);
    }

    private Expression ReadProduct()
    {
        Expression left = ReadPower();
        while (true)
        {
            BinaryOperator? found = tokens.Current.Kind != TokenKind.Operator ? null : tokens.Current.Text switch
            {
                "*" => BinaryOperator.Multiply,
                "/" => BinaryOperator.Divide,
                "//" => BinaryOperator.FloorDivide,
                "%" => BinaryOperator.Modulo,
                _ => null,
            };
            if (found is not BinaryOperator binary) return left;
            left = new BinaryExpression(tokens.Next().Line, binary, left, ReadPower());
        }
    }

    // Unlike Python's, this ** groups from the left and binds looser than a sign.
    private Expression ReadPower()
    {
        Expression left = ReadUnary(true);
        while (tokens.IsOperator("**")) left = new BinaryExpression(tokens.Next().Line, BinaryOperator.Power, left, ReadUnary(true));
        return left;
    }

    private Expression ReadUnary(bool withFilters)
    {
        Expression result;
        if (tokens.IsOperator("-") || tokens.IsOperator("+"))
        {
            Token sign = tokens.Next();
            budget.Enter();
            result = new UnaryExpression(sign.Line, sign.Text == "-" ? UnaryOperator.Minus : UnaryOperator.Plus, ReadUnary(false));
            budget.Leave();
        }
        else
        {
            result = ReadPrimary();
        }

        result = ReadMembers(result);
        return withFilters ? ReadFilters(result) : result;
    }

    private Expression ReadPrimary()
    {
        Token token = tokens.Current;
        switch (token.Kind)
        {
            case TokenKind.Name:
                tokens.Next();
                if (Constants.TryGetValue(token.Text, out object? constant)) return new LiteralExpression(token.Line, constant);
                Uses |= token.Text switch
                {
                    "caller" => MacroUses.Caller,
                    "varargs" => MacroUses.VarArgs,
                    "kwargs" => MacroUses.KeywordArgs,
                    _ => 0
                };
                return new NameExpression(token.Line, token.Text);
            case TokenKind.Text:
                List<string> parts = [];
                while (tokens.Current.Kind == TokenKind.Text) parts.Add(tokens.Next().Text);
                return new LiteralExpression(token.Line, TemplateString.Trusted(string.Concat(parts)));
            case TokenKind.Number:
                tokens.Next();
                return new LiteralExpression(token.Line, token.Number!);
            case TokenKind.Operator when token.Text == "(":
                tokens.Next();
                Expression inside = ReadTuple(inParentheses: true);
                tokens.ExpectOperator(")");
                return inside;
            case TokenKind.Operator when token.Text == "[":
                tokens.Next();
                return new ListExpression(token.Line, ReadItems("]"));
            case TokenKind.Operator when token.Text == "{":
                return ReadDict();
            default:
                throw tokens.Unexpected("an expression");
        }
    }

    private Expression[] ReadItems(string close)
    {
        List<Expression> items = [];
        while (!tokens.IsOperator(close))
        {
            if (items.Count > 0) tokens.ExpectOperator(",");
            if (tokens.IsOperator(close)) break;
            items.Add(ReadExpression());
        }

        tokens.ExpectOperator(close);
        return [.. items];
    }

    private DictExpression ReadDict()
    {
        int line = tokens.Next().Line;
        List<(Expression, Expression)> items = [];
        while (!tokens.IsOperator("}"))
        {
            if (items.Count > 0) tokens.ExpectOperator(",");
            if (tokens.IsOperator("}")) break;
            Expression key = ReadExpression();
            tokens.ExpectOperator(":");
            items.Add((key, ReadExpression()));
        }

        tokens.ExpectOperator("}");
        return new DictExpression(line, [.. items]);
    }
}
