using Tavern.Renderer;

namespace Tavern.Play;

/// <summary>The game could not go on. The message says what happened, whether the game was saved, and what to do.</summary>
internal sealed class GameEndedException(string message, Exception inner) : Exception(message, inner)
{
    /// <summary>Returns what an exception says to a player; of those that no part of the game foresees, with their names.</summary>
    public static string What(Exception e)
    {
        string text = e.Message.ReplaceLineEndings(" ").TrimEnd('.');
        return e is RenderException or IOException or UnauthorizedAccessException or InvalidOperationException or ArgumentException ? text : $"{text} ({e.GetType().Name})";
    }
}
