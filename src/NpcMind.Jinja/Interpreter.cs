namespace NpcMind.Jinja;

/// <summary>Runs one rendering of a parsed template. Statements are here, expressions in <see cref="Evaluator"/>.</summary>
internal sealed class Interpreter
{
    private enum Flow
    {
        Next,
        Break,
        Continue,
    }

    private readonly Evaluator _evaluator;
    private readonly Scope _context;
    private readonly Dictionary<string, BlockStatement> _blocks;
    private Scope _root;
    private TemplateStringBuilder _output;

    public Interpreter(Dictionary<string, object> variables, Dictionary<string, BlockStatement> blocks, DateTime now, Budget budget)
    {
        Budget = budget;
        Now = now;
        _evaluator = new Evaluator(this);
        _blocks = blocks;
        _output = new TemplateStringBuilder(budget);
        _root = _context = new Scope(null);
        foreach ((string name, object value) in variables) _context.Set(name, value);
        if (blocks.Count > 0) _context.Set("self", new BlocksValue(blocks, RenderBlock));
    }

    public Budget Budget { get; }

    public DateTime Now { get; }

    /// <summary>Line being run, for messages.</summary>
    public int Line { get; set; } = 1;

    public TemplateString Render(Body body)
    {
        _root = new Scope(_context, body);
        Run(body.Statements, _root);
        return _output.ToTemplateString();
    }

    /// <summary>Name of a keyword argument as a value. It may come from outside (<c>**message</c>), so it is never trusted.</summary>
    public static TemplateString ArgumentName(string name) => TemplateString.Untrusted(name);

    private Flow Run(Statement[] statements, Scope scope)
    {
        Budget.Enter();
        Flow flow = Flow.Next;
        for (int i = 0; i < statements.Length && flow == Flow.Next; i++)
        {
            Budget.Spend();
            Line = statements[i].Line;
            flow = Run(statements[i], scope);
        }

        Budget.Leave();
        return flow;
    }

    private Flow Run(Statement statement, Scope scope)
    {
        switch (statement)
        {
            case DataStatement data:
                _output.Append(data.Text);
                return Flow.Next;
            case OutputStatement output:
                foreach (Expression value in output.Values) PythonText.Append(_output, _evaluator.Evaluate(value, scope));
                return Flow.Next;
            case SetStatement set:
                Assign(set.Target, _evaluator.Evaluate(set.Value, scope), scope);
                return Flow.Next;
            case SetBlockStatement set:
                return RunSetBlock(set, scope);
            case IfStatement branches:
                return RunIf(branches, scope);
            case ForStatement loop:
                return RunFor(loop, _evaluator.Evaluate(loop.Items, scope), 1, scope);
            case MacroStatement macro:
                scope.Set(macro.Name, new MacroValue(macro, scope));
                return Flow.Next;
            case CallStatement call:
                PythonText.Append(_output, _evaluator.Call(call.Call, scope, new MacroValue(call.Caller, scope)));
                return Flow.Next;
            case FilterStatement filter:
                Scope inner = new(scope, filter.Body);
                TemplateString filtered = Capture(filter.Body, inner, out Flow flow);
                if (flow == Flow.Next) PythonText.Append(_output, _evaluator.FilterBlock(filter.Filter, filtered, inner));
                return flow;
            case WithStatement with:
                return RunWith(with, scope);
            case ScopeStatement block:
                return Run(block.Body.Statements, new Scope(scope, block.Body));
            case BlockStatement block:
                Run(block.Body.Statements, new Scope(block.Scoped ? scope : _root, block.Body));
                return Flow.Next;
            case AutoescapeStatement autoescape:
                if (Operators.IsTrue(_evaluator.Evaluate(autoescape.Enabled, scope)))
                    throw JinjaError.Evaluation("'autoescape' cannot be turned on: prompts are not HTML");
                return Run(autoescape.Body.Statements, new Scope(scope, autoescape.Body));
            case BreakStatement jump:
                return jump.IsContinue ? Flow.Continue : Flow.Break;
            case OtherTemplateStatement other:
                throw JinjaError.Evaluation($"'{other.Tag}' needs another template, and a chat template stands alone");
            default:
                throw new InvalidOperationException(statement.GetType().Name);
        }
    }

