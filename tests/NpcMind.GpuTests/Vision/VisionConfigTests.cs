using NpcMind.Gguf;
using NpcMind.Inference;
using NpcMind.Reference;

namespace NpcMind.GpuTests.Vision;

/// <summary>What files of image encoders may say, and how those that cannot be used are refused.</summary>
internal sealed class VisionConfigTests : GpuTest
{
    private static readonly string Good = TestData.Golden("vision", "llama4", "mmproj.gguf");

    [Test]
    public void Read_CommittedFile_GivesItsKeys()
    {
        Inference.VisionConfig c = Read(_ => { });
        Assert.That((c.ClassToken, c.Projector, c.TileSize, c.PatchSize, c.Width, c.FeedForward, c.Blocks, c.Heads, c.HeadDim),
            Is.EqualTo((ClassToken.Last, "llama4", 84, 14, 64, 256, 3, 4, 16)));
        Assert.That((c.Scale, c.Grid, c.EncoderTokens, c.TokensPerTile, c.AdapterWidth, c.OutputWidth, c.LongestEdge, c.Activation),
            Is.EqualTo((2, 6, 37, 9, 96, 64, 0, GeluForm.Exact)));
        Assert.That(Read(k => k["clip.projector_type"] = "idefics3") is
        {
            ClassToken: ClassToken.None, EncoderTokens: 36, AdapterWidth: 0,
            LongestEdge: 336, Activation: GeluForm.Tanh
        });
        Assert.That(Read(k => k["clip.use_gelu"] = false).Activation, Is.EqualTo(GeluForm.Quick));
        Assert.That(Read(k => k.Remove("general.type")).Projector, Is.EqualTo("llama4"));
    }

    [Test]
    public void Read_NewerFile_TakesItsProjectorType() => Assert.That(Read(k =>
    {
        k.Remove("clip.projector_type");
        k["clip.vision.projector_type"] = "idefics3";
    }).ClassToken, Is.EqualTo(ClassToken.None));

    [Test]
    public void Layout_OneTileOfIdefics3_IsTheGlobalTile()
    {
        Inference.VisionConfig c = Read(k => (k["clip.projector_type"], k["clip.vision.preproc_image_size"]) = ("idefics3", 84u));
        Assert.That(c.Layout(c.Plan(30, 20)).Select(p => p.Text),
            Is.EqualTo(new[] { "<fake_token_around_image>", "<global-img>", "<image>", "<fake_token_around_image>" }));
    }

    [TestCase("pixtral")]
    [TestCase("resampler")]
    [TestCase("")]
    public void Read_UnknownProjector_IsRefusedByName(string projector) =>
        Assert.That(() => Read(k => k["clip.projector_type"] = projector), Throws.InstanceOf<UnsupportedModelException>()
            .With.Message.Contains($"'{projector}'").And.Message.Contains("llama4, idefics3"));

    [Test]
    public void Read_NamelessProjector_IsFirstLlava() =>
        Assert.That(() => Read(k => k.Remove("clip.projector_type")),
            Throws.InstanceOf<GgufFormatException>().With.Message.Contains("'mm.2.weight'"));

    [Test]
    public void Read_NamelessProjectorOfMiniCpm_IsRefusedByName() =>
        Assert.That(() => Read(k =>
        {
            k.Remove("clip.projector_type");
            k["clip.has_minicpmv_projector"] = true;
        }), Throws.InstanceOf<UnsupportedModelException>().With.Message.Contains("'resampler'"));

    [TestCase("general.architecture", "llama", "language model")]
    [TestCase("general.type", "model", "'model'")]
    [TestCase("clip.has_vision_encoder", false, "without image encoder")]
    [TestCase("clip.use_silu", true, "SiLU")]
    public void Read_OtherFile_IsRefused(string key, object value, string message) =>
        Assert.That(() => Read(k => k[key] = value), Throws.InstanceOf<UnsupportedModelException>().With.Message.Contains(message));

    [TestCase("clip.vision.image_size", 85u)]
    [TestCase("clip.vision.image_size", 0u)]
    [TestCase("clip.vision.image_size", 100_002u)]
    [TestCase("clip.vision.patch_size", 0u)]
    [TestCase("clip.vision.projector.scale_factor", 4u)]
    [TestCase("clip.vision.projector.scale_factor", 0u)]
    [TestCase("clip.vision.attention.head_count", 3u)]
    [TestCase("clip.vision.attention.head_count", 0u)]
    [TestCase("clip.vision.block_count", 0u)]
    [TestCase("clip.vision.embedding_length", 4_000_000_000u)]
    [TestCase("clip.vision.feed_forward_length", 0u)]
    [TestCase("clip.vision.attention.layer_norm_epsilon", -1f)]
    [TestCase("clip.vision.attention.layer_norm_epsilon", float.NaN)]
    [TestCase("clip.vision.image_mean", new[] { 0.5f, float.NaN, 0.5f })]
    [TestCase("clip.vision.image_mean", new[] { 0.5f, 0.5f })]
    [TestCase("clip.vision.image_std", new[] { 0.5f, 0f, 0.5f })]
    [TestCase("clip.vision.image_std", "half")]
    public void Read_AbsurdKey_IsNamed(string key, object value) =>
        Assert.That(() => Read(k => k[key] = value), Throws.InstanceOf<GgufFormatException>().With.Message.Contains(key));

