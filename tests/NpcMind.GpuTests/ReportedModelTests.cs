using System.Text.Json;
using NpcMind.Gguf;
using NpcMind.Inference;
using NpcMind.Reference;

namespace NpcMind.GpuTests;

/// <summary>Model files as they are found in the wild: run, or refused as what they are.</summary>
internal sealed class ReportedModelTests : GpuTest
{
    private static readonly string OldMixtral = TestData.Golden("reports", "mixtral-one-tensor-per-expert", "model.gguf");

    [Test]
    public void Load_OneTensorPerExpert_GivesTheLogitsOfStackedOnes()
    {
        int[] ids = Ids("mixtral_8x2");
        using GgufFile old = GgufFile.Open(OldMixtral),
            stacked = GgufFile.Open(TestData.Golden("architectures", "mixtral_8x2", "model.gguf"));
        using InferenceEngine oldEngine = InferenceEngine.Load(Device, old, TinyEngines.Options),
            newEngine = InferenceEngine.Load(Device, stacked, TinyEngines.Options);
        float[] logits = oldEngine.ReadFresh(ids, 16);
        TinyEngines.AssertSameBits(logits, newEngine.ReadFresh(ids, 16), "old layout");
        Assert.That(TestData.Nmse(logits, TestData.Floats(TestData.Golden("architectures", "mixtral_8x2", "logits.bin"))),
            Is.LessThan(1e-10));
    }

    [TestCase(TensorType.F32)]
    [TestCase(TensorType.Q8_0)]
    [TestCase(TensorType.Q4_0)]
    public void Load_OneTensorPerExpertOfAnyType_GivesTheSameBits(TensorType type)
    {
        TinyModelOptions model = TinyModelOptions.Mixture with { Matrices = type };
        string path = Rewrite(TinyEngines.Path(model), tensors: SplitExperts);
        int[] ids = TinyEngines.Ids(20, 3);
        using (GgufFile file = GgufFile.Open(path))
        using (InferenceEngine old = InferenceEngine.Load(Device, file, TinyEngines.Options), stacked = TinyEngines.Load(model))
            TinyEngines.AssertSameBits(old.ReadFresh(ids, 16), stacked.ReadFresh(ids, 16), $"{type}");
        File.Delete(path);
    }

    [Test]
    public void Load_ExpertsOfDifferentTypes_IsUnsupportedAndSaysWhatToTake()
    {
        string path = Rewrite(OldMixtral, tensors: t => t.Name == "blk.1.ffn_down.3.weight"
            ? [t with { Type = TensorType.F32, Data = new byte[t.Data.Length * 2] }]
            : [t]);
        using (GgufFile file = GgufFile.Open(path))
            Assert.That(() => InferenceEngine.Load(Device, file, TinyEngines.Options), Throws.InstanceOf<UnsupportedModelException>()
                .With.Message.Contains("blk.1.ffn_down.3.weight").And.Message.Contains("newer conversion"));
        File.Delete(path);
    }

    [Test]
    public void Load_AnExpertMissing_IsNamed()
    {
        string path = Rewrite(OldMixtral, tensors: t => t.Name == "blk.0.ffn_up.5.weight" ? [] : [t]);
        using (GgufFile file = GgufFile.Open(path))
            Assert.That(() => InferenceEngine.Load(Device, file, TinyEngines.Options), Throws.InstanceOf<GgufFormatException>()
                .With.Message.Contains("blk.0.ffn_up.5.weight").And.Message.Not.Contains("damaged"));
        File.Delete(path);
    }

    [TestCase("general.type", "adapter", "LoRA adapter")]
    [TestCase("adapter.type", "lora", "adapter")]
    [TestCase("general.type", "imatrix", "importance matrix")]
    [TestCase("general.architecture", "imatrix", "importance matrix")]
    [TestCase("general.architecture", "controlvector", "control vector")]
    [TestCase("general.type", "mmproj", "image encoder")]
    [TestCase("general.architecture", "clip", "image encoder")]
    [TestCase("general.architecture", "bert", "embeddings")]
    [TestCase("general.architecture", "rwkv7", "'rwkv7'")]
    [TestCase("general.architecture", null, "does not name its architecture")]
    public void Load_AnotherKindOfFile_IsCalledWhatItIsBeforeItsTokenizer(string key, string? value, string expected)
    {
        string path = Rewrite(TinyEngines.Path(TinyModelOptions.Dense),
            keys: keys => { if (value is null) keys.Remove(key); else keys[key] = value; });
        Assert.That(() => NpcRuntime.Load(path), Throws.InstanceOf<UnsupportedModelException>().With.Message.StartsWith(path)
            .And.Message.Contains(expected).And.Message.Not.Contains("damaged").And.Property("Path").EqualTo(path));
        File.Delete(path);
    }