    // What the body prints, as a text. An early end of a loop around it is passed on.
    private TemplateString Capture(Body body, Scope scope, out Flow flow)
    {
        TemplateStringBuilder outer = _output;
        _output = new TemplateStringBuilder(Budget);
        flow = Run(body.Statements, scope);
        TemplateString text = _output.ToTemplateString();
        _output = outer;
        return text;
    }

    private Flow RunSetBlock(SetBlockStatement set, Scope scope)
    {
        Scope inner = new(scope, set.Body);
        object value = Capture(set.Body, inner, out Flow flow);
        if (flow != Flow.Next) return flow;
        if (set.Filter is not null) value = _evaluator.FilterBlock(set.Filter, value, inner);
        Assign(set.Target, value, scope);
        return Flow.Next;
    }

    private Flow RunIf(IfStatement branches, Scope scope)
    {
        foreach ((Expression test, Statement[] statements) in branches.Branches)
            if (Operators.IsTrue(_evaluator.Evaluate(test, scope))) return Run(statements, scope);
        return Run(branches.Else, scope);
    }

    private Flow RunWith(WithStatement with, Scope scope)
    {
        Scope inner = new(scope, with.Body);
        for (int i = 0; i < with.Targets.Length; i++) Assign(with.Targets[i], _evaluator.Evaluate(with.Values[i], scope), inner);
        return Run(with.Body.Statements, inner);
    }

    private Flow RunFor(ForStatement loop, object source, int depth, Scope scope)
    {
        // Items come one by one, and a condition is asked only when its turn has come: it sees what the body has set, and after a break
        // nothing is asked.
        IEnumerable<object> items = source is ItemsValue list ? list.Items : Sequences.Iterate(source, Budget);
        Func<object, object>? recurse = loop.Recursive ? inner => RunNested(loop, inner, depth + 1, scope) : null;
        using IEnumerator<object> turns = (loop.Filter is null ? items : Passing(loop, items, scope)).GetEnumerator();
        LoopValue state = new(turns, loop.Filter is null ? Sequences.Count(source) : null, depth, recurse, Budget);
        bool completed = false;
        while (state.MoveNext())
        {
            Budget.Spend();
            Scope turn = new(scope, loop.Body);
            turn.Set("loop", state);
            Assign(loop.Target, state.Current, turn);
            Flow flow = Run(loop.Body.Statements, turn);
            completed |= flow == Flow.Next;
            if (flow == Flow.Break) break;
        }

        // As in the reference "else" also runs when no turn came to its end, because of break or continue.
        return !completed ? Run(loop.Else.Statements, new Scope(scope, loop.Else)) : Flow.Next;
    }

    private IEnumerable<object> Passing(ForStatement loop, IEnumerable<object> items, Scope scope)
    {
        foreach (object item in items)
        {
            Budget.Spend();
            int line = Line;
            Line = loop.Line;
            bool passes = Passes(loop, item, scope);
            Line = line;
            if (passes) yield return Unpacked(loop.Target, item);
        }
    }

    private bool Passes(ForStatement loop, object item, Scope scope)
    {
        Scope inner = new(scope);
        Assign(loop.Target, item, inner);
        return Operators.IsTrue(_evaluator.Evaluate(loop.Filter!, inner));
    }

    // A filtered loop goes over what its names were given: previtem of "for a, b in list if a" is a tuple.
    private object Unpacked(AssignTarget target, object item) => target is TupleTarget
        ? new TupleValue(Sequences.ToArray(item, Budget)) : item;

