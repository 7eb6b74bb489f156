namespace NpcMind.Jinja;

/// <summary>
/// Checks a parsed template before it runs: filters and tests exist, loops hold their breaks; and finds each scope's unbound names.
/// As in the reference, directly inside <c>if</c> and <c>a if b</c> an unknown filter or test fails only when reached, so that a template
/// can ask <c>'x' is filter</c> first; a loop, macro or other scope inside the branch ends this leniency.
/// </summary>
internal sealed class Binder
{
    private readonly Budget _budget;
    private readonly Queue<Action> _inner = new();
    private readonly SymbolTable _scope;
    private readonly bool _inLoop;
    private SymbolTable _symbols; // the scope's table, or a branch over it
    private bool _lenient;

    private Binder(SymbolTable symbols, bool inLoop, Budget budget)
    {
        _scope = _symbols = symbols;
        _inLoop = inLoop;
        _budget = budget;
    }

    public static void Bind(Body body, Budget budget) => Scope(body, null, false, budget, _ => { });

    private static void Scope(Body body, SymbolTable? outer, bool inLoop, Budget budget, Action<Binder> prepare)
    {
        budget.Enter();
        SymbolTable symbols = new(outer);
        Binder binder = new(symbols, inLoop, budget);
        prepare(binder);
        binder.Visit(body.Statements);
        body.Unbound = symbols.Unbound;
        // Only now: inner scopes see every name of this one, also those assigned further down.
        while (binder._inner.TryDequeue(out Action? inner)) inner();
        budget.Leave();
    }

    private void Inner(Body body, bool inLoop, Action<Binder>? prepare = null)
    {
        _inner.Enqueue(() => Scope(body, _scope, inLoop, _budget, prepare ?? (_ => { })));
    }

    private void Visit(Statement[] statements)
    {
        foreach (Statement statement in statements) Visit(statement);
    }

    private void Visit(Statement statement)
    {
        _budget.Enter();
        switch (statement)
        {
            case OutputStatement output:
                Visit(output.Values);
                break;
            case SetStatement set:
                Visit(set.Value);
                Assign(set.Target);
                break;
            case SetBlockStatement set:
                Assign(set.Target);
                Inner(set.Body, _inLoop, b => b.VisitOptional(set.Filter));
                break;
            case IfStatement branches:
                VisitIf(branches);
                break;
            case ForStatement loop:
                VisitFor(loop);
                break;
            case MacroStatement macro:
                _symbols.Assign(macro.Name);
                InnerMacro(macro);
                break;
            case CallStatement call:
                Visit(call.Call);
                InnerMacro(call.Caller);
                break;
            case FilterStatement filter:
                Inner(filter.Body, _inLoop, b => b.Visit(filter.Filter));
                break;
            case WithStatement with:
                Visit(with.Values);
                Inner(with.Body, _inLoop, b => Array.ForEach(with.Targets, b.Parameter));
                break;
            case ScopeStatement scope:
                Inner(scope.Body, false);
                break;
            case BlockStatement block:
                Inner(block.Body, false);
                break;
            case AutoescapeStatement autoescape:
                Visit(autoescape.Enabled);
                Inner(autoescape.Body, _inLoop);
                break;
            case OtherTemplateStatement other:
                Array.ForEach(other.Names, _symbols.Assign);
                break;
            case BreakStatement when !_inLoop:
                throw JinjaError.Syntax($"'{(((BreakStatement)statement).IsContinue ? "continue" : "break")}' stands outside a loop",
                    statement.Line);
        }

        _budget.Leave();
    }

    private void VisitIf(IfStatement branches)
    {
        bool lenient = _lenient;
        SymbolTable symbols = _symbols;
        _lenient = true;
        Visit(branches.Branches[0].Test);
        SymbolTable then = InBranch(symbols, () => Visit(branches.Branches[0].Then));
        SymbolTable others = InBranch(symbols, () =>
        {
            foreach ((Expression test, Statement[] statements) in branches.Branches.Skip(1))
            {
                Visit(test);
                SymbolTable layer = _symbols;
                SymbolTable other = InBranch(layer, () => Visit(statements));
                layer.Merge([other, layer.Branch()]);
            }
        });
        SymbolTable otherwise = InBranch(symbols, () => Visit(branches.Else));
        symbols.Merge([then, others, otherwise]);
        _lenient = lenient;
    }

