using NpcMind.Core;

namespace NpcMind;

/// <summary>
/// Text, an image or a reply does not fit into the context, even with everything forgotten that may be. Nothing has changed.
/// </summary>
public sealed class ContextOverflowException : NpcMindException
{
    /// <summary>Creates the error.</summary>
    /// <param name="message">What takes how many tokens, how many there are, and what to do.</param>
    public ContextOverflowException(string message)
        : base(PrintableText.Escape(message))
    {
    }
}
