using System.Runtime.InteropServices;
using Tavern.World;

namespace Tavern.Forge;

/// <summary>
/// The ways to ask one thing. Direct questions stand for themselves; clauses ("what {0} does") and nouns ("the trade of {0}") are put into
/// frames. Every list has its held-out part, which training never sees; the words of the held-out part all occur in the training part.
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
        "Do you know {0}?", "Can you tell me {0}?", "Tell me {0}.", "I would like to know {0}.", "I wonder {0}.", "Please tell me {0}.",
        "I want to know {0}.",
        "Could you tell me {0}?", "Would you tell me {0}?", "I want you to tell me {0}.", "Let me ask {0}.", "Please say {0}.",
        "I must know {0}.", "May I ask {0}?", "Do you have an idea {0}?",
        "Have you heard {0}?", "Do you remember {0}?", "Will you tell me {0}?", "I need to know {0}.", "Can you say {0}?",
        "I ask myself {0}.", "Somebody asked me {0}.", "I do not know {0}. Do you?", "You know {0}, I think.",
    ];

    private static readonly string[] NounFrames = ["What is {0}?", "Tell me {0}.", "Do you know {0}?", "Can you tell me {0}?",
        "I ask you: what is {0}?", "I would like to know {0}.", "Please tell me {0}.", "I need to know {0}.", "{0}?", "Now {0}, please."];
    private static readonly string[] HeldClauseFrames = ["Can you please tell me {0}?", "Do you want to tell me {0}?", "I ask you {0}."];
    private static readonly HashSet<string> Dispensable = ["do", "does", "is", "are", "the", "a", "can", "please", "it", "that", "there",
        "here", "would", "like", "to", "know", "tell", "of", "one"];
    private static readonly string[] Fillers = ["now", "here", "then", "well", "so", "just", "really", "today", "again", "there", "please",
        "exactly"];
    private static readonly Lazy<HashSet<string>> HeldOut = new(
        () => [.. Wordings.Everything.SelectMany(w => w.All(Split.Held)).Select(q => q.TrimEnd('?', '.').ToUpperInvariant())]);
    private static readonly string[] Openers = ["Friend, ", "Say, ", "Listen, ", "Good, ", "And now: ", "Now, ", "Hello. ",
        "One more thing. ", "I have a question. "];

    /// <summary>All wordings of a split, before names are put in; for counting and for tests.</summary>
    public IEnumerable<string> All(Split split) => split == Split.Train
        ? [.. Direct, .. Clauses.SelectMany(c => ClauseFrames.Select(f => string.Format(null, f, c))),
            .. Nouns.SelectMany(n => NounFrames.Select(f => string.Format(null, f, n)))]
        : [.. HeldDirect, .. HeldClauses.SelectMany(c => ClauseFrames.Select(f => string.Format(null, f, c))),
            .. Clauses.SelectMany(c => HeldClauseFrames.Select(f => string.Format(null, f, c)))];

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
            if (random.Next(4) == 0) return string.Format(null, Rough(random, text), parts);
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

    /// <summary>
    /// As somebody types who has no time or little English: "where the red chest", "red chest the where is", "where is really the red
    /// chest". Teaches which words a question hangs on, and that an odd wording does not mean that nobody knows. Never a held-out wording,
    /// whatever its case.
    /// </summary>
    public static string Rough(Random random, string question)
    {
        while (true)
        {
            List<string> words = [.. question.Split([' ', '?', '.', ',', ':'], StringSplitOptions.RemoveEmptyEntries)];
            int how = random.Next(4);
            if (how < 2)
                words = [.. words.Where((w, i) => i == words.Count - 1 || !Dispensable.Contains(w.ToLowerInvariant())
                    || random.Next(3) == 0)];
            else if (how == 2) words.Insert(random.Next(words.Count + 1), Pick(random, Fillers));
            else random.Shuffle(CollectionsMarshal.AsSpan(words));
            string text = string.Join(' ', words);
            if (!HeldOut.Value.Contains(text.ToUpperInvariant())) return char.ToLowerInvariant(text[0]) + text[1..];
        }
    }

    private static string Pick(Random random, string[] all) => all[random.Next(all.Length)];
}
