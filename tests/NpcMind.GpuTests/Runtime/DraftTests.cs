using System.Runtime.CompilerServices;
using NpcMind.Reference;

namespace NpcMind.GpuTests.Runtime;

/// <summary>
/// Steps that read guessed tokens: logs are the same, token for token, whatever is guessed (decision 0031). The Tavern's model repeats
/// itself, so guesses come true; random models do not, and their layers forget what a wrong guess must not have needed.
/// NPCMIND_SCENARIOS=50 tries some 10^5 tokens.
/// </summary>
internal sealed class DraftTests : RuntimeTest
{
    private static readonly string[] Lines = ["Good evening! Who are you?", "What do you do here?", "Who are you, and what do you do here?",
        "Who else is here tonight?", "Tell me about yourself.", "What do you think of the weather?", "And what do you do here?"];

    private static readonly Sizes Tiny = new();

    private static readonly Sizes Chunked = new()
    {
        Model = TinyLlama4Options.Scout with { Blocks = 2, Tokenizer = true, ChatTemplate = true, Chunk = 40 },
    };

    private static Sizes Tavern { get; } = new()
    {
        Model = Path.GetFullPath(Path.Combine(Path.GetDirectoryName(Here())!, "../../../samples/Tavern/models/mind.gguf")),
        Context = 512,
        Device = 2048,
        Host = 2048,
    };

    [TestCase("tiny", 0f, 2)]
    [TestCase("tiny", 0.7f, 2)]
    [TestCase("chunks", 0f, 2)]
    [TestCase("chunks", 0.7f, 2)]
    [TestCase("tavern", 0f, 1)]
    [TestCase("tavern", 0.7f, 1)]
    public void Talk_WithGuesses_SaysWhatItSaysWithout(string model, float temperature, int scenarios)
    {
        Sizes sizes = model switch { "tiny" => Tiny, "chunks" => Chunked, _ => Tavern };
        NpcRuntime runtime = Use(sizes);
        Prefix world = World(runtime, "You talk and talk.");
        ReplyOptions options = new() { MaxTokens = 40, Temperature = temperature, PresencePenalty = temperature / 4 };
        TinyRandom words = new(5 + Scenarios.Seed);
        int tokens = 0;
        long read = runtime.Scheduler.DraftsRead, taken = runtime.Scheduler.DraftsTaken;
        scenarios = Scenarios.Count(scenarios);
        for (int scenario = 0; scenario < scenarios; scenario++)
        {
            string[] lines = [.. Enumerable.Range(0, model == "tavern" ? 6 : 2)
                .Select(i => model == "tavern" ? Lines[(scenario + i) % Lines.Length] : Words(words, 6))];
            (List<int[]> plain, _) = Talk(Drafting.Never, scenario, lines);
            (List<int[]> guessed, int said) = Talk(Drafting.Always, scenario, lines);
            Assert.That(guessed, Is.EqualTo(plain), $"scenario {scenario}");
            tokens += said;
        }

        (read, taken) = (runtime.Scheduler.DraftsRead - read, runtime.Scheduler.DraftsTaken - taken);
        TestContext.Out.WriteLine($"{tokens} tokens, {read} guesses read, {taken} taken");
        // How many there are hangs on which tokens the host knows in time; greedy, the Tavern's model repeats itself often enough.
        Assert.That(read, Is.Positive);
        if (model == "tavern" && temperature == 0) Assert.That(taken, Is.Positive);

        // Three characters at once, in frames of random budgets: what the logs hold in the end.
        (List<int[]> Logs, int Tokens) Talk(Drafting drafting, int scenario, string[] lines)
        {
            runtime.Scheduler.Drafting = drafting;
            TinyRandom budgets = new(scenario + (int)drafting);
            Npc[] npcs = [.. Enumerable.Range(0, 3).Select(i => world.CreateNpc($"bard {scenario} {i}", $"You are number {i}."))];
            int said = 0;
            foreach (string line in lines)
            {
                Reply[] replies = [.. npcs.Select(npc => npc.Hear("Player", line, options))];
                for (int ticks = 0; replies.Any(r => !r.IsDone); ticks++)
                {
                    Assert.That(ticks, Is.LessThan(50_000));
                    runtime.Tick(FrameBudget.FromMilliseconds(0.5 + budgets.Below(12)));
                    if (budgets.Below(3) > 0) Wait(runtime);
                }

                Assert.That(replies.Select(r => r.End), Has.None.EqualTo(ReplyEnd.Failed));
                said += replies.Sum(r => r.Words.Tokens);
            }

            List<int[]> logs = [.. npcs.Select(Log)];
            foreach (Npc npc in npcs) npc.Dispose();
            runtime.Scheduler.Drafting = Drafting.WhereItPays;
            return (logs, said);
        }
    }

    private static string Here([CallerFilePath] string path = "") => path;
}