    private TemplateString RunNested(ForStatement loop, object source, int depth, Scope scope)
    {
        TemplateStringBuilder outer = _output;
        _output = new TemplateStringBuilder(Budget);
        Budget.Enter();
        RunFor(loop, source, depth, scope);
        Budget.Leave();
        TemplateString text = _output.ToTemplateString();
        _output = outer;
        return text;
    }

    private TemplateString RenderBlock(BlockStatement block) => Capture(block.Body, new Scope(_root, block.Body), out _);

    private void Assign(AssignTarget target, object value, Scope scope)
    {
        switch (target)
        {
            case NameTarget name:
                scope.Set(name.Name, value);
                break;
            case MemberTarget member:
                if (Evaluator.Variable(member.Name, scope) is not NamespaceValue space)
                    throw JinjaError.Evaluation($"'{member.Name}.{member.Member}' cannot be set: '{member.Name}' is not a namespace");
                space.Members[TemplateString.Trusted(member.Member)] = value;
                break;
            case TupleTarget tuple:
                object[] items = value is UndefinedValue undefined ? throw undefined.Error() : Sequences.ToArray(value, Budget);
                if (items.Length != tuple.Items.Length)
                    throw JinjaError.Evaluation($"{items.Length} values cannot be unpacked into {tuple.Items.Length} names");
                for (int i = 0; i < items.Length; i++) Assign(tuple.Items[i], items[i], scope);
                break;
        }
    }

    public object CallMacro(MacroValue value, Arguments arguments)
    {
        MacroStatement macro = value.Macro;
        Scope scope = new(value.Scope, macro.Body);
        OrderedDictionary<string, object> named = arguments.Named is { } given ? new(given) : [];
        int count = Math.Min(arguments.Positional.Length, macro.Parameters.Length);
        for (int i = 0; i < count; i++) scope.Set(macro.Parameters[i], arguments.Positional[i]);
        int required = macro.Parameters.Length - macro.Defaults.Length;
        List<int> absent = [];
        for (int i = count; i < macro.Parameters.Length; i++)
        {
            string parameter = macro.Parameters[i];
            if (named.Remove(parameter, out object? argument)) scope.Set(parameter, argument);
            else absent.Add(i);
        }

        if (macro.Uses.HasFlag(MacroUses.Caller))
            scope.Set("caller", named.Remove("caller", out object? caller)
                ? caller : new UndefinedValue(null, null, "the macro has no caller: use it with 'call'"));
        if (macro.Uses.HasFlag(MacroUses.KeywordArgs)) scope.Set("kwargs", ToDict(named));
        else if (named.Count > 0) throw JinjaError.Evaluation($"macro '{macro.Name}' has no parameter '{named.GetAt(0).Key}'");
        if (macro.Uses.HasFlag(MacroUses.VarArgs)) scope.Set("varargs", new TupleValue(arguments.Positional[count..]));
        else if (arguments.Positional.Length > count) throw JinjaError.Evaluation($"macro '{macro.Name}' takes at most {count} arguments");
        foreach (int i in absent)
        {
            string parameter = macro.Parameters[i];
            scope.Set(parameter, i < required
                ? new UndefinedValue(null, null, $"parameter '{parameter}' of macro '{macro.Name}' is not given")
                : _evaluator.Evaluate(macro.Defaults[i - required], scope));
        }

        int line = Line;
        TemplateString text = Capture(macro.Body, scope, out _);
        Line = line;
        return text;
    }

    private DictValue ToDict(OrderedDictionary<string, object> named)
    {
        DictValue dict = new(Budget);
        foreach ((string name, object value) in named) dict.Items[ArgumentName(name)] = value;
        return dict;
    }
}

/// <summary>The variable <c>self</c>: the blocks of the template as functions.</summary>
internal sealed class BlocksValue(Dictionary<string, BlockStatement> blocks, Func<BlockStatement, object> render)
{
    public NativeFunction? Find(string name) => !blocks.TryGetValue(name, out BlockStatement? block)
        ? null : new NativeFunction(name, (_, arguments) =>
    {
        arguments.Bind(name, 0);
        return render(block);
    });
}
