using NpcMind.Text.Grammars;

namespace NpcMind.Text;

/// <summary>
/// A grammar over the tokens of a vocabulary: which tokens may come next, exactly. A state is a number that stands for the text written so
/// far; states and masks are computed when first asked for, or all at once by <see cref="CompileAll"/>, and then cost no allocation. One
/// thread at a time.
/// </summary>
/// <remarks>
/// Grammars that nest have states without end. When more than the number given to <see cref="Compile(Grammar, TokenTrie, int)"/> are known,
/// or states or masks pass 64 MiB, all are forgotten but the start, those held by <see cref="Hold"/>, and the one in use by the call.
/// Whoever keeps the states of several texts over calls holds them; a forgotten state is refused, never mistaken.
/// </remarks>
internal sealed class TokenConstraint
{
    private const int SlotBits = 20, GenerationMask = (1 << (31 - SlotBits)) - 1, SlotMask = (1 << SlotBits) - 1,
    MaxStatesLimit = SlotMask / 2;
    private const int NoMask = -1;

    /// <summary>Bytes looked ahead at most for what must follow.</summary>
    private const int MostForced = 128;

    /// <summary>Tokens above which a mask is worth keeping: where fewer are allowed, most of the tree is left out.</summary>
    private const int DearTokens = 256;
    private const int MaxCachedStates = 16_384;
    private const long MaxBytes = 64L << 20;
    private readonly Grammar _grammar;
    private readonly TokenTrie _trie;
    private readonly ByteAutomaton _automaton;
    private readonly MaskTable _masks = new();
    private readonly int _maxStates;
    private readonly int[] _path;
    private readonly uint[] _scratch;
    private readonly MaskPool? _recent;
    private Slot[] _slots = new Slot[64];
    private bool[] _keep = [];

    private TokenConstraint(Grammar grammar, TokenTrie trie, int maxStates, MaskPool? recent = null)
    {
        _grammar = grammar;
        _trie = trie;
        _maxStates = maxStates;
        _recent = recent;
        _automaton = new ByteAutomaton(grammar.Program, grammar.Name);
        _path = new int[trie.Levels + 1];
        _scratch = new uint[MaskLength];
        Array.Fill(_slots, Slot.Fresh);
    }

    /// <summary>The state before any text.</summary>
    public int Start => Id(_automaton.Start);

    /// <summary>Words of a mask: one bit for each token of the vocabulary, rounded up.</summary>
    public int MaskLength => (_trie.VocabularySize + 31) / 32;

    /// <summary>States known now, those between the bytes of tokens included.</summary>
    public int StateCount => _automaton.Count;

    /// <summary>
    /// Distinct masks known now; valid indices of <see cref="MaskAt"/> are below it. Grows until <see cref="Epoch"/> changes.
    /// </summary>
    public int MaskCount => _masks.Count;

    /// <summary>How often states were forgotten. When it changes, mask indices start anew.</summary>
    public int Epoch { get; private set; }

    /// <summary>Joins a grammar and a vocabulary.</summary>
    /// <exception cref="GrammarException">The grammar is too ambiguous to be followed.</exception>
    public static TokenConstraint Compile(Grammar grammar, Tokenizer tokenizer) => Compile(grammar, TokenTrie.Create(tokenizer));

