using NpcMind.Gguf;
using NpcMind.Gpu;
using NpcMind.Inference;
using NpcMind.Reference;

namespace NpcMind.GpuTests;

/// <summary>Tiny model files, written once per test run, engines on them, and the ways tests drive an engine.</summary>
internal static class TinyEngines
{
    private static readonly Dictionary<object, string> Files = [];
    private static readonly Dictionary<TinyModelOptions, LlamaReference> References = [];

    /// <summary>Sizes that most tests use: all rows of a step may have logits.</summary>
    public static EngineOptions Options { get; } = new()
    { ContextTokens = 160, MaxSequences = 4, MaxRows = 64, MaxOutputs = 64, HostKvTokens = 320 };

    /// <summary>
    /// Path of the model: a <see cref="TinyModelOptions"/>, <see cref="TinyLlama4Options"/>, <see cref="TinyEyesOptions"/> or
    /// <see cref="TinyBertOptions"/>, written when first asked for, or a path itself.
    /// </summary>
    public static string Path(object model)
    {
        if (model is string file) return file;
        if (Files.TryGetValue(model, out string? path)) return path;
        string folder = System.IO.Path.Combine(AppContext.BaseDirectory, "tiny-models");
        Directory.CreateDirectory(folder);
        path = System.IO.Path.Combine(folder, $"{Environment.ProcessId}-{Files.Count}.gguf");
        if (model is TinyLlama4Options llama4) TinyModels.Write(path, llama4);
        else if (model is TinyEyesOptions eyes) TinyEyes.Write(path, eyes);
        else if (model is TinyBertOptions bert) TinyBert.Write(path, bert);
        else TinyModels.Write(path, (TinyModelOptions)model);
        return Files[model] = path;
    }

    public static LlamaReference Reference(TinyModelOptions model) =>
        References.TryGetValue(model, out LlamaReference? reference) ? reference : References[model] = LlamaReference.Open(Path(model));

    public static InferenceEngine Load(object model, EngineOptions? options = null, GpuDevice? device = null)
    {
        using GgufFile file = GgufFile.Open(Path(model));
        return InferenceEngine.Load(device ?? GpuFixture.Device, file, options ?? Options);
    }

    /// <summary>Deletes what <see cref="Path"/> wrote.</summary>
    public static void DeleteFiles()
    {
        foreach (string path in Files.Values) File.Delete(path);
        Files.Clear();
    }

    /// <summary>Token ids that mean nothing.</summary>
    public static int[] Ids(int count, int seed, int vocabulary = 515)
    {
        TinyRandom random = new(seed);
        return [.. Enumerable.Range(0, count).Select(_ => random.Below(vocabulary))];
    }

    /// <summary>Feeds tokens in chunks of <paramref name="chunk"/>; returns the logits after each: [ids, vocabulary].</summary>
    public static float[] Read(this InferenceEngine engine, int slot, ReadOnlySpan<int> ids, int chunk)
    {
        float[] logits = new float[ids.Length * engine.Config.Vocabulary];
        for (int at = 0; at < ids.Length; at += chunk)
        {
            int count = Math.Min(chunk, ids.Length - at);
            for (int i = 0; i < count; i++) Assert.That(engine.Batch.Add(slot, ids[at + i], output: true), "The batch took the token.");
            engine.SubmitForLogits(logits.AsSpan(at * engine.Config.Vocabulary));
        }

        return logits;
    }

    /// <summary>The logits after each token of a sequence of its own.</summary>
    public static float[] ReadFresh(this InferenceEngine engine, ReadOnlySpan<int> ids, int chunk)
    {
        int slot = engine.Open(new Inference.SamplerSettings());
        float[] logits = engine.Read(slot, ids, chunk);
        engine.Close(slot);
        return logits;
    }

    /// <summary>Runs the batch; copies the logits of its outputs one after the other and returns the tokens chosen.</summary>
    public static int[] SubmitForLogits(this InferenceEngine engine, Span<float> logits)
    {
        int vocabulary = engine.Config.Vocabulary;
        engine.Batch.WantsLogits = true;
        StepTicket ticket = engine.Submit();
        int[] tokens = [.. engine.Collect(ticket)];
        for (int i = 0; i < ticket.Outputs; i++) engine.Logits(ticket, i).CopyTo(logits[(i * vocabulary)..]);
        return tokens;
    }

    /// <summary>Whether two arrays have the same bits.</summary>
    public static void AssertSameBits(ReadOnlySpan<float> actual, ReadOnlySpan<float> expected, string what)
    {
        Assert.That(actual.Length, Is.EqualTo(expected.Length), what);
        for (int i = 0; i < actual.Length; i++)
            if (BitConverter.SingleToInt32Bits(actual[i]) != BitConverter.SingleToInt32Bits(expected[i]))
                Assert.Fail($"{what}: element {i} is {actual[i]:R}, should be {expected[i]:R}.");
    }
}
