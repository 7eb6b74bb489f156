namespace NpcMind;

/// <summary>
/// What several characters begin with: a world, a faction. It is read once, within budgets, and shared in memory. Never spilled or dropped.
/// Owned by its runtime; used on the game's thread.
/// </summary>
public sealed class Prefix : IDisposable
{
    internal Prefix(NpcRuntime runtime, Prefix? parent, string text, Mind mind)
    {
        Runtime = runtime;
        Parent = parent;
        Text = text;
        Mind = mind;
    }

    /// <summary>Runtime it belongs to.</summary>
    public NpcRuntime Runtime { get; }

    /// <summary>Prefix it begins with; null for a root.</summary>
    public Prefix? Parent { get; }

    /// <summary>All of it, with what it begins with.</summary>
    public string Text { get; }

    /// <summary>Tokens of it, with what it begins with.</summary>
    public int Tokens => Mind.Tokens.Count;

    /// <summary>Whether it has been read. Characters made before wait for it.</summary>
    public bool IsReady => Runtime.Scheduler.Committed(Mind) >= Mind.Tokens.Count;

    internal Mind Mind { get; }

    /// <summary>Makes a prefix that begins with this one.</summary>
    /// <param name="text">What is added, e.g. what a faction knows.</param>
    /// <exception cref="ContextOverflowException">It does not fit into the context.</exception>
    /// <exception cref="InvalidOperationException">There are <see cref="NpcRuntimeOptions.MaxPrefixes"/> already.</exception>
    public Prefix CreatePrefix(string text) => Runtime.CreatePrefix(text, this);

    /// <summary>Makes a character that begins with this prefix.</summary>
    /// <param name="name">
    /// Its name, which no other living character of the runtime has: it seeds the random choices, and <see
    /// cref="NpcRuntime.LoadNpc(Stream, Prefix)"/> replaces who has it.
    /// </param>
    /// <param name="persona">Who it is, in the model's language; follows the prefix in the system prompt.</param>
    /// <exception cref="ContextOverflowException">It does not fit into the context.</exception>
    /// <exception cref="ArgumentException">A living character has the name, or it is empty.</exception>
    /// <exception cref="InvalidOperationException">There are <see cref="NpcRuntimeOptions.MaxNpcs"/> already, or as many that were removed
    /// in this frame: tick first.</exception>
    /// <exception cref="ObjectDisposedException">The runtime or the prefix was disposed.</exception>
    public Npc CreateNpc(string name, string persona) => Runtime.CreateNpc(name, persona, this);

    /// <summary>Frees it. Characters that began with it live on.</summary>
    public void Dispose()
    {
        Runtime.CheckThread();
        Runtime.Remove(this);
    }
}
