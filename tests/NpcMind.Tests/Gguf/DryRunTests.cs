using NpcMind.Gguf;
using NpcMind.Gpu;
using NpcMind.Inference;
using NpcMind.Reference;
using NUnit.Framework;

namespace NpcMind.Tests.Gguf;

/// <summary>What a load would refuse is refused without a device.</summary>
[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
internal sealed class DryRunTests : IDisposable
{
    /// <summary>Tensors without which a model is another one, but a whole one; and those that alone say how long they are.</summary>
    private static readonly HashSet<string> Dispensable = ["output.weight", "rope_freqs.weight", "token_types.weight", "v.pre_ln.weight"],
        OfAnyLength = ["token_embd.weight", "token_types.weight"];

    private readonly TestFolder _folder = new();
    private readonly GpuDevice _device = GpuDevice.CreateDryRun();

    public static IEnumerable<string> Models =>
        Directory.EnumerateDirectories(TestData.Golden("architectures")).Select(d => Path.GetFileName(d)!).Order(StringComparer.Ordinal);

    public static IEnumerable<string> Encoders =>
        Directory.EnumerateFiles(TestData.Golden("vision"), "mmproj*.gguf", SearchOption.AllDirectories).Order(StringComparer.Ordinal)
        .Select(f => Path.GetRelativePath(TestData.Golden("vision"), f));

    public static IEnumerable<string> SharedModels => !Directory.Exists(TestData.Shared("golden", "architectures")) ? [] :
        Directory.EnumerateFiles(TestData.Shared("golden", "architectures"), "*.gguf", SearchOption.AllDirectories)
        .Where(f => !f.Contains("-00002-of-", StringComparison.Ordinal))
        .Select(f => Path.GetRelativePath(TestData.Shared("golden", "architectures"), f)).Order(StringComparer.Ordinal);

    public void Dispose()
    {
        _device.Dispose();
        _folder.Dispose();
    }

    [TestCaseSource(nameof(Models))]
    public void Load_TensorMissingOrOfAnotherShape_IsRefused(string name) =>
        RefusesChanges(TestData.Golden("architectures", name, "model.gguf"));

    [TestCaseSource(nameof(Encoders))]
    public void Load_EncoderTensorMissing_IsRefused(string name)
    {
        using GgufFile file = GgufFile.Open(TestData.Golden("vision", name));
        DryRun.Load(file, _device);
        foreach (GgufTensor gone in file.Tensors.Where(t => t.Name.EndsWith(".weight", StringComparison.Ordinal)))
            if (!Dispensable.Contains(gone.Name))
                Refuses(file, t => t == gone ? null : t, $"without {gone.Name}");
    }

    [TestCase("bert")]
    [TestCase("nomic-bert")]
    public void Load_EmbeddingTensorMissingOrOfAnotherShape_IsRefused(string name)
    {
        string path = _folder.File("bert.gguf");
        TinyBert.Write(path, new TinyBertOptions
        {
            Architecture = name,
            Width = 32,
            FeedForward = 64,
            Context = 40,
        });
        RefusesChanges(path);
    }

    [Category("Shared")]
    [TestCaseSource(nameof(SharedModels))]
    public void Load_SharedModel_IsNotRefused(string name)
    {
        using GgufFile file = GgufFile.Open(TestData.Shared("golden", "architectures", name));
        DryRun.Load(file, _device);
    }

    [TestCase("qwen2", "blk.1.attn_q.bias")]
    [TestCase("qwen2moe", "blk.1.attn_q.bias")]
    [TestCase("gpt-oss-mxfp4", "blk.1.attn_k.bias")]
    [TestCase("gpt-oss-mxfp4", "blk.0.ffn_up_exps.bias")]
    [TestCase("gpt-oss-mxfp4", "blk.1.ffn_gate_exps.bias")]
    [TestCase("gpt-oss-mxfp4", "blk.1.ffn_down_exps.bias")]
    [TestCase("gpt-oss-mxfp4", "blk.1.ffn_gate_inp.bias")]
    [TestCase("gpt-oss-mxfp4", "blk.0.attn_output.bias")]
    public void Load_BiasOfOneLayerMissing_IsNamed(string name, string bias)
    {
        using GgufFile file = GgufFile.Open(TestData.Golden("architectures", name, "model.gguf"));
        Assert.That(file.Find(bias), Is.Not.Null);
        GgufFormatException e = (GgufFormatException)Refuses(file, t => t.Name == bias ? null : t, bias)!;
        Assert.That(e.Expected, Does.StartWith($"a tensor '{bias}'"));
    }

    [Test]
    public void Load_BiasMissingFromAllLayers_IsNotRefused()
    {
        using GgufFile file = GgufFile.Open(TestData.Golden("architectures", "qwen2", "model.gguf"));
        Assert.That(Refusal(file, t => t.Name.EndsWith("attn_q.bias", StringComparison.Ordinal) ? null : t), Is.Null);
    }

    [Test]
    public void Load_MoreTokensThanRows_IsRefused()
    {
        string path = _folder.File("tokens.gguf");
        TinyModels.Write(path, TinyModelOptions.Dense with { Tokenizer = true });
        using GgufFile file = GgufFile.Open(path);
        DryRun.Load(file, _device);
        int rows = (int)file.Find("token_embd.weight")!.Rows;
        string[] tokens = [.. Enumerable.Range(0, rows + 1).Select(i => $"t{i}")];
        Exception? e = Refusal(file, t => t, ("tokenizer.ggml.tokens", w => w.Add("tokenizer.ggml.tokens", tokens)));
        Assert.That(e, Is.TypeOf<UnsupportedModelException>());
        Assert.That(e!.Message, Does.Contain($"{rows + 1} tokens").And.Contain($"{rows} rows"));
    }

    private void RefusesChanges(string path)
    {
        using GgufFile file = GgufFile.Open(path);
        DryRun.Load(file, _device);
        foreach (GgufTensor tensor in file.Tensors)
        {
            bool mayGo = Dispensable.Contains(tensor.Name) || tensor.Name.EndsWith(".bias", StringComparison.Ordinal);
            if (!mayGo) Refuses(file, t => t == tensor ? null : t, $"without {tensor.Name}");
            long last = tensor.Dimensions[^1];
            if (last % 2 == 0 && (!OfAnyLength.Contains(tensor.Name) || file.Find("output.weight") is not null))
                Refuses(file, t => t == tensor ? Shaped(t, [.. t.Dimensions.SkipLast(1), last / 2]) : t, $"half of {tensor.Name}");
            if (tensor.Type == TensorType.F32 && tensor.Dimensions is { Count: 2 } d && d[0] != d[1])
                Refuses(file, t => t == tensor ? Shaped(t, [d[1], d[0]]) : t, $"{tensor.Name} transposed");
        }
    }

    private static GgufTensor Shaped(GgufTensor tensor, long[] dimensions) => tensor with { Dimensions = dimensions };

    private Exception? Refuses(GgufFile file, Func<GgufTensor, GgufTensor?> change, string what)
    {
        Exception? e = Refusal(file, change);
        Assert.That(e, Is.TypeOf<GgufFormatException>().Or.TypeOf<UnsupportedModelException>(), what);
        return e;
    }

    private Exception? Refusal(
        GgufFile file, Func<GgufTensor, GgufTensor?> change, params (string Key, Action<GgufWriter> Write)[] keys)
    {
        GgufWriter writer = new();
        foreach (string key in file.Metadata.Keys)
            if (!keys.Any(k => k.Key == key)) writer.Add(key, file.Metadata.Find(key)!);
        foreach ((_, Action<GgufWriter> write) in keys) write(writer);
        foreach (GgufTensor tensor in file.Tensors)
        {
            if (change(tensor) is not { } changed) continue;
            byte[] data = new byte[tensor.ByteLength];
            file.Read(tensor, 0, data);
            int bytes = (int)(tensor.ByteLength * changed.Elements / tensor.Elements);
            writer.AddTensor(changed.Name, changed.Type, [.. changed.Dimensions], data.AsMemory(0, bytes));
        }

        string path = _folder.File("changed.gguf");
        writer.Save(path);
        try
        {
            using GgufFile copy = GgufFile.Open(path);
            DryRun.Load(copy, _device);
            return null;
        }
        catch (Exception e) when (e is GgufFormatException or UnsupportedModelException)
        {
            return e;
        }
    }
}
