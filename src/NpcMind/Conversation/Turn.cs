namespace NpcMind;

/// <summary>Something seen and heard, and what was answered.</summary>
internal sealed class Turn(string heard, IReadOnlyList<TurnImage>? seen = null)
{
    private string? _said;

    /// <summary>Lines overheard before it, then what was said.</summary>
    public string Heard { get; private set; } = heard;

    /// <summary>Characters of <see cref="Heard"/>, from its start, that were overheard.</summary>
    public int OverheardCharacters { get; set; }

    /// <summary>What was said to the character, without what it overheard before.</summary>
    public string Spoken => Heard[OverheardCharacters..];

    /// <summary>Pictures that stand before what was heard.</summary>
    public IReadOnlyList<TurnImage> Seen { get; } = seen ?? [];

    /// <summary>Tokens from the end of the last answer to the start of this one.</summary>
    public int HeardTokens { get; set; }

    /// <summary>Tokens of the answer, its action included.</summary>
    public int SaidTokens { get; set; }

    public Reply? Reply { get; set; }

    /// <summary>Whether the answer's tokens are those of its text and no longer those of <see cref="Reply"/>.</summary>
    public bool IsRewritten { get; set; }

    /// <summary>The answer without its action and its thoughts.</summary>
    [System.Diagnostics.CodeAnalysis.AllowNull]
    public string Said
    {
        get => _said ?? Reply?.Said ?? "";
        set => _said = value;
    }

    /// <summary>Keeps only what was said.</summary>
    public void ForgetOverheard()
    {
        Heard = Spoken;
        OverheardCharacters = 0;
    }
}

/// <summary>A turn that is about to begin.</summary>
/// <param name="Heard">Overheard lines, then what is said.</param>
/// <param name="OverheardCharacters">Characters of the overheard lines.</param>
/// <param name="Seen">Pictures before it.</param>
/// <param name="Tokens">All of it in tokens: as the first turn where there is none yet, else as a later one.</param>
/// <param name="SpokenTokens">How many it would be without the overheard lines.</param>
/// <param name="ReplyTokens">Room that its reply needs.</param>
internal readonly record struct NewTurn(
    string Heard, int OverheardCharacters, List<TurnImage> Seen, int[] Tokens, int SpokenTokens, int ReplyTokens);
