namespace Tavern.World;

/// <summary>Which part of everything that can be made: what is held out never occurs in training, by construction.</summary>
public enum Split
{
    Train,
    Held,
}
