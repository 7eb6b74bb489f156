namespace NpcMind.Text.Jinja;

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

/// <summary>The variable <c>loop</c>. Called, in a recursive loop, it runs the loop over other items.</summary>
internal sealed class LoopValue(object[] items, int depth, Func<object, object>? recurse) : CallableValue
{
    private object[]? _lastChanged;

    public int Index { get; set; }

    public int Count => items.Length;

    public int Depth => depth;

    public object Item(int index) => index < 0 ? new UndefinedValue(null, null, "there is no previous item")
        : index >= items.Length ? new UndefinedValue(null, null, "there is no next item") : items[index];

    public object Cycle(Arguments arguments) => arguments.Positional.Length == 0
        ? throw JinjaError.Evaluation("loop.cycle needs at least one value") : arguments.Positional[Index % arguments.Positional.Length];

    public object Changed(Arguments arguments, Budget budget)
    {
        if (_lastChanged is not null && Operators.SequenceEqual(_lastChanged, arguments.Positional, budget)) return false;
        _lastChanged = arguments.Positional;
        return true;
    }

    public override object Call(Interpreter interpreter, Arguments arguments) => recurse is null
        ? throw JinjaError.Evaluation("'loop(...)' is called in a loop without 'recursive'") : recurse(arguments.Bind("loop", 1, "iterable")[0]!);
}
