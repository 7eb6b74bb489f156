using System.Reflection;
using Tavern.World;

namespace Tavern.Forge;

/// <summary>
/// Drills that hold nothing but looking up: a row of words in the prompt, then "which words follow this one?", or come before it, one after
/// the other. Every word of an answer is a lesson, where ordinary questions have two or three; a model that has learned to go on from a
/// word it finds (Olsson et al. 2022, "induction heads") learns facts several times faster.
/// </summary>
internal static class Recitation
{
    private static readonly string[] Words =
    [
        .. typeof(Lexicon).GetFields(BindingFlags.Public | BindingFlags.Static).Select(f => f.GetValue(null)).OfType<string[]>()
            .SelectMany(s => s).SelectMany(s => s.Split(' '))
            .Where(w => w.Length > 3).Distinct().Order(StringComparer.Ordinal), .. Names.All(Split.Train).Where((_, i) => i % 4 == 0),
        .. GivenNames.Of(Split.Train).Where((_, i) => i % 4 == 0),
    ];

    /// <summary>
    /// A recitation. Short rows come first in training (stage 0): among a dozen words the right one is found by chance often enough to be
    /// noticed, and the skill is there after 400,000 tokens; among fifty it was not after as many (docs/measurements/forge.md). Long ones
    /// go with the drills.
    /// </summary>
    public static Conversation Make(Random random, bool isShort)
    {
        string[] row = [.. Words];
        random.Shuffle(row);
        row = row[..(isShort ? random.Next(4, 13) : random.Next(10, 56))];
        // Words that nobody knows are copied letter by letter.
        for (int i = 0; i < row.Length; i++)
            if (random.Next(5) < 2) row[i] = PlayerNames.Letters(random);
        // "Who wears the red cloak?" asks for what stands before: half of the long rows are recited backwards.
        bool backwards = !isShort && random.Next(2) == 0;
        if (backwards) Array.Reverse(row);
        List<Turn> turns = [];
        for (int i = isShort ? 3 : random.Next(5, 9); i > 0; i--)
        {
            int at = random.Next(row.Length - 2), count = Math.Min(row.Length - at - 1, isShort ? random.Next(2, 7) : random.Next(3, 9));
            string answer = string.Join(' ', row[at..(at + count + 1)]);
            turns.Add(new Turn($"{Deed.Player}: {row[at]}", null, answer, [[row[at].Length, answer.Length]], null, [], "other",
                [answer], []));
        }

        if (backwards) Array.Reverse(row);
        return new Conversation("train", isShort ? 0 : 1, string.Join(' ', row), "", backwards ? "Go back." : "Go on.", [], turns);
    }
}
