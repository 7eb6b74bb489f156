namespace NpcMind.Text;

/// <summary>
/// A stretch of a rendered prompt. Control tokens (such as the ones that open and close a turn) are recognised only where every character
/// of them is trusted, so that words of a player stay words. Apart from that the segments of a prompt are one text: tokens may span their
/// borders.
/// </summary>
/// <param name="Text">The characters, any length; ill-formed UTF-16 becomes U+FFFD.</param>
/// <param name="Trusted">True for the template's own scaffolding, false for everything that came from outside.</param>
internal readonly record struct PromptSegment(string Text, bool Trusted);
