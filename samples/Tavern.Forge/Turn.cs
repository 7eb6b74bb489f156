using System.Text.Json.Serialization;

namespace Tavern.Forge;

/// <summary>One question and the right answer.</summary>
/// <param name="User">What is heard, with the speaker's name.</param>
/// <param name="Image">Index of the picture that is seen with it; null without.</param>
/// <param name="Answer">What is to be said.</param>
/// <param name="Spans">Character ranges [start, end) of the answer that carry the fact.</param>
/// <param name="Action">The action as the SDK writes it; null where none is asked for.</param>
/// <param name="ActionSpans">As spans, of the action.</param>
/// <param name="Kind">What is asked: world, persona, unknown, action, object, color, left_right, count, other.</param>
/// <param name="Expect">An answer is right when it holds all of these,</param>
/// <param name="Reject">and none of these.</param>
public sealed record Turn(
    [property: JsonPropertyName("user")] string User,
    [property: JsonPropertyName("image")] int? Image,
    [property: JsonPropertyName("answer")] string Answer,
    [property: JsonPropertyName("spans")] int[][] Spans,
    [property: JsonPropertyName("action")] string? Action,
    [property: JsonPropertyName("action_spans")] int[][] ActionSpans,
    [property: JsonPropertyName("kind")] string Kind,
    [property: JsonPropertyName("expect")] string[] Expect,
    [property: JsonPropertyName("reject")] string[] Reject);

/// <summary>A conversation with one character: what it knows, who it is, what is asked.</summary>
/// <param name="Split">"train" or "held".</param>
/// <param name="Stage">When it is learned from: 0 short recitations, 1 long ones and drills, 2 conversations.</param>
/// <param name="World">What all characters know.</param>
/// <param name="Name">Of the character.</param>
/// <param name="Persona">Who it is.</param>
/// <param name="Legal">What its actions can aim at; empty without actions.</param>
/// <param name="Turns">In order.</param>
public sealed record Conversation(
    [property: JsonPropertyName("split")] string Split,
    [property: JsonPropertyName("stage")] int Stage,
    [property: JsonPropertyName("world")] string World,
    [property: JsonPropertyName("name")] string Name,
    [property: JsonPropertyName("persona")] string Persona,
    [property: JsonPropertyName("legal")] string[] Legal,
    [property: JsonPropertyName("turns")] IReadOnlyList<Turn> Turns)
{
    /// <summary>The system prompt as the SDK makes it.</summary>
    [JsonPropertyName("system")]
    public string System => World + "\n\n" + Persona;
}

/// <summary>
/// What is asked and what is right, before it stands in a conversation. Square brackets in the answer mark what carries the fact.
/// </summary>
internal sealed record Exchange(string Kind, string Question, string Marked, string[] Expect, string[] Reject, string Before = "",
    int? Image = null)
{
    public string? Action { get; init; }

    /// <summary>Who asks; null where it may be anybody.</summary>
    public string? Asker { get; init; }

    /// <summary>The answer without its marks, and where they were.</summary>
    public static (string Text, int[][] Spans) Unmark(string marked)
    {
        System.Text.StringBuilder text = new();
        List<int[]> spans = [];
        int start = 0;
        foreach (char c in marked)
        {
            if (c == '[') start = text.Length;
            else if (c == ']') spans.Add([start, text.Length]);
            else text.Append(c);
        }

        return (text.ToString(), [.. spans]);
    }
}
