namespace NpcMind.Jinja;

/// <summary>Computes expressions.</summary>
internal sealed class Evaluator(Interpreter interpreter)
{
    private readonly Budget _budget = interpreter.Budget;

    public object Evaluate(Expression expression, Scope scope)
    {
        _budget.Spend();
        _budget.Enter();
        object value = expression switch
        {
            LiteralExpression literal => literal.Value,
            NameExpression name => Variable(name.Name, scope),
            AttributeExpression attribute => Attribute(attribute, scope),
            ItemExpression item => Item(item, scope),
            CallExpression call => Call(call, scope, null),
            FilterExpression filter => Filter(filter, Evaluate(filter.Target!, scope), scope),
            TestExpression test => Test(test, scope),
            ConditionalExpression conditional => Conditional(conditional, scope),
            LogicExpression logic => Logic(logic, scope),
            CompareExpression compare => Compare(compare, scope),
            BinaryExpression binary => Binary(binary, scope),
            UnaryExpression unary => Operators.Unary(unary.Operator, Evaluate(unary.Operand, scope)),
            ConcatExpression concat => Concat(concat, scope),
            TupleExpression tuple => new TupleValue(All(tuple.Items, scope)),
            ListExpression list => new ListValue(All(list.Items, scope)),
            DictExpression dict => Dict(dict, scope),
            SliceExpression => throw JinjaError.Syntax("a slice stands only in the brackets behind a value", expression.Line),
            _ => throw new InvalidOperationException(expression.GetType().Name),
        };
        _budget.Leave();
        return value;
    }

    public static object Variable(string name, Scope scope) => scope.Find(name) ?? Globals.Find(name) ?? UndefinedValue.Variable(name);

    private object[] All(Expression[] items, Scope scope)
    {
        object[] values = new object[items.Length];
        for (int i = 0; i < items.Length; i++) values[i] = Evaluate(items[i], scope);
        return values;
    }

    private DictValue Dict(DictExpression expression, Scope scope)
    {
        DictValue dict = new(_budget);
        foreach ((Expression key, Expression value) in expression.Items) dict.Items[Evaluate(key, scope)] = Evaluate(value, scope);
        return dict;
    }

    private object Attribute(AttributeExpression expression, Scope scope)
    {
        object target = Evaluate(expression.Target, scope);
        interpreter.Line = expression.Line;
        return Members.Attribute(target, expression.Name, interpreter);
    }

    private object Item(ItemExpression expression, Scope scope)
    {
        object target = Evaluate(expression.Target, scope);
        if (expression.Index is SliceExpression slice)
        {
            object? start = Optional(slice.Start, scope), stop = Optional(slice.Stop, scope), step = Optional(slice.Step, scope);
            interpreter.Line = expression.Line;
            return Members.Slice(target, start, stop, step, interpreter);
        }

        object index = Evaluate(expression.Index, scope);
        interpreter.Line = expression.Line;
        return Members.Item(target, index, interpreter);
    }

    private object? Optional(Expression? expression, Scope scope) => expression is null ? null : Evaluate(expression, scope);

    private object Logic(LogicExpression expression, Scope scope)
    {
        object left = Evaluate(expression.Left, scope);
        return Operators.IsTrue(left) == expression.IsAnd ? Evaluate(expression.Right, scope) : left;
    }

    private object Conditional(ConditionalExpression expression, Scope scope)
    {
        if (Operators.IsTrue(Evaluate(expression.Test, scope))) return Evaluate(expression.Then, scope);
        return expression.Else is null ? new UndefinedValue(null, null, "the condition is false and there is no 'else'")
            : Evaluate(expression.Else, scope);
    }

    private bool Compare(CompareExpression expression, Scope scope)
    {
        object left = Evaluate(expression.First, scope);
        foreach ((Comparison comparison, Expression operand) in expression.Rest)
        {
            object right = Evaluate(operand, scope);
            interpreter.Line = expression.Line;
            if (!Operators.Compare(comparison, left, right, _budget)) return false;
            left = right;
        }

        return true;
    }

    private object Binary(BinaryExpression expression, Scope scope)
    {
        object left = Evaluate(expression.Left, scope), right = Evaluate(expression.Right, scope);
        interpreter.Line = expression.Line;
        return Operators.Binary(expression.Operator, left, right, _budget);
    }

    private TemplateString Concat(ConcatExpression expression, Scope scope)
    {
        TemplateStringBuilder text = new(_budget);
        foreach (Expression item in expression.Items) PythonText.Append(text, Evaluate(item, scope));
        return text.ToTemplateString();
    }

    private bool Test(TestExpression expression, Scope scope)
    {
        object value = Evaluate(expression.Target, scope);
        Arguments arguments = Arguments(expression.Arguments, scope);
        interpreter.Line = expression.Line;
        return Tests.Find(expression.Name)(interpreter, value, arguments);
    }

    /// <summary>Applies a filter, or a chain of them, to a value. The innermost of a chain on a block has no target of its own.</summary>
    public object Filter(FilterExpression expression, object value, Scope scope)
    {
        Arguments arguments = Arguments(expression.Arguments, scope);
        interpreter.Line = expression.Line;
        Filters.Pay(value, _budget);
        return Filters.Find(expression.Name)(interpreter, value, arguments);
    }

    /// <summary>Applies the filters of a tag (<c>filter a|b</c>) to the text of its block.</summary>
    public object FilterBlock(FilterExpression expression, object value, Scope scope) =>
        Filter(expression, expression.Target is FilterExpression inner ? FilterBlock(inner, value, scope) : value, scope);

    /// <summary>Calls a value; <paramref name="caller"/> is what the tag <c>call</c> adds.</summary>
    public object Call(CallExpression expression, Scope scope, MacroValue? caller)
    {
        object target = Evaluate(expression.Target, scope);
        Arguments arguments = Arguments(expression.Arguments, scope, caller);
        interpreter.Line = expression.Line;
        _budget.Enter();
        object result = target switch
        {
            CallableValue callable => callable.Call(interpreter, arguments),
            UndefinedValue undefined => throw undefined.Error(),
            _ => throw JinjaError.Evaluation($"{TypeNames.Of(target)} cannot be called"),
        };
        _budget.Leave();
        return result;
    }

    private Arguments Arguments(CallArguments written, Scope scope, MacroValue? caller = null)
    {
        if (ReferenceEquals(written, CallArguments.None) && caller is null) return Jinja.Arguments.None;
        object[] positional = All(written.Positional, scope);
        if (written.Star is not null) positional = [.. positional, .. Sequences.ToArray(Evaluate(written.Star, scope), _budget)];
        if (written.Named.Length == 0 && written.DoubleStar is null && caller is null) return new Arguments(positional);
        OrderedDictionary<string, object> named = [];
        foreach ((string name, Expression value) in written.Named)
            if (!named.TryAdd(name, Evaluate(value, scope))) throw JinjaError.Evaluation($"the argument '{name}' is given twice");
        if (caller is not null) named["caller"] = caller;
        if (written.DoubleStar is null) return new Arguments(positional, named);
        if (Evaluate(written.DoubleStar, scope) is not DictValue dict) throw JinjaError.Evaluation("behind '**' a mapping is needed");
        foreach ((object key, object value) in dict.Items)
        {
            _budget.Spend();
            string name = key is TemplateString text ? text.Value : throw JinjaError.Evaluation("behind '**' all keys must be texts");
            if (!named.TryAdd(name, value)) throw JinjaError.Evaluation($"the argument '{name}' is given twice");
        }

        return new Arguments(positional, named);
    }
}
