using System.Reflection;
using System.Text.RegularExpressions;
using Tavern.World;

namespace Tavern.Forge;

/// <summary>The words that training uses, but for names: what <see cref="TypedText"/> knows.</summary>
internal static partial class Vocabulary
{
    /// <summary>All of them in lower case, in order, some on a line.</summary>
    public static string Text()
    {
        IEnumerable<string> texts =
        [
            .. Phrases.All.SelectMany(t => Phrases.Of(t, Split.Train)), .. Phrases.Lines("answers"), .. Wordings.NeverTold,
            .. Wordings.Everything.Concat([SmallTalk.WhatSaid, SmallTalk.MyOwnName]).SelectMany(w => w.All(Split.Train)),
            .. DeedWords.Verbs.Values.Concat(DeedWords.Furniture.Values).SelectMany(v => v), .. DeedWords.NoSlips,
            .. typeof(Lexicon).GetFields(BindingFlags.Public | BindingFlags.Static).Select(f => f.GetValue(null)).OfType<string[]>()
                .SelectMany(s => s),
        ];
        SortedSet<string> words = new(StringComparer.Ordinal);
        foreach (string text in texts)
            foreach (Match word in Words().Matches(Slots().Replace(text, " ").ToLowerInvariant())) words.Add(word.Value);
        return string.Join('\n', words.Chunk(16).Select(c => string.Join(' ', c))) + "\n";
    }

    [GeneratedRegex("[a-z]+")]
    private static partial Regex Words();

    [GeneratedRegex(@"\{\w*\}|\b\w*'\w*")]
    private static partial Regex Slots();
}
