using System.Globalization;

namespace NpcMind.Cli.Needle;

/// <summary>
/// The tasks: a needle in a haystack, and those of RULER that need no data (Hsieh et al. 2024), all made from a seed. A case grows with its
/// size, a number of sentences or words; the same task, size, depth and seed give the same case.
/// </summary>
internal static class NeedleTasks
{
    /// <summary>What <c>--task all</c> runs.</summary>
    public static readonly IReadOnlyList<string> Names = ["single", "multi-key", "variable-tracking", "common-words", "frequent-words"];

    private const int ChainLength = 5, CommonWords = 10, FrequentWords = 3, LeastDistractors = 3, SentencesPerDistractor = 8;

    private static readonly string[] Filler =
    [
        "The road runs along the river and past the mill.", "In the evening the wind comes down from the hills.",
        "A cart of hay stood under the trees all day.", "The baker lights the oven long before dawn.",
            "Nobody could say how old the bridge was.",
        "The boats were drawn up on the shingle for the winter.", "There was bread and cheese on the table, and a jug of cider.",
        "Children played in the lane until it grew dark.", "The bell was rung at noon, as on every other day.",
            "Swallows nest beneath the eaves of the barn.",
        "It rained a little, and then the sun came out again.", "The old dog slept by the gate and heard nothing.",
    ];

    private static readonly string[] Kinds = ["iron", "silver", "copper", "wooden", "golden", "blue", "green", "hidden", "broken",
        "northern", "southern", "narrow"];
    private static readonly string[] Things = ["gate", "chest", "tower", "lantern", "well", "anchor", "ladder", "bell", "cellar", "ferry",
        "kiln", "saddle"];

    /// <summary>Whether the place of the answer can be chosen.</summary>
    public static bool HasDepth(string task) => task is "single" or "multi-key" or "variable-tracking";

    /// <summary>Makes a case.</summary>
    /// <param name="task">One of <see cref="Names"/>.</param>
    /// <param name="size">Sentences or words of filler, 0 or more.</param>
    /// <param name="depth">Where the answer stands, 0 to 1.</param>
    /// <param name="seed">Seed.</param>
    public static NeedleCase Make(string task, int size, double depth, ulong seed)
    {
        NeedleRandom random = new(seed);
        return task switch
        {
            "single" => Needle(task, size, depth, random, distractors: 0),
            "multi-key" => Needle(task, size, depth, random, Math.Max(LeastDistractors, size / SentencesPerDistractor)),
            "variable-tracking" => VariableTracking(task, size, depth, random),
            "common-words" => CommonWordsCase(task, size, random),
            "frequent-words" => FrequentWordsCase(task, size, random),
            _ => throw new ArgumentOutOfRangeException(nameof(task), task, $"Choose one of {string.Join(", ", Names)}."),
        };
    }

    private static NeedleCase Needle(string task, int size, double depth, NeedleRandom random, int distractors)
    {
        List<string> values = random.Distinct(distractors + 1, r => (1_000_000 + r.Below(9_000_000))
            .ToString(CultureInfo.InvariantCulture));
        int first = random.Below(Kinds.Length * Things.Length);
        List<string> text = Sentences(size, random);
        for (int i = 1; i <= distractors; i++) text.Insert(random.Below(text.Count + 1),
            $"The secret number of {Key(first + i)} is {values[i]}.");
        text.Insert(Place(depth, text.Count), $"The secret number of {Key(first)} is {values[0]}.");
        return new NeedleCase(task, depth, string.Join(' ', text), $"What is the secret number of {Key(first)}?",
            $"The secret number of {Key(first)} is", [values[0]], 16);
    }

    private static NeedleCase VariableTracking(string task, int size, double depth, NeedleRandom random)
    {
        List<string> names = random.Distinct(ChainLength, r => string.Concat(Enumerable.Range(0, 5)
            .Select(_ => (char)('A' + r.Below(26)))));
        string value = (10_000 + random.Below(90_000)).ToString(CultureInfo.InvariantCulture);
        List<string> text = Sentences(size, random);
        int start = Place(depth, text.Count);
        for (int i = ChainLength - 1; i >= 0; i--) // from behind, so that places stay
            text.Insert(start + (text.Count - start) * i / ChainLength, $"VAR {names[i]} = {(i == 0 ? value : "VAR " + names[i - 1])}.");
        return new NeedleCase(task, depth, string.Join(' ', text),
            $"Which variables have the value {value}, directly or through others? Name all {ChainLength}.",
            $"The variables with the value {value} are", names, 64);
    }

    private static NeedleCase CommonWordsCase(string task, int size, NeedleRandom random)
    {
        int often = Math.Clamp(size / CommonWords, 4, 30), seldom = Math.Max(1, often / 10);
        List<string> words = random.Distinct(CommonWords + size, Word);
        List<string> list = [.. words.SelectMany((word, i) => Enumerable.Repeat(word, i < CommonWords ? often : seldom))];
        random.Shuffle(list);
        return new NeedleCase(task, null, string.Join(' ', list.Select((word, i) =>
            string.Create(CultureInfo.InvariantCulture, $"{i + 1}. {word}"))),
            $"Which {CommonWords} words are the most common in the list above?", $"The {CommonWords} most common words are",
                [.. words.Take(CommonWords)], 96);
    }

    /// <summary>Words as often as one through the square of their rank.</summary>
    private static NeedleCase FrequentWordsCase(string task, int size, NeedleRandom random)
    {
        int ranks = Math.Clamp(size / 4, 8, 400);
        int[] counts = [.. Enumerable.Range(1, ranks).Select(rank => Math.Max(1, (int)(0.6 * size / rank / rank)))];
        for (int i = FrequentWords - 1; i >= 0; i--) counts[i] = Math.Max(counts[i], counts[i + 1] + 1); // no ties among the first
        List<string> words = random.Distinct(ranks, Word);
        List<string> list = [.. words.SelectMany((word, i) => Enumerable.Repeat(word, counts[i]))];
        random.Shuffle(list);
        return new NeedleCase(task, null, string.Join(' ', list), $"Which {FrequentWords} words occur most often in the text above?",
            $"The {FrequentWords} most frequent words are", [.. words.Take(FrequentWords)], 48);
    }

    private static List<string> Sentences(int count, NeedleRandom random)
    {
        int first = random.Below(Filler.Length);
        return [.. Enumerable.Range(0, count).Select(i => Filler[(first + i) % Filler.Length])];
    }

    private static int Place(double depth, int count) => (int)Math.Round(Math.Clamp(depth, 0, 1) * count);

    /// <summary>A name of its own for each number.</summary>
    private static string Key(int number)
    {
        int pairs = Kinds.Length * Things.Length, round = number / pairs;
        string name = $"the {Kinds[number % Kinds.Length]} {Things[number % pairs / Kinds.Length]}";
        return round == 0 ? name : string.Create(CultureInfo.InvariantCulture, $"{name} of house {round}");
    }

    /// <summary>A word that no language has: three or four syllables.</summary>
    private static string Word(NeedleRandom random) => string.Concat(
        Enumerable.Range(0, 3 + random.Below(2)).Select(_ => $"{"bdfgklmnprstvz"[random.Below(14)]}{"aeiou"[random.Below(5)]}"));
}
