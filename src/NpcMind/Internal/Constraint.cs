using NpcMind.Text;

namespace NpcMind;

/// <summary>Where a reply stands in the grammar it must follow: the tokens that may come next, and the bytes written so far.</summary>
internal sealed class Constraint(ConstraintCache cache, Grammar? grammar, ActionType? action, LegalActions? legal)
{
    private byte[] _bytes = new byte[action is null ? 4096 : ActionGrammar.MaxBytes(action)]; // a speech is as long as its tokens: it grows
    private TokenConstraint _tokens = cache.Get(grammar, action, legal);
    private int _version = legal?.Version ?? 0;
    private int _state = -1;
    private int _count;

    /// <summary>What was written so far.</summary>
    public ReadOnlySpan<byte> Bytes => _bytes.AsSpan(0, _count);

    /// <summary>Most bytes an action can write, and so most tokens.</summary>
    public int MaxBytes => _bytes.Length;

    /// <summary>Why the grammar cannot be followed any further; null while it can. No token is taken from then on.</summary>
    public string? Trouble { get; private set; }

    /// <summary>Whether nothing more may be written.</summary>
    public bool MustEnd
    {
        get
        {
            try
            {
                return (action is not null && _count == _bytes.Length) || _tokens.MustEnd(State);
            }
            catch (GrammarException e)
            {
                Trouble = e.Message;
                return true;
            }
        }
    }

    /// <summary>Tokens that may come next; after <see cref="TryPrepare"/>.</summary>
    public ReadOnlySpan<uint> Mask => _tokens.Mask(State);

    /// <summary>Works out what may come at the beginning.</summary>
    /// <exception cref="GrammarException">The grammar is too ambiguous to be followed, or the vocabulary cannot write it.</exception>
    public void Begin() => _ = _tokens.Mask(State);

    /// <summary>Works out which tokens may come next; false, with <see cref="Trouble"/>, when that cannot be done.</summary>
    public bool TryPrepare()
    {
        if (Trouble is not null) return false;
        try
        {
            Begin();
            return true;
        }
        catch (GrammarException e)
        {
            Trouble = e.Message;
            return false;
        }
    }

    private int State => _state >= 0 ? _state : _state = Hold(_tokens.Start);

    /// <summary>Takes a token; false when it is not allowed.</summary>
    public bool TryAdvance(int token, ReadOnlySpan<byte> bytes)
    {
        if (Trouble is not null) return false;
        try
        {
            int next = _tokens.Advance(State, token);
            if (next < 0 || !HasRoom(_count + bytes.Length)) return false;
            Move(next);
        }
        catch (GrammarException e)
        {
            Trouble = e.Message;
            return false;
        }

        bytes.CopyTo(_bytes.AsSpan(_count));
        _count += bytes.Length;
        return true;
    }

    /// <summary>Starts over with text written before, for a restored reply; false when the grammar does not allow it.</summary>
    public bool TryReplay(ReadOnlySpan<byte> bytes)
    {
        try
        {
            int next = _tokens.AdvanceBytes(_tokens.Start, bytes);
            if (next < 0 || !HasRoom(bytes.Length)) return false;
            Move(next);
        }
        catch (GrammarException e)
        {
            Trouble = e.Message;
            return false;
        }

        bytes.CopyTo(_bytes);
        _count = bytes.Length;
        return true;
    }

    /// <summary>Follows a change of what is legal. False when what was written so far has become illegal: it must be written anew, from an empty text.</summary>
    public bool FollowLegal()
    {
        if (legal is null || legal.Version == _version) return true;
        Release();
        _version = legal.Version;
        try
        {
            _tokens = cache.Get(grammar, action, legal);
            int next = _tokens.AdvanceBytes(_tokens.Start, Bytes);
            if (next >= 0)
            {
                _state = Hold(next);
                return true;
            }
        }
        catch (GrammarException e)
        {
            Trouble = e.Message;
            return true;
        }

        _count = 0;
        return false;
    }

    /// <summary>Lets the grammar's states be forgotten.</summary>
    public void Release()
    {
        if (_state >= 0) _tokens.Release(_state);
        _state = -1;
    }

    private bool HasRoom(int bytes)
    {
        if (bytes <= _bytes.Length) return true;
        if (action is not null) return false;
        Array.Resize(ref _bytes, Math.Max(bytes, 2 * _bytes.Length));
        return true;
    }

    private void Move(int next)
    {
        Hold(next);
        Release();
        _state = next;
    }

    private int Hold(int state)
    {
        _tokens.Hold(state);
        return state;
    }
}

/// <summary>Grammars joined with the vocabulary, each once. Used by one thread.</summary>
internal sealed class ConstraintCache(Tokenizer tokenizer)
{
    private const int MaxGrammars = 64;
    private const int MaxStates = 16384;
    private readonly Dictionary<string, TokenConstraint> _byText = new(StringComparer.Ordinal);
    private readonly Dictionary<Grammar, TokenConstraint> _byGrammar = [];
    private TokenTrie? _trie;

    /// <summary>The constraint of a grammar, or of an action with what is legal of it.</summary>
    public TokenConstraint Get(Grammar? grammar, ActionType? action, LegalActions? legal)
    {
        if (grammar is not null)
        {
            if (_byGrammar.TryGetValue(grammar, out TokenConstraint? known)) return known;
            if (_byGrammar.Count == MaxGrammars) _byGrammar.Clear(); // each load of a save brings a grammar of its own
            return _byGrammar[grammar] = Compile(grammar);
        }

        string gbnf = action!.ToGbnf(legal);
        if (_byText.TryGetValue(gbnf, out TokenConstraint? constraint)) return constraint;
        if (_byText.Count == MaxGrammars) _byText.Clear();
        return _byText[gbnf] = Compile(Grammar.Parse(gbnf, action.Name));
    }

    /// <summary>Computes all states and masks of an action now, so that no frame has to.</summary>
    public void Prepare(ActionType action, LegalActions? legal) => Get(null, action, legal).CompileAll(MaxStates);

    private TokenConstraint Compile(Grammar grammar) => TokenConstraint.Compile(grammar, _trie ??= TokenTrie.Create(tokenizer));
}
