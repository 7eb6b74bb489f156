using System.Runtime.CompilerServices;
using NpcMind.Text;

namespace NpcMind;

/// <summary>Grammars joined with the vocabulary, each once. Used by one thread.</summary>
/// <param name="tokenizer">The vocabulary.</param>
/// <param name="logits">Logits of the model, at least as many as there are tokens.</param>
internal sealed class ConstraintCache(Tokenizer tokenizer, int logits)
{
    private const int MaxGrammars = 64;
    private const int MaxStates = 16384;

    /// <summary>States that all grammars of actions together set aside memory for: about 300 bytes each.</summary>
    private const int MaxReservedStates = 160_000;

    /// <summary>States of a game's own grammar that memory is set aside for beyond its positions: nested rules have more.</summary>
    private const int NestedStates = 1024;
    private readonly Dictionary<string, TokenConstraint> _byText = new(StringComparer.Ordinal);
    private readonly ConditionalWeakTable<Grammar, TokenConstraint> _byGrammar = [];
    private readonly ConditionalWeakTable<LegalActions, LegalGrammar> _byLegal = [];

    /// <summary>States looked through at most for text that a grammar leaves no choice about, where it is compiled.</summary>
    private const int LookedThrough = 1024;
    private TokenTrie? _trie;
    private MaskPool? _masks;
    private int _reservedStates;

    /// <summary>Words of a mask, as the model wants it.</summary>
    public int MaskWords => (logits + 31) / 32;

    /// <summary>Whether text that a grammar leaves no choice about is looked for; tests that want every token chosen turn it off.</summary>
    public bool LooksAhead { get; set; } = true;

    private TokenTrie Trie => _trie ??= TokenTrie.Create(tokenizer);

    /// <summary>The constraint of a grammar.</summary>
    public TokenConstraint Get(Grammar grammar)
    {
        if (_byGrammar.TryGetValue(grammar, out TokenConstraint? known)) return known;
        known = Compile(grammar, grammar.Positions + NestedStates);
        _byGrammar.Add(grammar, known);
        return known;
    }

    /// <summary>The constraint of an action with what is legal of it now.</summary>
    public TokenConstraint Get(ActionType action, LegalActions? legal)
    {
        string gbnf = action.ToGbnf(legal);
        if (_byText.TryGetValue(gbnf, out TokenConstraint? constraint)) return constraint;
        Grammar grammar = Grammar.Parse(gbnf, action.Name);
        int states = Math.Min(MaxStates, grammar.Positions + ActionGrammar.TextStates(action, legal));
        if (_byText.Count == MaxGrammars || _reservedStates + states > MaxReservedStates)
        {
            _byText.Clear();
            _reservedStates = 0;
        }

        _reservedStates += states;
        return _byText[gbnf] = Compile(grammar, states);
    }

    /// <summary>The grammar that follows what is legal.</summary>
    public LegalGrammar Follow(LegalActions legal)
    {
        if (_byLegal.TryGetValue(legal, out LegalGrammar? known)) return known;
        LegalGrammar follower = new(this, legal);
        _byLegal.Add(legal, follower);
        legal.Follow(follower);
        return follower;
    }

    /// <summary>Computes all states and masks of an action now, so that no frame has to.</summary>
    public void Prepare(ActionType action, LegalActions? legal) => Get(action, legal).CompileAll(MaxStates);

    private TokenConstraint Compile(Grammar grammar, int states)
    {
        TokenConstraint constraint = TokenConstraint.Compile(grammar, Trie, _masks ??= new MaskPool(Trie), states);
        if (LooksAhead) constraint.FindForced(Math.Min(states, LookedThrough));
        return constraint;
    }
}

/// <summary>
/// The grammar of what is legal now. While replies use it, it is compiled where the game changes what is legal: a tick finds it ready.
/// </summary>
internal sealed class LegalGrammar(ConstraintCache cache, LegalActions legal)
{
    private TokenConstraint? _tokens;
    private GrammarException? _error;
    private int _version = -1;

    /// <summary>Replies under way that follow it.</summary>
    public int Users { get; set; }

    /// <summary>The constraint of what is legal now; known already where <see cref="Users"/> is not 0.</summary>
    /// <exception cref="GrammarException">It cannot be followed.</exception>
    public TokenConstraint Current
    {
        get
        {
            Compile();
            return _error is null ? _tokens! : throw _error;
        }
    }

    /// <summary>Says that what is legal has changed.</summary>
    public void OnChanged()
    {
        if (Users > 0) Compile();
    }

    private void Compile()
    {
        if (_version == legal.Version) return;
        _version = legal.Version;
        try
        {
            _error = null;
            _tokens = cache.Get(legal.Type, legal);
        }
        catch (GrammarException e)
        {
            _error = e;
        }
    }
}