    /// <summary>Joins a grammar and a vocabulary that is already a tree.</summary>
    /// <param name="grammar">What may be written.</param>
    /// <param name="vocabulary">The tokens.</param>
    /// <param name="maxStates">States remembered at most between calls; one call can add up to 65,536.</param>
    /// <exception cref="GrammarException">The grammar is too ambiguous to be followed.</exception>
    public static TokenConstraint Compile(Grammar grammar, TokenTrie vocabulary, int maxStates = MaxCachedStates)
    {
        ArgumentNullException.ThrowIfNull(grammar);
        ArgumentNullException.ThrowIfNull(vocabulary);
        ArgumentOutOfRangeException.ThrowIfLessThan(maxStates, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(maxStates, MaxStatesLimit);
        return new TokenConstraint(grammar, vocabulary, maxStates);
    }

    /// <summary>Joins a grammar and a vocabulary, and sets aside memory: until more states are known, only this allocates.</summary>
    /// <param name="grammar">What may be written.</param>
    /// <param name="vocabulary">The tokens.</param>
    /// <param name="masks">Keeps masks that are dear to compute; for <see cref="WriteMask"/>.</param>
    /// <param name="states">States to set aside memory for; at most 16,384 are.</param>
    /// <exception cref="GrammarException">The grammar is too ambiguous to be followed.</exception>
    public static TokenConstraint Compile(Grammar grammar, TokenTrie vocabulary, MaskPool masks, int states)
    {
        ArgumentNullException.ThrowIfNull(grammar);
        ArgumentNullException.ThrowIfNull(vocabulary);
        ArgumentNullException.ThrowIfNull(masks);
        TokenConstraint constraint = new(grammar, vocabulary, MaxCachedStates, masks);
        states = Math.Clamp(states, 1, MaxCachedStates);
        constraint._automaton.Reserve(states);
        constraint.Grow(states);
        return constraint;
    }

    /// <summary>
    /// The state after a token; -1 when it is not allowed. A token that ends the answer leaves the state as it is where the text can end.
    /// </summary>
    public int Advance(int state, int token)
    {
        int slot = Enter(state);
        if (_trie.IsEnd(token)) return _automaton.IsComplete(slot) ? state : -1;
        ReadOnlySpan<byte> bytes = _trie.Written(token);
        return bytes.IsEmpty ? -1 : Follow(slot, bytes);
    }

    /// <summary>
    /// The state after bytes of a text; -1 when they are not allowed. Restores a state from the text written since <see cref="Start"/>.
    /// </summary>
    public int AdvanceBytes(int state, ReadOnlySpan<byte> bytes) => Follow(Enter(state), bytes);

    /// <summary>
    /// The tokens allowed in a state: token i is bit i % 32 of word i / 32. Tokens that end the answer are among them where the text can
    /// end.
    /// </summary>
    /// <remarks>None only where <see cref="MustEnd"/> is true and the vocabulary has no token that ends an answer. The span stays as it
    /// is.</remarks>
    /// <exception cref="GrammarException">The text is not complete and the vocabulary has no token to go on with.</exception>
    public ReadOnlySpan<uint> Mask(int state) => _masks[MaskIndex(state)];

    /// <summary>Index of a state's mask among the distinct masks: states with the same index allow the same tokens.</summary>
    /// <exception cref="GrammarException">The text is not complete and the vocabulary has no token to go on with.</exception>
    public int MaskIndex(int state)
    {
        int slot = Enter(state);
        return At(slot).Mask != NoMask ? At(slot).Mask : Intern(slot, null);
    }

    /// <summary>Writes what <see cref="Mask"/> returns into memory of the caller, and keeps no new mask: allocates nothing.</summary>
    /// <param name="state">The text so far.</param>
    /// <param name="mask"><see cref="MaskLength"/> words or more; those beyond are cleared.</param>
    /// <exception cref="GrammarException">The text is not complete and the vocabulary has no token to go on with.</exception>
    public void WriteMask(int state, Span<uint> mask)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(mask.Length, MaskLength, nameof(mask));
        int slot = Enter(state);
        mask[MaskLength..].Clear();
        mask = mask[..MaskLength];
        ref Slot at = ref At(slot);
        if (at.Mask != NoMask)
        {
            _masks[at.Mask].CopyTo(mask);
            return;
        }

        if (_recent?.TryRead(at.Recent, mask) == true) return;
        int allowed = Walk(slot, mask, null);
        if (_recent is not null && allowed > DearTokens) At(slot).Recent = _recent.Keep(mask);
    }

