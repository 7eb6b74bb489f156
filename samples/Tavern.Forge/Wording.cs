using Tavern.World;

namespace Tavern.Forge;

/// <summary>
/// The ways to ask one thing. Direct questions stand for themselves; clauses ("what {0} does") and nouns ("the trade of {0}") are put into frames. Every list has its held-out
/// part, which training never sees; the words of the held-out part all occur in the training part.
/// </summary>
/// <param name="Direct">Whole questions for training.</param>
/// <param name="Clauses">For training.</param>
/// <param name="Nouns">For training.</param>
/// <param name="HeldDirect">Whole questions held out.</param>
/// <param name="HeldClauses">Clauses held out.</param>
public sealed record Wording(string[] Direct, string[] Clauses, string[] Nouns, string[] HeldDirect, string[] HeldClauses)
{
    private static readonly string[] ClauseFrames =
    [
        "Do you know {0}?", "Can you tell me {0}?", "Tell me {0}.", "I would like to know {0}.", "I wonder {0}.", "Please tell me {0}.", "I want to know {0}.",
        "Could you tell me {0}?", "Would you tell me {0}?", "I want you to tell me {0}.", "Let me ask {0}.", "Please say {0}.", "I must know {0}.", "May I ask {0}?", "Do you have an idea {0}?",
    ];

    private static readonly string[] NounFrames = ["What is {0}?", "Tell me {0}.", "Do you know {0}?", "Can you tell me {0}?", "I ask you: what is {0}?"];
    private static readonly string[] HeldClauseFrames = ["Can you please tell me {0}?", "Do you want to tell me {0}?", "I ask you {0}."];
    private static readonly HashSet<string> Dispensable = ["do", "does", "is", "are", "the", "a", "can", "please", "it", "that", "there", "here", "would", "like", "to", "know", "tell", "of", "one"];
    private static readonly string[] Openers = ["Friend, ", "Say, ", "Listen, ", "Good, ", "And now: ", "Now, ", "Hello. ", "One more thing. ", "I have a question. "];

    /// <summary>All wordings of a split, before names are put in; for counting and for tests.</summary>
    public IEnumerable<string> All(Split split) => split == Split.Train
        ? [.. Direct, .. Clauses.SelectMany(c => ClauseFrames.Select(f => string.Format(null, f, c))), .. Nouns.SelectMany(n => NounFrames.Select(f => string.Format(null, f, n)))]
        : [.. HeldDirect, .. HeldClauses.SelectMany(c => ClauseFrames.Select(f => string.Format(null, f, c))), .. Clauses.SelectMany(c => HeldClauseFrames.Select(f => string.Format(null, f, c)))];

    /// <summary>A question.</summary>
    public string Ask(Random random, Split split, params object[] parts)
    {
        string text;
        if (split == Split.Train)
        {
            double which = random.NextDouble() * (Direct.Length + (1.5 * Clauses.Length) + Nouns.Length);
            text = which < Direct.Length ? Pick(random, Direct)
                : which < Direct.Length + (1.5 * Clauses.Length) ? string.Format(null, Pick(random, ClauseFrames), Pick(random, Clauses))
                : string.Format(null, Pick(random, NounFrames), Pick(random, Nouns));
            if (random.Next(6) == 0) return string.Format(null, Hurried(random, text), parts);
        }
        else
        {
            double which = random.NextDouble();
            text = which < 0.5 || Clauses.Length + HeldClauses.Length == 0 ? Pick(random, HeldDirect)
                : which < 0.75 && HeldClauses.Length > 0 ? string.Format(null, Pick(random, ClauseFrames), Pick(random, HeldClauses))
                : Clauses.Length > 0 ? string.Format(null, Pick(random, HeldClauseFrames), Pick(random, Clauses))
                : Pick(random, HeldDirect);
        }

        text = string.Format(null, text, parts);
        if (random.NextDouble() >= 0.2) return text;
        string opener = Pick(random, Openers);
        bool starts = opener[^2] == '.';
        return opener + (starts || text.StartsWith("I ", StringComparison.Ordinal) ? text : char.ToLowerInvariant(text[0]) + text[1..]);
    }

    /// <summary>As somebody types who has no time: "where the red chest". Also teaches which words a question hangs on. The last word stays.</summary>
    public static string Hurried(Random random, string question)
    {
        string[] words = question.TrimEnd('?', '.').Split(' ');
        string text = string.Join(' ', words.Where((w, i) => i == words.Length - 1 || !Dispensable.Contains(w.ToLowerInvariant()) || random.Next(3) == 0));
        return char.ToLowerInvariant(text[0]) + text[1..];
    }

    private static string Pick(Random random, string[] all) => all[random.Next(all.Length)];
}
