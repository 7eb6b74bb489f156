namespace NpcMind.Jinja;

/// <summary>Reads a template: text, expressions to print, and tags.</summary>
internal sealed class Parser
{
    private readonly TokenStream _tokens;
    private readonly ExpressionParser _expressions;
    private readonly Budget _budget;
    private readonly Dictionary<string, BlockStatement> _blocks = [];

    private Parser(string source, Budget budget)
    {
        _tokens = new TokenStream(Lexer.Tokenize(source));
        _expressions = new ExpressionParser(_tokens, budget);
        _budget = budget;
    }

    /// <exception cref="JinjaError">The source is not a template.</exception>
    public static (Body Body, Dictionary<string, BlockStatement> Blocks) Parse(string source, TemplateLimits limits)
    {
        Budget budget = new(limits);
        if (source.Length > limits.Length) throw JinjaError.Limit($"the template is longer than {limits.Length}");
        Parser parser = new(source, budget);
        Body body = new(parser.ReadStatements([]));
        Binder.Bind(body, budget);
        return (body, parser._blocks);
    }

    /// <summary>Reads up to a tag of one of these names, whose name is then current; with none, up to the end of the template.</summary>
    private Statement[] ReadStatements(ReadOnlySpan<string> ends, string opening = "")
    {
        _budget.Enter();
        List<Statement> statements = [];
        while (true)
        {
            Token token = _tokens.Next();
            if (token.Kind == TokenKind.Data)
            {
                statements.Add(new DataStatement(token.Line, TemplateString.Trusted(token.Text)));
            }
            else if (token.Kind == TokenKind.VariableBegin)
            {
                Expression value = _expressions.ReadTuple();
                _tokens.Expect(TokenKind.VariableEnd);
                statements.Add(new OutputStatement(token.Line, [value]));
            }
            else if (token.Kind == TokenKind.BlockBegin)
            {
                if (_tokens.IsAnyName(ends)) break;
                statements.Add(ReadTag());
                _tokens.Expect(TokenKind.BlockEnd);
            }
            else if (ends.Length == 0)
            {
                break;
            }
            else
            {
                throw _tokens.Error($"the tag '{opening}' is not closed: expected '{ends[^1]}', found the end of the template");
            }
        }

        _budget.Leave();
        return [.. statements];
    }

    // Behind the opening tag's last token: its end, the content, and the name of the closing tag.
    private Statement[] ReadContent(string opening, ReadOnlySpan<string> ends)
    {
        _tokens.SkipOperator(":");
        _tokens.Expect(TokenKind.BlockEnd);
        return ReadStatements(ends, opening);
    }

    private Body ReadBody(string opening)
    {
        Body body = new(ReadContent(opening, ["end" + opening]));
        _tokens.Next();
        return body;
    }

    private Statement ReadTag()
    {
        Token tag = _tokens.Current;
        if (tag.Kind != TokenKind.Name) throw _tokens.Unexpected("the name of a tag");
        _tokens.Next();
        switch (tag.Text)
        {
            case "set": return ReadSet(tag.Line);
            case "if": return ReadIf(tag.Line);
            case "for": return ReadFor(tag.Line);
            case "macro": return ReadMacro(tag.Line);
            case "call": return ReadCallBlock(tag.Line);
            case "filter": return new FilterStatement(tag.Line, _expressions.ReadFilterChain(inline: true), ReadBody("filter"));
            case "with": return ReadWith(tag.Line);
            case "print": return ReadPrint(tag.Line);
            case "generation": return new ScopeStatement(tag.Line, ReadBody("generation"));
            case "autoescape": return new AutoescapeStatement(tag.Line, _expressions.ReadExpression(), ReadBody("autoescape"));
            case "break" or "continue": return new BreakStatement(tag.Line, tag.Text == "continue");
            case "block": return ReadBlock(tag.Line);
            case "include" or "import" or "from" or "extends": return ReadOtherTemplate(tag);
            default:
                throw JinjaError.Syntax(tag.Text.StartsWith("end", StringComparison.Ordinal) || tag.Text is "else" or "elif"
                    ? $"the tag '{tag.Text}' closes nothing that is open here" : $"unknown tag '{tag.Text}'", tag.Line);
        }
    }

