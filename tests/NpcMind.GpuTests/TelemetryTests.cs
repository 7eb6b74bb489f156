using System.Diagnostics.Metrics;
using System.Text.Json;
using NpcMind.Reference;

namespace NpcMind.GpuTests;

/// <summary>What a runtime tells about itself, and what it keeps between runs.</summary>
internal sealed class TelemetryTests
{
    private static string Model => TinyEngines.Path(TinyModelOptions.Dense with { Tokenizer = true, ChatTemplate = true });

    [Test]
    public void Trace_IsValidJson_HoldsTicksAndGpuTime()
    {
        using MemoryStream stream = new();
        using (NpcRuntime runtime = Load(""))
        using (NpcTrace trace = new(stream))
        {
            runtime.Trace = trace;
            Talk(runtime);
            for (int i = 0; i < 4; i++) runtime.Tick(FrameBudget.FromMilliseconds(1)); // how many a reply takes depends on the machine
        }

        using JsonDocument json = JsonDocument.Parse(stream.ToArray());
        JsonElement[] events = [.. json.RootElement.EnumerateArray()];
        Assert.That(events.Count(e => e.GetProperty("name").GetString() == "tick"), Is.GreaterThan(3));
        Assert.That(events.Where(e => e.GetProperty("name").GetString() == "minds").Sum(e => e.GetProperty("dur").GetDouble()),
            Is.GreaterThan(0));
        Assert.That(events.Any(e => e.GetProperty("name").GetString() == "Mira"
            && e.GetProperty("args").GetProperty("waiting").GetString()!.Length > 0));
    }

    [Test]
    public void Counters_Replies_CountTokens()
    {
        Dictionary<string, double> totals = [];
        using MeterListener listener = new();
        listener.InstrumentPublished = (instrument, l) =>
        {
            if (instrument.Meter.Name == "NpcMind") l.EnableMeasurementEvents(instrument);
        };
        listener.SetMeasurementEventCallback<long>((instrument, value, _, _) =>
            totals[instrument.Name] = totals.GetValueOrDefault(instrument.Name) + value);
        listener.SetMeasurementEventCallback<double>((instrument, value, _, _) =>
            totals[instrument.Name] = totals.GetValueOrDefault(instrument.Name) + value);
        listener.Start();
        using NpcRuntime runtime = Load("");
        Reply reply = Talk(runtime);
        Assert.That(totals["npcmind.tokens_said"], Is.EqualTo(reply.Words.Tokens).Within(0));
        Assert.That(totals["npcmind.tokens_read"], Is.GreaterThanOrEqualTo(reply.Npc.Tokens - 1));
        Assert.That(totals["npcmind.gpu"], Is.GreaterThan(0));
        Assert.That(totals["npcmind.tick"], Is.GreaterThan(0));
    }

    [Test]
    public void LearnedCosts_DamagedFile_IsIgnored()
    {
        string folder = Directory.CreateTempSubdirectory("npcmind-costs").FullName;
        try
        {
            using (NpcRuntime runtime = Load(folder)) Talk(runtime);
            string file = Directory.GetFiles(folder, "costs-*.bin").Single();
            using (NpcRuntime runtime = Load(folder)) Assert.That(runtime.CostsWereLoaded);
            byte[] content = File.ReadAllBytes(file);
            content[content.Length / 2] ^= 0x55;
            File.WriteAllBytes(file, content);
            using (NpcRuntime runtime = Load(folder))
            {
                Assert.That(runtime.CostsWereLoaded, Is.False);
                Talk(runtime);
            }
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    private static NpcRuntime Load(string cache) =>
        NpcRuntime.Load(Model, new NpcRuntimeOptions { ContextTokens = 256, MaxNpcs = 2, CacheFolder = cache });

    private static Reply Talk(NpcRuntime runtime)
    {
        Npc mira = runtime.CreatePrefix("A town.").CreateNpc("Mira", "You bake.");
        Reply reply = mira.Hear("Player", "Hello.", new ReplyOptions { MaxTokens = 6 });
        Assert.That(runtime.ThinkUntilIdle(TimeSpan.FromMinutes(1)));
        Assert.That(reply.IsDone);
        return reply;
    }
}
