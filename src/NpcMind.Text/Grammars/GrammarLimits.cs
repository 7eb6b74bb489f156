namespace NpcMind.Text.Grammars;

/// <summary>What a grammar may ask for. Mods come from strangers: every loop and every table below is bounded by one of these.</summary>
internal static class GrammarLimits
{
    /// <summary>UTF-16 units of text.</summary>
    public const int TextLength = 1 << 20;

    /// <summary>Groups inside groups.</summary>
    public const int Nesting = 100;

    /// <summary>Repetition marks on one item.</summary>
    public const int Marks = 4;

    /// <summary>Highest number in {m,n}.</summary>
    public const int Repetition = 10_000;

    /// <summary>Positions of the compiled grammar, repetitions written out.</summary>
    public const int Positions = 250_000;

    /// <summary>Byte edges of the compiled grammar.</summary>
    public const int Edges = 1_500_000;

    /// <summary>
    /// Rules open inside one another while text is matched. Tokens that would open more are not allowed, and neither are those after which
    /// the text could only be completed by opening more, so that the limit never leads into a dead end.
    /// </summary>
    public const int Depth = 256;

    /// <summary>Readings of the same text that are followed at once.</summary>
    public const int Readings = 16_384;

    /// <summary>States that one call may add.</summary>
    public const int NewStates = 65_536;

    /// <summary>Readings that one call may follow, in all states together.</summary>
    public const long Work = 5_000_000;
}