    private SymbolTable InBranch(SymbolTable below, Action visit)
    {
        SymbolTable branch = _symbols = below.Branch();
        visit();
        _symbols = below;
        return branch;
    }

    private void VisitFor(ForStatement loop)
    {
        Visit(loop.Items);
        if (loop.Filter is not null)
        {
            Inner(new Body([]), false, b =>
            {
                b.Parameter(loop.Target);
                b.Visit(loop.Filter);
            });
        }

        Inner(loop.Body, true, b =>
        {
            b.Parameter(loop.Target);
            b._symbols.Parameter("loop");
        });
        Inner(loop.Else, _inLoop);
    }

    private void InnerMacro(MacroStatement macro) => Inner(macro.Body, false, b =>
    {
        Array.ForEach(macro.Parameters, b._symbols.Parameter);
        foreach (string name in (string[])["caller", "varargs", "kwargs"]) b._symbols.Parameter(name);
        b.Visit(macro.Defaults);
    });

    private void Assign(AssignTarget target)
    {
        if (target is NameTarget name) _symbols.Assign(name.Name);
        else if (target is MemberTarget member) _symbols.Read(member.Name);
        else if (target is TupleTarget tuple) Array.ForEach(tuple.Items, Assign);
    }

    private void Parameter(AssignTarget target)
    {
        if (target is NameTarget name) _symbols.Parameter(name.Name);
        else if (target is TupleTarget tuple) Array.ForEach(tuple.Items, Parameter);
    }

    private void Visit(IEnumerable<Expression> expressions)
    {
        foreach (Expression expression in expressions) Visit(expression);
    }

    private void VisitOptional(Expression? expression)
    {
        if (expression is not null) Visit(expression);
    }

    private void Visit(Expression expression)
    {
        _budget.Enter();
        switch (expression)
        {
            case NameExpression name: _symbols.Read(name.Name); break;
            case TupleExpression tuple: Visit(tuple.Items); break;
            case ListExpression list: Visit(list.Items); break;
            case DictExpression dict: Visit(dict.Items.SelectMany(item => new[] { item.Key, item.Value })); break;
            case UnaryExpression unary: Visit(unary.Operand); break;
            case BinaryExpression binary: Visit([binary.Left, binary.Right]); break;
            case LogicExpression logic: Visit([logic.Left, logic.Right]); break;
            case ConcatExpression concat: Visit(concat.Items); break;
            case CompareExpression compare: Visit([compare.First, .. compare.Rest.Select(part => part.Operand)]); break;
            case AttributeExpression attribute: Visit(attribute.Target); break;
            case ItemExpression item: Visit([item.Target, item.Index]); break;
            case CallExpression call: Visit([call.Target, .. call.Arguments.All]); break;
            case SliceExpression slice:
                VisitOptional(slice.Start);
                VisitOptional(slice.Stop);
                VisitOptional(slice.Step);
                break;
            case ConditionalExpression conditional:
                bool lenient = _lenient;
                _lenient = true;
                Visit([conditional.Test, conditional.Then]);
                VisitOptional(conditional.Else);
                _lenient = lenient;
                break;
            case FilterExpression filter:
                if (!_lenient && !Filters.Exists(filter.Name)) throw JinjaError.Syntax($"unknown filter '{filter.Name}'", filter.Line);
                VisitOptional(filter.Target);
                Visit(filter.Arguments.All);
                break;
            case TestExpression test:
                if (!_lenient && !Tests.Exists(test.Name)) throw JinjaError.Syntax($"unknown test '{test.Name}'", test.Line);
                Visit(test.Target);
                Visit(test.Arguments.All);
                break;
        }

        _budget.Leave();
    }
}
