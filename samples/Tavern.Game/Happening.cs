namespace Tavern.Game;

public enum HappeningKind
{
    /// <summary>Somebody said something, as far as it was heard.</summary>
    Said,

    /// <summary>Somebody did something.</summary>
    Did,

    /// <summary>A character looked.</summary>
    Looked,

    /// <summary>A message to the player.</summary>
    Message,
}

/// <summary>Something for the transcript.</summary>
/// <param name="Kind">What kind of thing.</param>
/// <param name="Who">By whom; "" for the game.</param>
/// <param name="To">To whom; "" for nobody.</param>
/// <param name="Text">What.</param>
public readonly record struct Happening(HappeningKind Kind, string Who, string To, string Text);
