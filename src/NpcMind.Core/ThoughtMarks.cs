namespace NpcMind;

/// <summary>What a model that thinks before it speaks writes around its thoughts.</summary>
/// <param name="Open">Begins a thought, e.g. <c>&lt;think></c>.</param>
/// <param name="Close">Ends it, e.g. <c>&lt;/think></c>.</param>
public sealed record ThoughtMarks(string Open, string Close);