    [Test]
    public void Load_VocabularyWithoutTensors_IsCalledSo()
    {
        string path = Rewrite(TinyEngines.Path(TinyModelOptions.Dense with { Tokenizer = true }), tensors: _ => []);
        Assert.That(() => NpcRuntime.Load(path),
            Throws.InstanceOf<UnsupportedModelException>().With.Message.Contains("vocabulary without a model"));
        File.Delete(path);
    }

    [TestCase("llama.feed_forward_length", new[] { 224, 224, 96 }, "layer to layer")]
    [TestCase("llama.attention.value_length", 64u, "value heads of 64")]
    [TestCase("llama.rope.scaling.type", "longrope", "longrope")]
    public void Load_SettingThereIsNoCodeFor_IsUnsupported(string key, object value, string expected)
    {
        string path = Rewrite(TinyEngines.Path(TinyModelOptions.Dense), keys: keys => keys[key] = value);
        using (GgufFile file = GgufFile.Open(path)) Assert.That(() => InferenceEngine.ReadConfig(file),
            Throws.InstanceOf<UnsupportedModelException>().With.Message.Contains(expected).And.Message.Contains(path));
        File.Delete(path);
    }

    [TestCase("llama.attention.head_count", 64u, "blk.0.attn_q.weight")]
    [TestCase("llama.attention.head_count_kv", 6u, "blk.0.attn_k.weight")]
    [TestCase("llama.feed_forward_length", 1u << 22, "blk.0.ffn_gate.weight")]
    [TestCase("llama.embedding_length", 1u << 20, "token_embd.weight")]
    [TestCase("llama.block_count", 512u, "blk.3.attn_q.weight")]
    [TestCase("llama.expert_count", 512u, "blk.0.ffn_gate_inp.weight")]
    public void ReadConfig_SizesThatTensorsDoNotBearOut_AreNamedBeforeTheDeviceIsAsked(string key, uint value, string tensor)
    {
        string path = Rewrite(TinyEngines.Path(TinyModelOptions.Dense), keys: keys =>
        {
            keys[key] = value;
            if (key.EndsWith("expert_count", StringComparison.Ordinal)) keys["llama.expert_used_count"] = 512u;
        });
        using (GgufFile file = GgufFile.Open(path)) Assert.That(() => InferenceEngine.ReadConfig(file),
            Throws.InstanceOf<GgufFormatException>().With.Message.Contains(tensor).And.Message.Not.Contains("damaged"));
        File.Delete(path);
    }

    [Test]
    public void Load_TrailingDimensionsOfOne_RunsTheSame()
    {
        int[] ids = TinyEngines.Ids(12, 9);
        string path = Path.Combine(AppContext.BaseDirectory, $"{Guid.NewGuid():N}.gguf");
        using (GgufFile good = GgufFile.Open(TinyEngines.Path(TinyModelOptions.Dense)))
        {
            GgufWriter writer = Keys(good, _ => { });
            foreach (Part t in Parts(good)) writer.AddTensor(t.Name, t.Type,
                [.. t.Dimensions, .. new long[4 - t.Dimensions.Length].Select(_ => 1L)], t.Data);
            writer.Save(path);
        }

        using (GgufFile file = GgufFile.Open(path))
        using (InferenceEngine engine = InferenceEngine.Load(Device, file, TinyEngines.Options),
            plain = TinyEngines.Load(TinyModelOptions.Dense))
            TinyEngines.AssertSameBits(engine.ReadFresh(ids, 16), plain.ReadFresh(ids, 16), "four sizes each");
        File.Delete(path);
    }

    [Test]
    public void ReadEyes_LongestEdgeOfTooManyTiles_NamesFileKeyFoundAndAllowed()
    {
        string path = TestData.Golden("reports", "picture-encoder-with-absurd-sizes", "mmproj-preproc-4096.gguf");
        using GgufFile file = GgufFile.Open(path);
        GgufFormatException e = Assert.Throws<GgufFormatException>(() => Inference.VisionConfig.Read(file))!;
        Assert.That(e.Message, Does.StartWith(path).And.Contain("clip.vision.preproc_image_size").And.Contain("4096")
            .And.Contain("32 tiles").And.Not.Contain("damaged"));
    }

