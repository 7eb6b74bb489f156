namespace Tavern.Windows;

/// <summary>No window can be opened: there is no display, or the one named does not answer.</summary>
internal sealed class NoDisplayException()
    : Exception($"There is no display to open a window on (DISPLAY is '{Environment.GetEnvironmentVariable("DISPLAY")}'). Correct that, " +
        $"or play with --headless.")
{
    /// <summary>Of the game, by which scripts/play.sh knows it.</summary>
    public const int ExitCode = 3;
}