    private Statement ReadSet(int line)
    {
        AssignTarget target = ReadTarget(withMembers: true);
        if (_tokens.SkipOperator("=")) return new SetStatement(line, target, _expressions.ReadTuple());
        FilterExpression? filter = _tokens.IsOperator("|") ? _expressions.ReadFilterChain(inline: false) : null;
        return new SetBlockStatement(line, target, filter, ReadBody("set"));
    }

    private IfStatement ReadIf(int line)
    {
        List<(Expression, Statement[])> branches = [];
        Statement[] otherwise = [];
        string tag = "if";
        while (tag != "endif")
        {
            if (tag == "else")
            {
                otherwise = ReadContent("if", ["endif"]);
            }
            else
            {
                Expression test = _expressions.ReadTuple(withConditional: false);
                branches.Add((test, ReadContent("if", ["elif", "else", "endif"])));
            }

            tag = _tokens.Next().Text;
        }

        return new IfStatement(line, [.. branches], otherwise);
    }

    private ForStatement ReadFor(int line)
    {
        AssignTarget target = ReadTarget(withMembers: false);
        _tokens.ExpectName("in");
        Expression items = _expressions.ReadTuple(withConditional: false);
        Expression? filter = _tokens.SkipName("if") ? _expressions.ReadExpression() : null;
        bool recursive = _tokens.SkipName("recursive");
        Body body = new(ReadContent("for", ["else", "endfor"]));
        Statement[] otherwise = [];
        if (_tokens.Next().Text == "else")
        {
            otherwise = ReadContent("for", ["endfor"]);
            _tokens.Next();
        }

        return new ForStatement(line, target, items, filter, recursive, body, new Body(otherwise));
    }

    private MacroStatement ReadMacro(int line)
    {
        string name = ReadTargetName();
        (string[] parameters, Expression[] defaults) = ReadSignature();
        return ReadMacroBody(line, name, "macro", parameters, defaults);
    }

    private CallStatement ReadCallBlock(int line)
    {
        (string[] parameters, Expression[] defaults) = _tokens.IsOperator("(") ? ReadSignature() : ([], []);
        CallExpression call = _expressions.ReadExpression() as CallExpression
            ?? throw _tokens.Error("'call' needs a macro call, like {% call box() %}");
        return new CallStatement(line, call, ReadMacroBody(line, "caller", "call", parameters, defaults));
    }

    private (string[] Parameters, Expression[] Defaults) ReadSignature()
    {
        List<string> parameters = [];
        List<Expression> defaults = [];
        HashSet<string> names = [];
        _tokens.ExpectOperator("(");
        while (!_tokens.IsOperator(")"))
        {
            if (parameters.Count > 0) _tokens.ExpectOperator(",");
            string parameter = ReadTargetName();
            if (!names.Add(parameter)) throw _tokens.Error($"the parameter '{parameter}' stands twice");
            parameters.Add(parameter);
            if (_tokens.SkipOperator("=")) defaults.Add(_expressions.ReadExpression());
            else if (defaults.Count > 0) throw _tokens.Error($"the parameter '{parameter}' without a default follows one with a default");
        }

        _tokens.ExpectOperator(")");
        return ([.. parameters], [.. defaults]);
    }

    private MacroStatement ReadMacroBody(int line, string name, string tag, string[] parameters, Expression[] defaults)
    {
        MacroUses outer = _expressions.Uses;
        _expressions.Uses = MacroUses.None;
        Body body = ReadBody(tag);
        MacroUses uses = _expressions.Uses;
        _expressions.Uses |= outer;
        if (parameters.Contains("caller")) uses &= ~MacroUses.Caller;
        if (parameters.Contains("varargs")) uses &= ~MacroUses.VarArgs;
        if (parameters.Contains("kwargs")) uses &= ~MacroUses.KeywordArgs;
        return new MacroStatement(line, name, parameters, defaults, body, uses);
    }

