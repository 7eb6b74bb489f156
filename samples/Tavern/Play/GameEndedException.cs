using NpcMind;
using Tavern.Renderer;

namespace Tavern.Play;

/// <summary>The game could not go on. The message says what happened, whether the game was saved, and what to do.</summary>
internal sealed class GameEndedException(string message, Exception cause) : Exception(message, cause)
{
    /// <summary>Whether no part of the game expects what happened: a developer wants to know where.</summary>
    public bool IsUnforeseen => !IsForeseen(InnerException!);

    /// <summary>Returns what an exception says to a player; of unforeseen ones with their names.</summary>
    public static string What(Exception e)
    {
        string text = e.Message.ReplaceLineEndings(" ").TrimEnd('.');
        return IsForeseen(e) ? text : $"{text} ({e.GetType().Name})";
    }

    private static bool IsForeseen(Exception e) =>
        e is NpcMindException or RenderException or IOException or UnauthorizedAccessException or InvalidOperationException
        or ArgumentException;
}