    [TestCase(4096u, 32u, "clip.vision.image_size")]
    [TestCase(1536u, 12u, "v.patch_embd.weight")] // as many patches, and narrower ones: what the device binds is enough
    public void LoadEyes_MorePatchesThanTheDeviceBinds_NamesFileAndKey(uint image, uint patch, string fault)
    {
        string path = Rewrite(TestData.Golden("vision", "llama4", "mmproj.gguf"), keys: keys =>
        {
            keys["clip.vision.image_size"] = image;
            keys["clip.vision.patch_size"] = patch;
            keys["clip.vision.attention.head_count"] = 16u;
        });
        bool binds = Device.Limits.MaxStorageBufferRange < 200 << 20; // what patches need; a larger device gets to the next fault
        using (GgufFile file = GgufFile.Open(path))
            Assert.That(() => VisionEncoder.Load(Device, file, 64, "model.gguf").Dispose(),
                Throws.InstanceOf<GgufFormatException>().With.Message.StartsWith(path)
                .And.Message.Contains(binds ? fault : "v.patch_embd.weight"));
        File.Delete(path);
    }

    [Test]
    public void Load_BadImageEncoder_IsNamedAndLeavesTheMindAbleToSpeak()
    {
        string model = TinyEngines.Path(TinyModelOptions.Dense with { Tokenizer = true, ChatTemplate = true }),
            text = Path.Combine(AppContext.BaseDirectory, $"{Guid.NewGuid():N}.gguf");
        File.WriteAllText(text, "no model at all");
        NpcRuntimeOptions good = new() { CacheFolder = "", ContextTokens = 256, Host = VulkanHost.CreateOwn(validate: true) };
        foreach (string eyes in (string[])[text, model,
            TestData.Golden("reports", "picture-encoder-with-absurd-sizes", "mmproj-preproc-4096.gguf"),
            TestData.Golden("vision", "llama4", "mmproj.gguf"), "/nowhere/eyes.gguf"])
            Assert.That(() => NpcRuntime.Load(model, good with { ImageEncoderPath = eyes }).Dispose(),
                Throws.Exception.With.Message.StartsWith(eyes));
        File.Delete(text);
        using NpcRuntime runtime = NpcRuntime.Load(model, good);
        Reply reply = runtime.CreatePrefix("").CreateNpc("Mira", "You.").Hear("Player", "Well?", new ReplyOptions { MaxTokens = 4 });
        Assert.That(runtime.ThinkUntilIdle(TimeSpan.FromMinutes(2)));
        Assert.That(reply.IsDone);
    }

    internal sealed record Part(string Name, TensorType Type, long[] Dimensions, byte[] Data);

    private static IEnumerable<Part> SplitExperts(Part t)
    {
        if (!t.Name.Contains("_exps.", StringComparison.Ordinal)) return [t];
        int experts = (int)t.Dimensions[2], size = t.Data.Length / experts;
        return Enumerable.Range(0,
            experts).Select(e => new Part(t.Name.Replace("_exps", $".{e}", StringComparison.Ordinal), t.Type, t.Dimensions[..2],
            t.Data[(e * size)..((e + 1) * size)]));
    }

    internal static string Rewrite(string from, Action<Dictionary<string, object>>? keys = null, Func<Part,
        IEnumerable<Part>>? tensors = null)
    {
        using GgufFile good = GgufFile.Open(from);
        GgufWriter writer = Keys(good, keys ?? (_ => { }));
        foreach (Part t in Parts(good).SelectMany(tensors ?? (t => [t]))) writer.AddTensor(t.Name, t.Type, t.Dimensions, t.Data);
        string path = Path.Combine(AppContext.BaseDirectory, $"{Environment.ProcessId}-{Guid.NewGuid():N}.gguf");
        writer.Save(path);
        return path;
    }

    private static GgufWriter Keys(GgufFile good, Action<Dictionary<string, object>> change)
    {
        Dictionary<string, object> keys = good.Metadata.Keys.ToDictionary(k => k, k => (object)good.Metadata.Find(k)!);
        change(keys);
        GgufWriter writer = new();
        foreach ((string key, object value) in keys)
            _ = value switch
            {
                string text => writer.Add(key, text),
                uint number => writer.Add(key, number),
                int[] numbers => writer.Add(key, numbers),
                GgufValue other => writer.Add(key, other),
                _ => throw new ArgumentException(key),
            };
        return writer;
    }

    private static IEnumerable<Part> Parts(GgufFile file)
    {
        foreach (GgufTensor tensor in file.Tensors)
        {
            byte[] bytes = new byte[tensor.ByteLength];
            file.Read(tensor, 0, bytes);
            yield return new Part(tensor.Name, tensor.Type, [.. tensor.Dimensions], bytes);
        }
    }

    private static int[] Ids(string name)
    {
        using JsonDocument json = JsonDocument.Parse(File.ReadAllText(TestData.Golden("architectures", name, "case.json")));
        return [.. json.RootElement.GetProperty("sequences")[0].GetProperty("ids").EnumerateArray().Select(id => id.GetInt32())];
    }
}
