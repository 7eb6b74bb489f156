namespace NpcMind.Jinja;

/// <summary>Variables of one scope and, through its parents, of those around it. The outermost is what the caller passed in.</summary>
internal sealed class Scope(Scope? parent)
{
    private const int Few = 4;

    // Stands for a name the scope will assign but has not yet.
    private static readonly object Unset = new();

    // Each turn of a loop has a scope, mostly of two names: a list is then cheaper than a dictionary.
    private (string Name, object Value)[]? _few;
    private int _count;
    private Dictionary<string, object>? _many;

    public Scope(Scope? parent, Body body)
        : this(parent)
    {
        foreach (string name in body.Unbound) Set(name, Unset);
    }

    public void Set(string name, object value)
    {
        if (_many is not null)
        {
            _many[name] = value;
            return;
        }

        _few ??= new (string, object)[Few];
        for (int i = 0; i < _count; i++)
        {
            if (_few[i].Name != name) continue;
            _few[i].Value = value;
            return;
        }

        if (_count < Few)
        {
            _few[_count++] = (name, value);
            return;
        }

        _many = _few.ToDictionary(pair => pair.Name, pair => pair.Value, StringComparer.Ordinal);
        _many[name] = value;
    }

    public object? Find(string name)
    {
        for (Scope? at = this; at is not null; at = at.Parent)
            if (at.Own(name) is { } value) return ReferenceEquals(value, Unset) ? UndefinedValue.Variable(name) : value;
        return null;
    }

    private object? Own(string name)
    {
        if (_many is not null) return _many.GetValueOrDefault(name);
        for (int i = 0; i < _count; i++)
            if (_few![i].Name == name) return _few[i].Value;
        return null;
    }

    private Scope? Parent => parent;
}