    private WithStatement ReadWith(int line)
    {
        List<AssignTarget> targets = [];
        List<Expression> values = [];
        while (_tokens.Current.Kind != TokenKind.BlockEnd)
        {
            if (targets.Count > 0) _tokens.ExpectOperator(",");
            targets.Add(ReadSingleTarget(false));
            _tokens.ExpectOperator("=");
            values.Add(_expressions.ReadExpression());
        }

        return new WithStatement(line, [.. targets], [.. values], ReadBody("with"));
    }

    private OutputStatement ReadPrint(int line)
    {
        List<Expression> values = [];
        while (_tokens.Current.Kind != TokenKind.BlockEnd)
        {
            if (values.Count > 0) _tokens.ExpectOperator(",");
            values.Add(_expressions.ReadExpression());
        }

        return new OutputStatement(line, [.. values]);
    }

    private BlockStatement ReadBlock(int line)
    {
        string name = _tokens.ExpectAnyName();
        bool scoped = _tokens.SkipName("scoped");
        _tokens.SkipName("required");
        Body body = ReadBody("block");
        _tokens.SkipName(name);
        BlockStatement block = new(line, name, scoped, body);
        if (!_blocks.TryAdd(name, block)) throw JinjaError.Syntax($"the block '{name}' stands twice", line);
        return block;
    }

    // A template stands alone here. Such tags are read so that a branch never taken may hold them.
    private OtherTemplateStatement ReadOtherTemplate(Token tag)
    {
        List<string> names = [];
        _expressions.ReadExpression();
        if (tag.Text == "import")
        {
            _tokens.ExpectName("as");
            names.Add(ReadTargetName());
        }
        else if (tag.Text == "from")
        {
            _tokens.ExpectName("import");
            while (_tokens.Current.Kind == TokenKind.Name && !_tokens.IsAnyName(["with", "without"]))
            {
                string name = ReadTargetName();
                names.Add(_tokens.SkipName("as") ? ReadTargetName() : name);
                _tokens.SkipOperator(",");
            }
        }

        if (_tokens.SkipName("ignore")) _tokens.ExpectName("missing");
        if (_tokens.SkipName("with") || _tokens.SkipName("without")) _tokens.ExpectName("context");
        return new OtherTemplateStatement(tag.Line, tag.Text, [.. names]);
    }

    private AssignTarget ReadTarget(bool withMembers)
    {
        List<AssignTarget> items = [];
        bool isTuple = false;
        while (items.Count == 0 || _tokens.SkipOperator(","))
        {
            if (items.Count > 0) isTuple = true;
            if (isTuple && (_tokens.IsOperator(")") || _tokens.Current.Kind == TokenKind.BlockEnd)) break;
            items.Add(ReadSingleTarget(withMembers));
        }

        return isTuple ? new TupleTarget([.. items]) : items[0];
    }

    private AssignTarget ReadSingleTarget(bool withMembers)
    {
        if (_tokens.SkipOperator("("))
        {
            _budget.Enter();
            AssignTarget inner = ReadTarget(withMembers);
            _budget.Leave();
            _tokens.ExpectOperator(")");
            return inner;
        }

        string name = ReadTargetName();
        return withMembers && _tokens.SkipOperator(".") ? new MemberTarget(name, _tokens.ExpectAnyName()) : new NameTarget(name);
    }

    private string ReadTargetName()
    {
        if (_tokens.Current.Kind == TokenKind.Name && ExpressionParser.IsConstant(_tokens.Current.Text))
            throw _tokens.Error($"cannot assign to '{_tokens.Current.Text}'");
        return _tokens.ExpectAnyName();
    }
}
