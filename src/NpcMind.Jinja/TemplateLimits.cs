namespace NpcMind.Jinja;

/// <summary>How much a template may use. It comes with a model file and is not trusted.</summary>
internal sealed record TemplateLimits
{
    /// <summary>The limits used when none are given.</summary>
    public static TemplateLimits Default { get; } = new();

    /// <summary>
    /// Most work for one rendering: one step for each part of the template evaluated and each item visited, more for long texts.
    /// A conversation of a hundred turns needs some ten thousand.
    /// </summary>
    public long Steps { get; init; } = 10_000_000;

    /// <summary>
    /// Longest text (UTF-16 units) and list (items) that may exist, the output included. Also the longest template source.
    /// </summary>
    public int Length { get; init; } = 2_000_000;

    /// <summary>
    /// Deepest nesting of tags, expressions, values and macro calls. Ends sooner with an error, not a crash, on a thread with a small
    /// stack.
    /// </summary>
    public int Depth { get; init; } = 1000;
}
