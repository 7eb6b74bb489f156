namespace NpcMind;

/// <summary>
/// What a file, a save, a player's words, a model or the driver did wrong: every failure that is not misuse of the API. One
/// <c>catch (NpcMindException)</c> handles them all; the message says what happened, to which file or option, and what to do.
/// </summary>
/// <remarks>Misuse (null, a disposed object, an option out of its range) throws the types of .NET for it.</remarks>
public abstract class NpcMindException : Exception
{
    private protected NpcMindException(string message, Exception? inner = null)
        : base(message, inner)
    {
    }
}
