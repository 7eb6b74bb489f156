namespace NpcMind.Jinja;

/// <summary>
/// Names one scope reads and assigns, in the order written. A name read first keeps the value it has around; a name assigned first is new
/// and unset until assigned, unless only some branches of an <c>if</c> assign it. Branches are layers over their scope.
/// </summary>
internal sealed class SymbolTable(SymbolTable? outer, SymbolTable? below = null)
{
    private readonly Dictionary<string, bool> _unbound = [];
    private readonly HashSet<string> _stored = [];

    public SymbolTable Branch() => new(outer, this);

    public string[] Unbound => [.. _unbound.Where(name => name.Value).Select(name => name.Key)];

    public void Read(string name)
    {
        if (!IsKnown(name)) _unbound[name] = false;
    }

    public void Assign(string name)
    {
        _stored.Add(name);
        if (!IsKnownHere(name)) _unbound[name] = outer is null || !outer.IsKnown(name);
    }

    public void Parameter(string name)
    {
        _stored.Add(name);
        _unbound[name] = false;
    }

    public void Merge(SymbolTable[] branches)
    {
        Dictionary<string, int> counts = [];
        foreach (SymbolTable branch in branches)
            foreach (string name in branch._stored)
                if (!IsStored(name)) counts[name] = counts.GetValueOrDefault(name) + 1;
        foreach (SymbolTable branch in branches)
        {
            foreach ((string name, bool unbound) in branch._unbound) _unbound[name] = unbound;
            _stored.UnionWith(branch._stored);
        }

        foreach ((string name, int count) in counts)
            if (count < branches.Length) _unbound[name] = false;
    }

    private bool IsKnownHere(string name)
    {
        for (SymbolTable? at = this; at is not null; at = at.Below)
            if (at._unbound.ContainsKey(name)) return true;
        return false;
    }

    private bool IsStored(string name)
    {
        for (SymbolTable? at = this; at is not null; at = at.Below)
            if (at._stored.Contains(name)) return true;
        return false;
    }

    private bool IsKnown(string name)
    {
        for (SymbolTable? at = this; at is not null; at = at.Outer)
            if (at.IsKnownHere(name)) return true;
        return false;
    }

    private SymbolTable? Below => below;

    private SymbolTable? Outer => outer;
}
