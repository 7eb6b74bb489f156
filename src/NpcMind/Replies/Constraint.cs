using NpcMind.Text;

namespace NpcMind;

/// <summary>Where a reply stands in the grammar it must follow: the tokens that may come next, and the bytes written so far.</summary>
internal sealed class Constraint
{
    /// <summary>Bytes of speech that memory is set aside for: more than replies have. Longer ones make it grow.</summary>
    private const int MostSpeechBytes = 1 << 16;
    private readonly ActionType? _action;
    private readonly LegalActions? _legal;
    private readonly LegalGrammar? _follows;
    private readonly uint[] _mask;
    private byte[] _bytes;
    private TokenConstraint _tokens;
    private int _version;
    private int _maskVersion;
    private int _state = -1;
    private int _maskState = -1;
    private int _count;
    private bool _inUse;

    /// <summary>The constraint of a grammar, or of an action with what is legal of it.</summary>
    /// <exception cref="GrammarException">It is too ambiguous to be followed.</exception>
    public Constraint(ConstraintCache cache, Grammar? grammar, ActionType? action, LegalActions? legal)
    {
        _action = action;
        _legal = grammar is null ? action!.Check(legal) : null;
        _follows = _legal is null ? null : cache.Follow(_legal);
        _tokens = grammar is not null ? cache.Get(grammar) : _follows?.Current ?? cache.Get(action!, null);
        _version = _legal?.Version ?? 0;
        _mask = new uint[cache.MaskWords];
        _bytes = new byte[action is null ? MostSpeechBytes : ActionGrammar.MaxBytes(action)];
    }

    /// <summary>What was written so far.</summary>
    public ReadOnlySpan<byte> Bytes => _bytes.AsSpan(0, _count);

    /// <summary>Most bytes an action can write, and so most tokens.</summary>
    public int MaxBytes => _bytes.Length;

    /// <summary>Why the grammar cannot be followed any further; null while it can. No token is taken from then on.</summary>
    public string? Error { get; private set; }

    /// <summary>Whether nothing more may be written.</summary>
    public bool MustEnd
    {
        get
        {
            try
            {
                return (_action is not null && _count == _bytes.Length) || _tokens.MustEnd(State);
            }
            catch (GrammarException e)
            {
                Error = e.Message;
                return true;
            }
        }
    }

    /// <summary>Whether the mask taken last is that of what is legal now: then a token outside it is a fault of the logits.</summary>
    public bool MaskIsCurrent => _maskVersion == _version;

    /// <summary>Tokens that may come next, for a token that is to be chosen; after <see cref="TryPrepare"/>.</summary>
    public ReadOnlySpan<uint> TakeMask()
    {
        _maskVersion = _version;
        return _mask;
    }

    /// <summary>Works out what may come next.</summary>
    /// <exception cref="GrammarException">The grammar is too ambiguous to be followed, or the vocabulary cannot write it.</exception>
    public void Begin()
    {
        if (_maskState == State) return;
        _tokens.WriteMask(State, _mask);
        if (!_mask.AsSpan().ContainsAnyExcept(0u))
            throw new GrammarException(_action?.Name ?? "grammar", 0, 0, "nothing can be written, and the vocabulary has no end token.");
        _maskState = State;
    }

    /// <summary>Works out which tokens may come next; false, with <see cref="Error"/>, when that cannot be done.</summary>
    public bool TryPrepare()
    {
        if (Error is not null) return false;
        try
        {
            Begin();
            return true;
        }
        catch (GrammarException e)
        {
            Error = e.Message;
            return false;
        }
    }

    /// <summary>
    /// Tokens that write what must come next, as far as there is no choice. None where it cannot be said, or where there is one.
    /// </summary>
    public ReadOnlySpan<int> Forced() => Error is null ? _tokens.Forced(State) : [];

    private int State => _state >= 0 ? _state : _state = Hold(_tokens.Start);

    /// <summary>Takes a token; false when it is not allowed.</summary>
    public bool TryAdvance(int token, ReadOnlySpan<byte> bytes)
    {
        if (Error is not null) return false;
        try
        {
            int next = _tokens.Advance(State, token);
            if (next < 0 || !HasRoom(_count + bytes.Length)) return false;
            Move(next);
        }
        catch (GrammarException e)
        {
            Error = e.Message;
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
            Error = e.Message;
            return false;
        }

        bytes.CopyTo(_bytes);
        _count = bytes.Length;
        return true;
    }

    /// <summary>
    /// Follows a change of what is legal. False when what was written so far has become illegal: it must be written anew, from an empty
    /// text.
    /// </summary>
    public bool UpdateLegalActions()
    {
        if (_legal is null || _legal.Version == _version) return true;
        ReleaseState();
        _version = _legal.Version;
        try
        {
            _tokens = _follows!.Current;
            int next = _tokens.AdvanceBytes(_tokens.Start, Bytes);
            if (next >= 0)
            {
                _state = Hold(next);
                return true;
            }
        }
        catch (GrammarException e)
        {
            Error = e.Message;
            return true;
        }

        _count = 0;
        return false;
    }

    /// <summary>Says that a reply follows this: from now on changes of what is legal are compiled where they are made.</summary>
    public void BeginUse()
    {
        if (_follows is not null && !_inUse) _follows.Users++;
        _inUse = true;
    }

    /// <summary>Lets the grammar's states be forgotten; the reply has ended.</summary>
    public void Release()
    {
        ReleaseState();
        if (_follows is not null && _inUse) _follows.Users--;
        _inUse = false;
    }

    private void ReleaseState()
    {
        if (_state >= 0) _tokens.Release(_state);
        _state = _maskState = -1;
    }

    private bool HasRoom(int bytes)
    {
        if (bytes <= _bytes.Length) return true;
        if (_action is not null) return false;
        Array.Resize(ref _bytes, Math.Max(bytes, 2 * _bytes.Length));
        return true;
    }

    private void Move(int next)
    {
        Hold(next);
        ReleaseState();
        _state = next;
    }

    private int Hold(int state)
    {
        _tokens.Hold(state);
        return state;
    }
}
