using System.Text.Json;
using NpcMind.Reference;

namespace NpcMind.GpuTests;

/// <summary><c>npcmind needle</c> on a tiny model, which finds nothing, but always the same nothing.</summary>
internal sealed class NeedleCliTests
{
    private static readonly TinyModelOptions Model = TinyModelOptions.Dense with { Tokenizer = true, ChatTemplate = true, Context = 2048 };

    [Test]
    public void Needle_AllTasks_RepeatsItselfAndStaysWithinTheLength()
    {
        string plot = Path.Combine(AppContext.BaseDirectory, "needle.svg");
        string[] arguments = ["needle", TinyEngines.Path(Model), "--length", "700", "--depths", "2", "--task", "all", "--seed", "5",
            "--plot", plot];
        (int code, JsonElement report) = CliRun.Json([.. arguments, "--validate"]);
        Assert.That(code, Is.Zero);
        JsonElement[] cases = [.. report.GetProperty("cases").EnumerateArray()];
        Assert.That(cases.Select(c => (c.GetProperty("task").GetString(), c.GetProperty("depth").ToString())),
            Is.EqualTo(((string?, string)[])
            [("single", "0"), ("single", "1"), ("multi-key", "0"), ("multi-key", "1"), ("variable-tracking", "0"),
                ("variable-tracking", "1"),
            ("common-words", ""), ("frequent-words", "")]));
        foreach (JsonElement needle in cases)
        {
            Assert.That(needle.GetProperty("score").GetDouble(), Is.InRange(0, 1));
            Assert.That(needle.GetProperty("prompt_tokens").GetInt32(), Is.InRange(400, 700));
            foreach (string figure in (string[])["prefill_s", "kv_bytes"]) Assert.That(needle.GetProperty(figure).GetDouble(), Is.Positive,
                figure);
        }

        Assert.That(report.GetProperty("scores").EnumerateObject().Count(), Is.EqualTo(5));
        Assert.That(File.ReadAllText(plot).Split("fill=\"rgb(").Length - 1, Is.EqualTo(8), "a cell for each case");
        (_, JsonElement again) = CliRun.Json(arguments);
        Assert.That(again.GetProperty("cases").EnumerateArray().Select(c => c.GetProperty("reply").GetString()),
            Is.EqualTo(cases.Select(c => c.GetProperty("reply").GetString())));
    }

    [TestCase("--length 64: the task 'common-words' takes at least", "--length", "64", "--task", "common-words")]
    [TestCase("--length 10: must be from 64", "--length", "10")]
    [TestCase("'no-task'", "--length", "100", "--task", "no-task")]
    [TestCase("--depths 0: must be from 1", "--length", "100", "--depths", "0")]
    public void Needle_WrongOptions_SaysWhichInOneLine(string expected, params string[] arguments)
    {
        (int code, _, string error) = CliRun.Start(["needle", TinyEngines.Path(Model), .. arguments]);
        Assert.That(code, Is.EqualTo(1));
        Assert.That(error, Does.StartWith("npcmind: ").And.Contain(expected));
        Assert.That(error.TrimEnd('\n').Split('\n'), Has.Length.EqualTo(1));
    }
}
