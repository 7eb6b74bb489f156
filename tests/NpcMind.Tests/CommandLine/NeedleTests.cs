using NpcMind.Cli.Needle;
using NUnit.Framework;

namespace NpcMind.Tests.CommandLine;

/// <summary>The tasks of <c>npcmind needle</c> and how answers to them are scored.</summary>
internal sealed class NeedleTests
{
    private static readonly double[] Depths = [0, 0.25, 0.5, 1];

    [Test]
    public void Make_EveryTask_HoldsItsAnswers()
    {
        foreach (string task in NeedleTasks.Names)
            foreach (int size in (int[])[0, 1, 7, 60, 900])
            {
                NeedleCase needle = NeedleTasks.Make(task, size, 0.5, 7);
                Assert.That(needle.Answers, Is.Unique.And.Not.Empty);
                Assert.That(needle.Score(needle.Text), Is.EqualTo(1), $"{task} {size}: the text holds all answers");
                Assert.That(needle.Score(needle.Cue + needle.Question), Is.LessThan(1), $"{task}: the question does not give them away");
            }
    }

    [Test]
    public void Make_SameSeed_SameCase()
    {
        foreach (string task in NeedleTasks.Names)
        {
            NeedleCase one = NeedleTasks.Make(task, 50, 0.5, 7), again = NeedleTasks.Make(task, 50, 0.5, 7), other =
                NeedleTasks.Make(task, 50, 0.5, 8);
            Assert.That(again.Prompt, Is.EqualTo(one.Prompt));
            Assert.That(other.Answers, Is.Not.EqualTo(one.Answers));
        }
    }

    [Test]
    public void Make_DeeperNeedle_StandsLater()
    {
        foreach (string task in (string[])["single", "multi-key", "variable-tracking"])
        {
            NeedleCase[] cases = [.. Depths.Select(depth => NeedleTasks.Make(task, 200, depth, 3))];
            Assert.That(cases.Select(c => c.Text.IndexOf(c.Answers[0], StringComparison.Ordinal)), Is.Ordered.And.Unique, task);
        }
    }

    [Test]
    public void Make_MultiKey_AsksForOneOfManyNumbers()
    {
        NeedleCase needle = NeedleTasks.Make("multi-key", 400, 0.5, 5);
        string[] lines = [.. needle.Text.Split(". ").Where(s => s.StartsWith("The secret number of ", StringComparison.Ordinal))];
        Assert.That(lines, Has.Length.EqualTo(51).And.Unique);
        Assert.That(lines.Select(l => l.Split(" is ")[0]), Is.Unique, "every number has a key of its own");
        Assert.That(lines.Count(l => l.StartsWith(needle.Cue, StringComparison.Ordinal)), Is.EqualTo(1));
    }

    [TestCase("common-words", 10)]
    [TestCase("frequent-words", 3)]
    public void Make_WordTasks_AskForTheWordsThatOccurMostOften(string task, int count)
    {
        NeedleCase needle = NeedleTasks.Make(task, 300, 0, 2);
        (string Word, int Count)[] words = [.. needle.Text.Split(' ').Where(w => char.IsLetter(w[0])).CountBy(w => w)
            .Select(p => (p.Key, p.Value)).OrderByDescending(p => p.Value)];
        Assert.That(words.Take(count).Select(w => w.Word), Is.EquivalentTo(needle.Answers));
        Assert.That(words[count].Count, Is.LessThan(words[count - 1].Count), "no tie at the border");
    }

    [Test]
    public void Make_VariableTracking_ChainLeadsToTheValue()
    {
        NeedleCase needle = NeedleTasks.Make("variable-tracking", 100, 0.3, 9);
        Dictionary<string, string> values = needle.Text.Split('.').Select(s => s.Trim())
            .Where(s => s.StartsWith("VAR ", StringComparison.Ordinal))
            .ToDictionary(s => s.Split(" = ")[0][4..], s => s.Split(" = ")[1]);
        Assert.That(values.Keys, Is.EquivalentTo(needle.Answers));
        foreach (string name in needle.Answers)
        {
            string value = name;
            while (values.TryGetValue(value.Replace("VAR ", "", StringComparison.Ordinal), out string? next)) value = next;
            Assert.That(needle.Question, Does.Contain(value));
        }
    }

    [TestCase("It is 1234567.", 1)]
    [TestCase("1234567", 1)]
    [TestCase("It is 91234567.", 0)]
    [TestCase("It is 12345678.", 0)]
    [TestCase("91234567, no: 1234567", 1)]
    [TestCase("", 0)]
    public void Score_OneAnswer_CountsWholeWords(string reply, double score) =>
        Assert.That(new NeedleCase("single", 0, "", "", "", ["1234567"], 8).Score(reply), Is.EqualTo(score));

    [TestCase("mirota, KELUVA and dobane", 1)]
    [TestCase("kelu and dobane", 1 / 3.0)]
    [TestCase("none", 0)]
    public void Score_SeveralAnswers_IsThePartThatIsHeld(string reply, double score) =>
        Assert.That(new NeedleCase("common-words", null, "", "", "", ["mirota", "keluva", "dobane"], 8).Score(reply),
            Is.EqualTo(score).Within(1e-12));

    [Test]
    public void Make_UnknownTask_NamesTheTasks() =>
        Assert.That(() => NeedleTasks.Make("haystack", 1, 0, 1), Throws.InstanceOf<ArgumentOutOfRangeException>()
            .With.Message.Contains("multi-key"));
}