    /// <summary>
    /// The tokens that the vocabulary writes with what must follow, up to where there is a choice; the last of them is left out, because
    /// it may be written in one with what is chosen. None where there is a choice at once, or the text would be split otherwise.
    /// </summary>
    /// <remarks>None, too, where <see cref="FindForced(int)"/> has not been: this allocates nothing.</remarks>
    public ReadOnlySpan<int> Forced(int state) => At(Check(state)).Forced;

    /// <summary>
    /// Finds what <see cref="Forced"/> returns, for the first states of the grammar; no more than that where it is too ambiguous to look
    /// far.
    /// </summary>
    /// <param name="states">How many at most, those between the bytes of tokens included.</param>
    public void FindForced(int states)
    {
        Enter(Start);
        List<int> reached = [_automaton.Start];
        HashSet<int> known = [_automaton.Start];
        try
        {
            for (int i = 0; i < Math.Min(reached.Count, states) && !IsFull; i++)
            {
                At(reached[i]).Forced = ForcedFrom(reached[i]);
                _automaton.AddNext(reached[i], reached, known);
            }
        }
        catch (GrammarException)
        {
            // Whoever writes a text that leads there is told.
        }
    }

    /// <summary>A distinct mask; see <see cref="MaskIndex"/>.</summary>
    public ReadOnlySpan<uint> MaskAt(int index)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(index);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(index, _masks.Count);
        return _masks[index];
    }

    /// <summary>Whether the text is complete.</summary>
    public bool CanEnd(int state) => _automaton.IsComplete(Check(state));

    /// <summary>Whether the text is complete and nothing can follow.</summary>
    public bool MustEnd(int state) => Check(state) is var slot && _automaton.IsComplete(slot) && !_automaton.Continues(slot);

    /// <summary>Keeps a state from being forgotten until as many calls of <see cref="Release"/>.</summary>
    public void Hold(int state) => At(Check(state)).Holds++;

    /// <summary>Undoes one <see cref="Hold"/>.</summary>
    /// <exception cref="ArgumentException">The state is not held.</exception>
    public void Release(int state)
    {
        ref Slot slot = ref At(Check(state));
        if (slot.Holds == 0) throw new ArgumentException($"State {state} is not held. Call Release once for each Hold.", nameof(state));
        slot.Holds--;
    }

    /// <summary>Computes every state that tokens lead to, and its mask: afterwards nothing is computed or allocated any more.</summary>
    /// <param name="maxStates">States between tokens computed at most.</param>
    /// <returns>Whether that was all. False for grammars with more states, or without end: the rest is computed when asked for.</returns>
    /// <exception cref="GrammarException">In a state that tokens lead to the text is not complete and the vocabulary has no token to go on
    /// with.</exception>
    public bool CompileAll(int maxStates)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(maxStates, 1);
        Enter(Start);
        List<int> reached = [_automaton.Start];
        HashSet<int> known = [_automaton.Start];
        for (int i = 0; i < reached.Count; i++)
        {
            if (i == maxStates || IsFull) return false;
            _automaton.BeginWork();
            Intern(reached[i], state =>
            {
                if (known.Add(state)) reached.Add(state);
            });
        }

        return true;
    }

    private int[]? ForcedFrom(int slot)
    {
        Span<byte> text = stackalloc byte[MostForced];
        int count = 0;
        for (int at = slot; count < text.Length; count++)
        {
            int only = _automaton.Only(at);
            if (only < 0) break;
            text[count] = (byte)only;
            at = _automaton.Next(at, (byte)only);
        }

        int[] tokens = count == 0 ? [] : _trie.Encode(text[..count]);
        return tokens.Length < 2 ? null : tokens[..^1];
    }

    private int Intern(int slot, Action<int>? reached)
    {
        Walk(slot, _scratch, reached);
        return At(slot).Mask = _masks.Intern(_scratch);
    }

    /// <summary>
    /// Computes a state's mask: the tokens of the tree whose bytes the grammar allows, whole branches left out where it does not.
    /// </summary>
    /// <returns>How many these are.</returns>
    private int Walk(int slot, Span<uint> mask, Action<int>? reached)
    {
        mask.Clear();
        int allowed = 0;
        byte[] bytes = _trie.Byte;
        TokenTrie.Node[] nodes = _trie.Nodes;
        _path[0] = slot;
        for (int node = 0; node < bytes.Length;)
        {
            int level = nodes[node].Level, next = _automaton.Next(_path[level], bytes[node]);
            if (next != ByteAutomaton.None && nodes[node].RestLength > 0) next = FollowSlots(next, _trie.Rest(nodes[node]));
            if (next == ByteAutomaton.None)
            {
                node = nodes[node].Skip;
                continue;
            }

            _path[level + 1] = next;
            int first = nodes[node].FirstToken, end = nodes[++node].FirstToken;
            if (first == end) continue;
            allowed += end - first;
            for (int i = first; i < end; i++) Allow(mask, _trie.Tokens[i]);
            reached?.Invoke(next);
        }

        if (_automaton.IsComplete(slot))
            foreach (int token in _trie.Ends) Allow(mask, token);
        else if (allowed == 0)
            throw new GrammarException(_grammar.Name, 0, 0,
                "after some text no token of the vocabulary can go on, and the text is not complete. Use characters that the vocabulary " +
                "can write, or a vocabulary with a token for each byte.");
        return allowed;
    }

    private static void Allow(Span<uint> mask, int token) => mask[token >> 5] |= 1u << token;

    private int Follow(int slot, ReadOnlySpan<byte> bytes)
    {
        int last = FollowSlots(slot, bytes);
        return last == ByteAutomaton.None ? -1 : Id(last);
    }

    private int FollowSlots(int slot, ReadOnlySpan<byte> bytes)
    {
        foreach (byte value in bytes)
        {
            slot = _automaton.Next(slot, value);
            if (slot == ByteAutomaton.None) return slot;
        }

        return slot;
    }

    /// <summary>Begins a call that may compute: makes room first, because during it every state counts.</summary>
    private int Enter(int state)
    {
        int slot = Check(state);
        _automaton.BeginWork();
        if (IsFull) Forget(slot);
        return slot;
    }

    private bool IsFull => _automaton.Count > _maxStates || _automaton.Bytes > MaxBytes || _masks.Bytes > MaxBytes;

    private void Forget(int inUse)
    {
        if (_keep.Length < _automaton.Capacity) _keep = new bool[Math.Max(_slots.Length, _automaton.Capacity)];
        Span<bool> keep = _keep.AsSpan(0, _automaton.Capacity);
        for (int slot = 0; slot < keep.Length; slot++)
        {
            ref Slot at = ref At(slot);
            keep[slot] = slot == inUse || slot == _automaton.Start || at.Holds > 0;
            at.Mask = NoMask;
            at.Recent = default;
            if (!keep[slot]) at.Forced = null;
            if (!keep[slot] && _automaton.IsKnown(slot)) at.Generation = (at.Generation + 1) & GenerationMask;
        }

        _masks.Clear();
        _automaton.Forget(keep);
        Epoch++;
    }

    private int Check(int state)
    {
        int slot = state & SlotMask;
        if (state < 0 || !_automaton.IsKnown(slot) || At(slot).Generation != state >> SlotBits)
            throw new ArgumentException(
                $"State {state} is none of this constraint, or was forgotten. Keep states of several texts with Hold.", nameof(state));
        return slot;
    }

    private int Id(int slot) => (At(slot).Generation << SlotBits) | slot;

    private ref Slot At(int slot)
    {
        if (slot >= _slots.Length) Grow(Math.Max(_automaton.Capacity, 2 * _slots.Length));
        return ref _slots[slot];
    }

    private void Grow(int slots)
    {
        int length = _slots.Length;
        if (slots <= length) return;
        Array.Resize(ref _slots, slots);
        Array.Fill(_slots, Slot.Fresh, length, slots - length);
    }

    private struct Slot
    {
        public static readonly Slot Fresh = new() { Mask = NoMask };

        public int Mask, Holds, Generation;
        public MaskPool.Place Recent;
        public int[]? Forced;
    }
}
