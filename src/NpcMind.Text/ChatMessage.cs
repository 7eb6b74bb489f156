namespace NpcMind.Text;

/// <summary>One turn of a conversation.</summary>
/// <param name="Role">Who speaks: <c>system</c>, <c>user</c>, <c>assistant</c>, or another role the template knows.</param>
/// <param name="Content">What is said. May hold anything; it never becomes a control token when
/// <see cref="ChatTemplate.RenderSegments(IReadOnlyList{ChatMessage}, bool, IReadOnlyDictionary{string, string}?, DateTime?)"/> is
/// used.</param>
/// <param name="Pictures">Pictures that stand before the text: the template says how, as entries of type <c>image</c> in a list.</param>
/// <param name="InParts">Whether the content is given as a list of parts even without pictures: some templates take nothing else.</param>
internal readonly record struct ChatMessage(string Role, string Content, int Pictures = 0, bool InParts = false);
