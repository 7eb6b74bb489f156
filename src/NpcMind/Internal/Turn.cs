namespace NpcMind;

/// <summary>Something seen and heard, and what was answered.</summary>
internal sealed class Turn(string heard, IReadOnlyList<Sight>? seen = null)
{
    private string? _said;

    public string Heard { get; } = heard;

    /// <summary>Pictures that stand before what was heard.</summary>
    public IReadOnlyList<Sight> Seen { get; } = seen ?? [];

    /// <summary>Tokens from the end of the last answer to the start of this one.</summary>
    public int HeardTokens { get; set; }

    /// <summary>Tokens of the answer, its action included.</summary>
    public int SaidTokens { get; set; }

    public Reply? Reply { get; set; }

    /// <summary>The answer without its action and its thoughts.</summary>
    [System.Diagnostics.CodeAnalysis.AllowNull]
    public string Said
    {
        get => _said ?? Reply?.Said ?? "";
        set => _said = value;
    }
}