    [TestCase("clip.vision.image_size")]
    [TestCase("clip.vision.patch_size")]
    [TestCase("clip.vision.projector.scale_factor")]
    [TestCase("clip.vision.image_mean")]
    [TestCase("clip.vision.attention.layer_norm_epsilon")]
    public void Read_MissingKey_IsNamed(string key) =>
        Assert.That(() => Read(k => k.Remove(key)), Throws.InstanceOf<GgufFormatException>().With.Message.Contains(key));

    [Test]
    public void Read_HeadsNotWholeTexels_IsRefused() =>
        Assert.That(() => Read(k => k["clip.vision.attention.head_count"] = 32u),
            Throws.InstanceOf<UnsupportedModelException>().With.Message.Contains("heads of 2"));

    [Test]
    public void Load_EncoderOfOtherModel_NamesBothFilesAndWidths()
    {
        using GgufFile file = GgufFile.Open(Good);
        UnsupportedModelException e = Assert.Throws<UnsupportedModelException>(
            () => VisionEncoder.Load(Device, file, 2048, "/models/some-text-model.gguf").Dispose())!;
        Assert.That(e.Message, Does.Contain(Good).And.Contain("64").And.Contain("/models/some-text-model.gguf").And.Contain("2048"));
    }

    [Test]
    public void Load_SwappedFiles_AreRecognised()
    {
        using GgufFile file = GgufFile.Open(Good), model = GgufFile.Open(TestData.Golden("architectures", "llama_head_dim", "model.gguf"));
        Assert.That(() => VisionEncoder.TextWidth(file), Throws.InstanceOf<UnsupportedModelException>().With.Message.Contains("swapped"));
        Assert.That(() => VisionEncoder.Load(Device, model, 64, Good).Dispose(),
            Throws.InstanceOf<UnsupportedModelException>().With.Message.Contains("This is a language model"));
        Assert.That(VisionEncoder.TextWidth(model), Is.EqualTo(ModelConfig.Read(model).Width));
    }

    [TestCase("clip.vision.block_count", 4u, "v.blk.3.ln1.weight")]
    [TestCase("clip.vision.patch_size", 28u, "v.patch_embd.weight")]
    [TestCase("clip.vision.feed_forward_length", 128u, "v.blk.0.ffn_up.weight")]
    [TestCase("clip.vision.image_size", 56u, "v.position_embd.weight")]
    public void Load_MissingOrMisshapenTensors_AreNamedAndNothingStays(string key, uint value, string tensor)
    {
        long before = Device.Memory.AllocatedBytes;
        string path = Write(k =>
        {
            k[key] = value;
            if (key.EndsWith("patch_size", StringComparison.Ordinal)) k["clip.vision.projector.scale_factor"] = 3u;
        }, data: true);
        using (GgufFile file = GgufFile.Open(path))
            Assert.That(() => VisionEncoder.Load(Device, file, 64, "model.gguf").Dispose(),
                Throws.InstanceOf<GgufFormatException>().With.Message.Contains(tensor));
        File.Delete(path);
        Assert.That(Device.Memory.AllocatedBytes, Is.EqualTo(before));
    }

    [Test]
    public void Load_EncoderThatDoesNotFit_IsRefusedBeforeAllocation()
    {
        long before = Device.Memory.AllocatedBytes, peak = Device.Memory.PeakBytes;
        string path = Write(k =>
        {
            k["clip.vision.image_size"] = 4096u;
            k["clip.vision.patch_size"] = 1u;
        }, data: true);
        using (GgufFile file = GgufFile.Open(path))
            Assert.That(() => VisionEncoder.Load(Device, file, 64, "model.gguf").Dispose(),
                Throws.InstanceOf<InsufficientGpuMemoryException>().With.Message.Contains("image encoder"));
        File.Delete(path);
        Assert.That((Device.Memory.AllocatedBytes, Device.Memory.PeakBytes), Is.EqualTo((before, peak)));
    }

    private static Inference.VisionConfig Read(Action<Dictionary<string, object>> change)
    {
        string path = Write(change, data: false);
        try
        {
            using GgufFile file = GgufFile.Open(path);
            return Inference.VisionConfig.Read(file);
        }
        finally
        {
            File.Delete(path);
        }
    }

    /// <summary>
    /// The committed file with other keys; without <paramref name="data"/> only with the tensors whose shapes are hyper-parameters.
    /// </summary>
    private static string Write(Action<Dictionary<string, object>> change, bool data)
    {
        using GgufFile good = GgufFile.Open(Good);
        Dictionary<string, object> keys = good.Metadata.Keys.ToDictionary(k => k, k => (object)good.Metadata.Find(k)!);
        change(keys);
        GgufWriter writer = new();
        foreach ((string key, object value) in keys) Add(writer, key, value);
        foreach (GgufTensor tensor in good.Tensors.Where(t => data || t.Name is "mm.model.fc.weight" or "mm.model.mlp.1.weight"))
        {
            byte[] bytes = new byte[tensor.ByteLength];
            good.Read(tensor, 0, bytes);
            writer.AddTensor(tensor.Name, tensor.Type, [.. tensor.Dimensions], bytes);
        }

        string path = Path.Combine(AppContext.BaseDirectory, $"{Environment.ProcessId}-{Guid.NewGuid():N}.gguf");
        writer.Save(path);
        return path;
    }

    private static GgufWriter Add(GgufWriter writer, string key, object value) => value switch
    {
        string text => writer.Add(key, text),
        uint number => writer.Add(key, number),
        bool flag => writer.Add(key, flag),
        float number => writer.Add(key, number),
        float[] numbers => writer.Add(key, numbers),
        GgufValue other => writer.Add(key, other),
        _ => throw new ArgumentException(key),
    };
}
