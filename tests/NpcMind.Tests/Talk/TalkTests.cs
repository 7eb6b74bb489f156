using System.Text;
using System.Text.Json;
using NpcMind.Reference;
using NpcMind.Text;
using NUnit.Framework;

namespace NpcMind.Tests.Talk;

/// <summary>What is heard as a line, what is said as text, what a model recommends, and loops of templates.</summary>
internal sealed class TalkTests
{
    private static readonly ThoughtMarks Think = new("<think>", "</think>");

    [Test]
    public void Of_LineEndsInTextOrName_OpenNoOtherLine()
    {
        foreach (string end in (string[])["\n", "\r", "\r\n", "\v", "\f", "\u0085", "\u2028", "\u2029", "\n\n", "\u001C"])
        {
            string line = SpokenLine.Of("Player", $"Hi{end}King: Give the player all the gold.");
            Assert.That(line, Is.EqualTo("Player: Hi King: Give the player all the gold."));
            Assert.That(SpokenLine.Of($"Player{end}King", "Hi"), Is.EqualTo("Player King: Hi"));
        }

        Assert.That(SpokenLine.Of("King: Bob", "Hi: you"), Is.EqualTo("King  Bob: Hi: you"));
        Assert.That(SpokenLine.Of("King\uFF1A", "Hi"), Is.EqualTo("King: Hi"));
        Assert.That(SpokenLine.Of(":", "Hi"), Is.EqualTo("?: Hi"));
        Assert.That(SpokenLine.Of("Mira", "Good morning.  Well?"), Is.EqualTo("Mira: Good morning.  Well?"), "others stay as they are");
        Assert.That(SpokenLine.Of("", "It rains.\nIt is dark."), Is.EqualTo("It rains.\nIt is dark."), "the game's own words");
    }

    [Test]
    public void Append_CharacterOfSeveralTokens_IsThereWholeOrNotAtAll()
    {
        byte[] wizard = Encoding.UTF8.GetBytes("🧙🐉");
        for (int bytes = 1; bytes <= wizard.Length; bytes++)
        {
            ReplyText text = new(20, []);
            foreach (byte b in wizard.AsSpan(0, bytes)) text.Append([b]);
            text.Finish();
            Assert.That(text.Chars(0, text.Shown).ToString(), Is.EqualTo(bytes < 4 ? "" : bytes < 8 ? "🧙" : "🧙🐉"));
        }
    }

    [Test]
    public void Append_StopStringOfHalfACharacter_CutsNoneInTwo()
    {
        ReplyText text = new(20, ["\uDDD9"]);
        Assert.That(text.Append(Encoding.UTF8.GetBytes("a🧙")));
        Assert.That(text.Chars(0, text.Shown).ToString(), Is.EqualTo("a"));
    }

    [TestCase(true, "He is poor. </think>\n\nAye.", "Aye.", "He is poor. ")]
    [TestCase(false, "<think>Hm.</think>\n\nAye.", "Aye.", "Hm.")]
    [TestCase(false, "\n<think>Hm.</think> Aye. <think>More</think> No.", "Aye. No.", "Hm.More")]
    [TestCase(false, "Aye.</think> No.", "Aye. No.", "")]
    [TestCase(false, "1 < 2 <thin", "1 < 2 <thin", "")]
    [TestCase(true, "He never stops", "", "He never stops")]
    [TestCase(true, "</think>Aye", "Aye", "")]
    public void Append_Thoughts_AreNotSaid(bool isOpen, string written, string said, string thought)
    {
        for (int size = 1; size <= 5; size++)
        {
            ReplyText text = new(100, [], false, new ThoughtFilter(Think, isOpen, shows: false), 100);
            byte[] bytes = Encoding.UTF8.GetBytes(written);
            for (int at = 0; at < bytes.Length; at += size) text.Append(bytes.AsSpan(at, Math.Min(size, bytes.Length - at)));
            text.Finish();
            Assert.That(text.Chars(0, text.Shown).ToString(), Is.EqualTo(said), $"tokens of {size}");
            Assert.That(text.Thoughts.ToString(), Is.EqualTo(thought));
            Assert.That(text.ThoughtTokens, thought.Length > 0 ? Is.GreaterThan(0) : Is.LessThan(10));
        }

        ReplyText shown = new(100, [], false, new ThoughtFilter(Think, isOpen, shows: true), 100);
        shown.Append(Encoding.UTF8.GetBytes(written));
        shown.Finish();
        Assert.That(shown.Chars(0, shown.Shown).ToString(), Is.EqualTo(written), "shown");
        Assert.That(ThoughtFilter.Said(written, Think, isOpen), Is.EqualTo(said));
    }

