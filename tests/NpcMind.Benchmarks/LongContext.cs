using System.Diagnostics;
using System.Globalization;
using NpcMind.Gguf;
using NpcMind.Gpu;
using NpcMind.Inference;
using NpcMind.Reference;

namespace NpcMind.Benchmarks;

/// <summary>
/// A conversation of 32,768 tokens on models of architecture llama4 with chunks of 1024: for every second chunk what a token costs, read in
/// steps of 64 and said one by one in the middle of the chunk, and what keys and values take.
/// </summary>
internal static class LongContext
{
    private const int Context = 32768, Chunk = 1024, Said = 48;

    public static void Run(string[] filter)
    {
        using GpuDevice device = GpuDevice.Create();
        Console.WriteLine($"{device.Limits.Name}, {device.Limits.Driver}");
        foreach ((string name, int blocks) in new[] { ("chunked layers only", 3), ("every fourth layer sees everything", 8) })
            if (filter.All(f => name.Contains(f, StringComparison.OrdinalIgnoreCase))) Run(device, name, blocks);
    }

    private static void Run(GpuDevice device, string name, int blocks)
    {
        string path = Path.Combine(Path.GetTempPath(), $"npcmind-long-{Environment.ProcessId}.gguf");
        TinyModels.Write(path, TinyLlama4Options.Scout with
        {
            Blocks = blocks,
            Chunk = Chunk,
            TemperatureLength = null,
            TemperatureScale = null,
            Context = Context,
            Embedding = 512,
            Heads = 8,
            KvHeads = 2,
            HeadDimension = 64,
            Experts = 8,
            ExpertFeedForward = 768,
            Vocabulary = 4096,
        });
        try
        {
            using GgufFile file = GgufFile.Open(path);
            using InferenceEngine engine = InferenceEngine.Load(device, file,
                new EngineOptions { ContextTokens = Context, MaxSequences = 2, CacheTokens = Context + 2 * Chunk });
            Console.WriteLine($"{name}: {blocks} layers, {engine.Transfer.Groups} groups");
            Read(engine, new TinyRandom(1));
        }
        finally
        {
            File.Delete(path);
        }
    }

    /// <summary>
    /// Beside the long sequence a peer stays in the middle of its second chunk: tokens of both take turns, so that the ratio does not
    /// depend on what else the machine does.
    /// </summary>
    private static void Read(InferenceEngine engine, TinyRandom random)
    {
        int slot = engine.Open(new Inference.SamplerSettings()), peer = engine.Open(new Inference.SamplerSettings());
        Prompt(engine, peer, random, Chunk + Chunk / 2);
        double[] said = new double[Said], peers = new double[Said], ratios = new double[Said];
        for (int chunk = 0; chunk < Context / Chunk; chunk++)
        {
            double read = Prompt(engine, slot, random, Chunk / 2);
            for (int i = 0; i < Said; i++)
            {
                said[i] = Say(engine, slot, random);
                peers[i] = Say(engine, peer, random);
                ratios[i] = said[i] / peers[i];
            }

            engine.Rewind(peer, Chunk + Chunk / 2);
            read = (read + Prompt(engine, slot, random, Chunk / 2 - Said)) / (Chunk - Said);
            if (chunk % 2 == 0) continue;
            (long full, long limited) = engine.Transfer.HeldBytes(slot);
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
                $"  to token {engine.Length(slot),6}: read {read,6:F3} ms a token, said {Median(said),7:F3} ms, peer in its second chunk " +
                $"{Median(peers),7:F3} ms, ratio {Median(ratios):F3}; keys and values {full / 1e6,7:F2} MB of full layers, " +
                $"{limited / 1e6,6:F2} MB of chunked ones"));
        }

        engine.Close(slot);
        engine.Close(peer);
    }

    private static double Say(InferenceEngine engine, int slot, TinyRandom random)
    {
        long started = Stopwatch.GetTimestamp();
        engine.Batch.Add(slot, random.Below(engine.Config.Vocabulary), output: true);
        engine.Batch.Sample();
        engine.Collect(engine.Submit());
        return Stopwatch.GetElapsedTime(started).TotalMilliseconds;
    }

    private static double Median(double[] values) => values.Order().ElementAt(values.Length / 2);

    private static double Prompt(InferenceEngine engine, int slot, TinyRandom random, int tokens)
    {
        long started = Stopwatch.GetTimestamp();
        StepTicket ticket = default;
        while (tokens > 0)
        {
            for (; tokens > 0 && engine.Batch.FreeRows > 0; tokens--) engine.Batch.Add(slot, random.Below(engine.Config.Vocabulary));
            ticket = engine.Submit();
        }

        engine.Collect(ticket);
        return Stopwatch.GetElapsedTime(started).TotalMilliseconds;
    }
}
