namespace NpcMind.Text.Jinja;

/// <summary>Variables of one scope and, through its parents, of those around it. The outermost is what the caller passed in.</summary>
internal sealed class Scope(Scope? parent)
{
    // Stands for a name the scope will assign but has not yet.
    private static readonly object Unset = new();

    private Dictionary<string, object>? _values;

    public Scope(Scope? parent, Body body)
        : this(parent)
    {
        foreach (string name in body.Unbound) Set(name, Unset);
    }

    public void Set(string name, object value) => (_values ??= new(StringComparer.Ordinal))[name] = value;

    public object? Find(string name)
    {
        for (Scope? at = this; at is not null; at = at.Parent)
            if (at._values is not null && at._values.TryGetValue(name, out object? value)) return ReferenceEquals(value, Unset) ? UndefinedValue.Variable(name) : value;
        return null;
    }

    private Scope? Parent => parent;
}
