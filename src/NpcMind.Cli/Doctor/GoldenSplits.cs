using NpcMind.Text.PreTokenization;

namespace NpcMind.Cli.Doctor;

/// <summary>
/// How one fixed text is split by every pre-tokenizer there is code for, as follows from the published expressions. The table was made with
/// .NET's regular expressions, not with the scanners that it checks.
/// </summary>
internal static class GoldenSplits
{
    /// <summary>Letters of several scripts, contractions in both cases, digits, punctuation before line ends, spaces before
    /// words.</summary>
    public const string Probe =
        "They'LL say \"Grüß Gott\", it's 2026-11-23!\r\n\n   if (x==12345)\treturn naïve_日本語.Foo;  ";

    private const char Border = '¦';

    /// <summary>Names of pre-tokenizers, one of each group that shares its rules, and the pieces with borders between them.</summary>
    private static readonly (string[] Names, string Pieces)[] Table =
    [
        (["default"], "They¦'¦LL¦ say¦ ¦\"¦Grüß¦ Gott¦\",¦ it¦'¦s¦ ¦202¦6¦-¦11¦-¦23¦"
            + "!¦\r\n\n  ¦ if¦ ¦(¦x¦==¦123¦45¦)¦\t¦return¦ naïve¦_¦日本語¦.¦Foo¦;¦  "),
        (["gpt-2", "olmo"], "They¦'¦LL¦ say¦ \"¦Grüß¦ Gott¦\",¦ it¦'s¦ 2026¦-¦11¦-¦23¦"
            + "!¦\r\n\n  ¦ if¦ (¦x¦==¦12345¦)¦\t¦return¦ naïve¦_¦日本語¦.¦Foo¦;¦  "),
        (["smollm", "command-r"], "They¦'¦LL¦ say¦ \"¦Grüß¦ Gott¦\",¦ it¦'s¦ ¦2¦0¦2¦6¦-¦1¦1¦-¦2¦3¦"
            + "!¦\r\n\n  ¦ if¦ (¦x¦==¦1¦2¦3¦4¦5¦)¦\t¦return¦ naïve¦_¦日本語¦.¦Foo¦;¦  "),
        (["falcon"], "They¦'¦LL¦ say¦ ¦\"¦Grüß¦ Gott¦\",¦ it¦'¦s¦ ¦202¦6¦-¦11¦-¦23¦"
            + "!¦\r\n\n  ¦ if¦ ¦(¦x¦==¦123¦45¦)¦\t¦return¦ naïve¦_¦日本語¦.¦Foo¦;¦  "),
        (["llama-bpe", "dbrx"], "They¦'LL¦ say¦ \"¦Grüß¦ Gott¦\",¦ it¦'s¦ ¦202¦6¦-¦11¦-¦23¦"
            + "!\r\n\n¦  ¦ if¦ (¦x¦==¦123¦45¦)¦\treturn¦ naïve¦_日本語¦.Foo¦;¦  "),
        (["qwen2", "stablelm2", "qwen35"], "They¦'LL¦ say¦ \"¦Grüß¦ Gott¦\",¦ it¦'s¦ ¦2¦0¦2¦6¦-¦1¦1¦-¦2¦3¦"
            + "!\r\n\n¦  ¦ if¦ (¦x¦==¦1¦2¦3¦4¦5¦)¦\treturn¦ naïve¦_日本語¦.Foo¦;¦  "),
        (["gpt-4o"], "They'LL¦ say¦ \"¦Grüß¦ Gott¦\",¦ it's¦ ¦202¦6¦-¦11¦-¦23¦"
            + "!\r\n\n¦  ¦ if¦ (¦x¦==¦123¦45¦)¦\treturn¦ naïve¦_日本語¦.Foo¦;¦  "),
        (["tekken"], "They¦'LL¦ say¦ \"¦Grüß¦ Gott¦\",¦ it¦'s¦ ¦2¦0¦2¦6¦-¦1¦1¦-¦2¦3¦"
            + "!\r\n\n¦  ¦ if¦ (¦x¦==¦1¦2¦3¦4¦5¦)¦\treturn¦ naïve¦_日本語¦.Foo¦;¦  "),
        (["deepseek-v3"], "They¦'LL¦ say¦ \"¦Grüß¦ Gott¦\",¦ it¦'s¦ ¦202¦6¦-¦11¦-¦23¦"
            + "!\r\n\n¦  ¦ if¦ (¦x¦==¦123¦45¦)¦\treturn¦ naïve¦_¦日本語¦.Foo¦;¦  "),
        (["deepseek-llm"], "They¦'¦LL¦ say¦ \"¦Gr¦üß¦ Gott¦\",¦ it¦'¦s¦ ¦2026¦-¦11¦-¦23¦"
            + "!¦\r¦\n¦\n¦  ¦ if¦ (¦x¦==¦12345¦)¦\treturn¦ na¦ï¦ve¦_¦日本語¦.¦Foo¦;¦  "),
        (["deepseek-coder"], "They¦'¦LL¦ say¦ \"¦Grüß¦ Gott¦\",¦ it¦'¦s¦ ¦2¦0¦2¦6¦-¦1¦1¦-¦2¦3¦"
            + "!¦\r¦\n¦\n¦  ¦ if¦ (¦x¦==¦1¦2¦3¦4¦5¦)¦\treturn¦ naïve¦_¦日本語¦.¦Foo¦;¦  "),
    ];

    /// <summary>The pieces that this pre-tokenizer must give; null where the table has none.</summary>
    public static string[]? Find(PreTokenizer preTokenizer)
    {
        foreach ((string[] names, string pieces) in Table)
            if (names.Any(name => ReferenceEquals(PreTokenizer.Find(name), preTokenizer))) return pieces.Split(Border);
        return null;
    }

    /// <summary>Splits a text into the pieces of a pre-tokenizer.</summary>
    public static string[] Split(PreTokenizer preTokenizer, string text)
    {
        CodePoint[] points = [.. text.EnumerateRunes().Select(r => CodePoint.Of(r.Value))];
        List<int> ends = [];
        preTokenizer.Split(points, ends, []);
        string[] pieces = new string[ends.Count];
        int start = 0;
        for (int i = 0; i < pieces.Length; i++)
        {
            pieces[i] = string.Concat(points[start..ends[i]].Select(p => char.ConvertFromUtf32(p.Value)));
            start = ends[i];
        }

        return pieces;
    }
}
