namespace NpcMind;

/// <summary>What a line of a conversation is.</summary>
public enum ConversationTurnKind
{
    /// <summary>Was said to the character.</summary>
    Heard,

    /// <summary>Was said near the character.</summary>
    Overheard,

    /// <summary>The character's answer.</summary>
    Said,
}

/// <summary>A line of the conversation that a character remembers.</summary>
/// <param name="Kind">What it is.</param>
/// <param name="Speaker">Who spoke; "" for the game's own words. The character's name where it is its answer.</param>
/// <param name="Text">What was said, without thoughts and actions.</param>
/// <remarks>The game's own words that begin like a line ("Rain: it pours.") are read back as one: speaker "Rain".</remarks>
public sealed record ConversationTurn(ConversationTurnKind Kind, string Speaker, string Text)
{
    /// <summary>How many images the character saw with a line that it heard. Ignored where a conversation is set.</summary>
    public int Images { get; init; }
}
