namespace NpcMind;

/// <summary>How urgent a character's thoughts are.</summary>
public enum NpcPriority
{
    /// <summary>Speaks to the player: thinks before all others.</summary>
    Foreground,

    /// <summary>The priority of a new character.</summary>
    Normal,

    /// <summary>Thinks when there is time.</summary>
    Background,
}
