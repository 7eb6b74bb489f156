namespace NpcMind.Text;

/// <summary>One turn of a conversation.</summary>
/// <param name="Role">Who speaks: <c>system</c>, <c>user</c>, <c>assistant</c>, or another role the template knows.</param>
/// <param name="Content">What is said. May hold anything; it never becomes a control token when <see cref="ChatTemplate.RenderSegments(IReadOnlyList{ChatMessage}, bool, IReadOnlyDictionary{string, string}?, DateTime?)"/> is used.</param>
public readonly record struct ChatMessage(string Role, string Content);
