namespace Tavern.Game;

/// <summary>What a game is started with.</summary>
public sealed record GameOptions
{
    public required string WorldFile { get; init; }

    public string SaveFolder { get; init; } = Path.Combine(
        Environment.GetFolderPath(Environment.SpecialFolder.LocalApplicationData, Environment.SpecialFolderOption.DoNotVerify), "NpcMind",
        "Tavern");

    public MindSettings Minds { get; init; } = new();

    /// <summary>GPU milliseconds of a frame for the minds; null for what suits the frames (<see cref="MindBudget"/>).</summary>
    public double? Budget { get; init; }

    public bool Gossip { get; init; } = true;

    /// <summary>Whether somebody plays who sets options, which are kept, and is told the keys; not so where a script plays.</summary>
    public bool HasPlayer { get; init; }

    /// <summary>Story file; null for none.</summary>
    public string? StoryFile { get; init; }

    /// <summary>Whether a new game begins with the story; else <see cref="GameLoop.BeginStory"/> does.</summary>
    public bool BeginsStory { get; init; }
}
