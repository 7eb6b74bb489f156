using System.Diagnostics;
using NpcMind;
using NpcMind.Reference;

namespace Tavern.Game.Tests;

/// <summary>
/// Questions to a model that knows nothing of the tavern (tests/golden/reports/tavern-other-model): every third of ten, or all with
/// NPCMIND_SCENARIOS
/// above 1.
/// </summary>
[Category("Gpu")]
[Category("Shared")]
public sealed class OtherModelTests
{
    [Test]
    public void Say_QuestionsToAnotherModel_HaveAnswersThatEndAsSentences()
    {
        using Worlds worlds = new();
        worlds.Edit(File.ReadAllText(Path.Combine(TestContext.CurrentContext.TestDirectory, "tavern.json")));
        using GameLoop game = worlds.Game(new MindSettings { CacheFolder = "", Host = VulkanHost.CreateOwn() });
        game.Budget = 100;
        List<string> did = [];
        game.Happened += h =>
        {
            if (h.Kind == HappeningKind.Did) did.Add(h.Text);
        };
        Assert.That(game.Minds.Load(TestData.Shared("models", "SmolLM2-135M-Instruct.Q4_1.gguf"), null));
        Run(() => !game.Minds.IsLoading);
        Assert.That(game.Minds.IsReady, game.Message.Last);
        List<string> answers = [];
        string[] questions = [.. File.ReadLines(TestData.Golden("reports", "tavern-other-model", "ten.txt"))
            .Where(l => l.StartsWith("say ", StringComparison.Ordinal)).Where((_, i) => i % 3 == 0 || Scenarios.Factor > 1)];
        foreach (string line in questions)
        {
            Assert.That(game.Say(0, line[4..]), game.Message.Last);
            Run(() => !game.Talk.IsAnswering);
            answers.Add(game.Talk.LastAnswer);
            TestContext.Out.WriteLine($"{line[4..]} -> {answers[^1]}");
        }

        Assert.That(answers, Has.Count.EqualTo(Scenarios.Factor > 1 ? 10 : 4).And.Unique);
        foreach (string answer in answers) Assert.That(answer.TrimEnd('"', '\'', '\u201d', ')', '*'), Does.Match("[.!?\u2026]$"), answer);
        Assert.That(did, Is.Empty, "none of them asks for anything that can be done");

        void Run(Func<bool> done)
        {
            for (Stopwatch watch = Stopwatch.StartNew(); !done();)
            {
                game.Update(0.05f, default);
                if (game.Tick().Status != TickStatus.Worked) Thread.Sleep(1);
                Assert.That(watch.Elapsed, Is.LessThan(TimeSpan.FromMinutes(10)), $"{game.Message.Last} {game.Overlay.Last}");
            }
        }
    }
}