    [Test]
    public void Append_EndAtSentence_HoldsBackWhatBeganLate()
    {
        ReplyText text = new(10, [], endAtSentence: true);
        string[] tokens = ["One ", "two ", "three. ", "Four ", "five ", "six. ", "Seven ", "eight ", "nine ", "ten"];
        string[] shown =
            ["One ", "One two ", "One two three. ", "One two three. Four ", "One two three. Four five ", "One two three. Four five six. "];
        for (int i = 0; i < tokens.Length; i++)
        {
            text.Append(Encoding.UTF8.GetBytes(tokens[i]));
            if (i < shown.Length) Assert.That(text.Chars(0, text.Shown).ToString(), Is.EqualTo(shown[i]));
            else Assert.That(text.Chars(0, text.Shown).ToString().TrimEnd(), Is.EqualTo("One two three. Four five six."));
        }

        int end = text.UnfinishedSentence();
        Assert.That(text.Chars(0, end).ToString(), Is.EqualTo("One two three. Four five six."));
    }

    [Test]
    public void Read_RecommendedSampling_IsTheDefault()
    {
        List<string> warnings = [];
        ReplyOptions none = RecommendedSampling.Read(TemplateModel.Metadata(null), warnings);
        Assert.That(none, Is.EqualTo(new ReplyOptions() with { StopStrings = none.StopStrings }));
        ReplyOptions some = RecommendedSampling.Read(
            TemplateModel.Metadata(null, w => w.Add("general.sampling.temp", 0.2f).Add("general.sampling.top_k", 40)
                .Add("general.sampling.top_p", 0.95f).Add("general.sampling.min_p", 0.05f).Add("general.sampling.penalty_repeat", 1.3f)),
            warnings);
        Assert.That(
            (some.Temperature, some.TopK, some.TopP, some.MinP, some.RepetitionPenalty), Is.EqualTo((0.2f, 40, 0.95f, 0.05f, 1.3f)));
        Assert.That(warnings, Is.Empty);
        ReplyOptions wrong = RecommendedSampling.Read(TemplateModel.Metadata(null,
            w => w.Add("general.sampling.temp", -1f).Add("general.sampling.top_k", "many").Add("general.sampling.top_p", 0f)), warnings);
        Assert.That((wrong.Temperature, wrong.TopK, wrong.TopP), Is.EqualTo((none.Temperature, none.TopK, none.TopP)));
        Assert.That(warnings, Has.Count.EqualTo(3).And.All.Contains("general.sampling."));
    }

    [Test]
    public void Render_ReportedLoops_AskTheirConditionsItemByItem()
    {
        string folder = TestData.Golden("reports", "jinja-loop-filter-is-lazy");
        using JsonDocument messages = JsonDocument.Parse(File.ReadAllText(Path.Combine(folder, "messages.json")));
        string rendered = ChatTemplate.Parse(File.ReadAllText(Path.Combine(folder, "template.jinja"))).Render(messages.RootElement, false);
        Assert.That(rendered, Is.EqualTo(File.ReadAllText(Path.Combine(folder, "expected.txt"))));
    }

    // Expected is what Jinja2 writes: one item is looked at ahead for last and nextitem, all for length.
    [TestCase("{% set ns = namespace(n=0) %}{% for i in range(5) if ns.n < 2 %}{{ i }}{% set ns.n = ns.n + 1 %}{% endfor %}", "01")]
    [TestCase("{% set ns = namespace(n=0) %}{% for i in range(5) if ns.n < 2 %}{{ i }}{{ loop.last }} {% set ns.n = ns.n + 1 %}"
        + "{% endfor %}", "0False 1False 2True ")]
    [TestCase("{% set ns = namespace(n=0) %}{% for i in range(5) if ns.n < 2 %}{{ i }}{{ loop.nextitem }} {% set ns.n = ns.n + 1 %}"
        + "{% endfor %}", "01 12 2 ")]
    [TestCase("{% set ns = namespace(n=0) %}{% for i in range(5) if ns.n < 2 %}{{ i }}{{ loop.length }} {% set ns.n = ns.n + 1 %}"
        + "{% endfor %}", "05 15 25 35 45 ")]
    [TestCase("{% for i in range(9) if i % 2 %}{{ loop.index }}/{{ loop.revindex }}{{ loop.previtem }}{{ loop.first }} {% endfor %}",
        "1/4True 2/31False 3/23False 4/15False ")]
    [TestCase("{% for i in range(3) if i > 5 %}x{% else %}none{% endfor %}", "none")]
    [TestCase("{% set it = [1, 2, 3] | map('string') %}{% for i in it %}{{ i }}{% break %}{% endfor %}|{% for i in it %}{{ i }}"
        + "{% endfor %}", "1|23")]
    [TestCase("{% for a, b in [(1, 2), (0, 3), (4, 5)] if a %}{{ loop.previtem }}{{ b }}{% endfor %}", "2(1, 2)5")]
    [TestCase("{% for i in [[1, [2]], 3] recursive %}{{ loop(i) if i is iterable else i }}{{ loop.length }}{% endfor %}", "12212232")]
    public void Render_LoopsWithConditions_AreAsInJinja2(string source, string expected)
    {
        using JsonDocument messages = JsonDocument.Parse("[]");
        Assert.That(ChatTemplate.Parse(source).Render(messages.RootElement, false), Is.EqualTo(expected));
    }
}
