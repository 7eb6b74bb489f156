using NpcMind.Core;

namespace NpcMind;

/// <summary>An awaited reply failed, or can never end: the message says whose, and why.</summary>
public sealed class ReplyFailedException : NpcMindException
{
    /// <summary>Creates the error; the message is composed from the parts.</summary>
    /// <param name="name">Who was to answer.</param>
    /// <param name="reason">Why the reply failed.</param>
    public ReplyFailedException(string name, string reason)
        : base(PrintableText.Escape($"The reply of {name} failed: {reason}"))
    {
    }
}
