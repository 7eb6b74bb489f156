namespace NpcMind.Jinja;

/// <summary>A value that can be called.</summary>
internal abstract class CallableValue
{
    public abstract object Call(Interpreter interpreter, Arguments arguments);
}

/// <summary>A function or method of the engine.</summary>
internal sealed class NativeFunction(string name, Func<Interpreter, Arguments, object> body, bool isMethod = false) : CallableValue
{
    public string Name => name;

    public bool IsMethod => isMethod;

    public override object Call(Interpreter interpreter, Arguments arguments) => body(interpreter, arguments);
}

/// <summary>A macro together with the scope it was written in.</summary>
internal sealed class MacroValue(MacroStatement macro, Scope scope) : CallableValue
{
    public MacroStatement Macro => macro;

    public Scope Scope => scope;

    public override object Call(Interpreter interpreter, Arguments arguments) => interpreter.CallMacro(this, arguments);
}

/// <summary>cycler(a, b, ...): hands out its values in turn.</summary>
internal sealed class CyclerValue(object[] items)
{
    private int _at;

    public object Current => items[_at];

    public object Next()
    {
        object current = Current;
        _at = (_at + 1) % items.Length;
        return current;
    }

    public object Reset()
    {
        _at = 0;
        return NoneValue.Instance;
    }
}

/// <summary>joiner(separator): nothing at the first call, the separator at each later one.</summary>
internal sealed class JoinerValue(object separator) : CallableValue
{
    private bool _used;

    public override object Call(Interpreter interpreter, Arguments arguments)
    {
        arguments.Bind("joiner", 0);
        if (_used) return separator;
        _used = true;
        return TemplateString.Empty;
    }
}

/// <summary>
/// The variable <c>loop</c>: where a loop stands. It looks one item ahead for <c>last</c> and <c>nextitem</c>, and at all for
/// <c>length</c>. Called, in a recursive loop, it runs the loop over other items.
/// </summary>
/// <param name="items">What the loop goes over, as it is asked for.</param>
/// <param name="length">How many, where that is known without asking.</param>
/// <param name="depth">Depth of recursion, from 1.</param>
/// <param name="recurse">Runs the loop over other items; null where it is not recursive.</param>
/// <param name="budget">Pays for what is looked at ahead.</param>
internal sealed class LoopValue(
    IEnumerator<object> items, long? length, int depth, Func<object, object>? recurse, Budget budget) : CallableValue
{
    private readonly Queue<object> _ahead = [];
    private object[]? _lastChanged;
    private object? _previous;
    private object? _current;
    private long? _length = length;

    public int Index { get; private set; } = -1;

    public object Current => _current!;

    public int Depth => depth;

    public bool IsLast => !LooksAhead();

    public long Count
    {
        get
        {
            if (_length is { } known) return known;
            while (Fetch())
                if (_ahead.Count > budget.MaxLength) budget.Reserve(_ahead.Count);
            _length = Index + 1L + _ahead.Count;
            return _length.Value;
        }
    }

    public object Previous => _previous ?? new UndefinedValue(null, null, "there is no previous item");

    public object Next => LooksAhead() ? _ahead.Peek() : new UndefinedValue(null, null, "there is no next item");

    public bool MoveNext()
    {
        if (!LooksAhead()) return false;
        (_previous, _current) = (_current, _ahead.Dequeue());
        Index++;
        return true;
    }

    public object Cycle(Arguments arguments) => arguments.Positional.Length == 0
        ? throw JinjaError.Evaluation("loop.cycle needs at least one value") : arguments.Positional[Index % arguments.Positional.Length];

    public object Changed(Arguments arguments, Budget budget)
    {
        if (_lastChanged is not null && Operators.SequenceEqual(_lastChanged, arguments.Positional, budget)) return false;
        _lastChanged = arguments.Positional;
        return true;
    }

    private bool LooksAhead() => _ahead.Count > 0 || Fetch();

    private bool Fetch()
    {
        if (!items.MoveNext()) return false;
        _ahead.Enqueue(items.Current);
        return true;
    }

    public override object Call(Interpreter interpreter, Arguments arguments) => recurse is null
        ? throw JinjaError.Evaluation("'loop(...)' is called in a loop without 'recursive'")
        : recurse(arguments.Bind("loop", 1, "iterable")[0]!);
}
