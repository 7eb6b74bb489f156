using System.Diagnostics;
using NpcMind.Gguf;
using NpcMind.Gpu;
using NpcMind.GpuTests.Vision;
using NpcMind.Inference;
using NpcMind.Reference;
using NpcMind.Vision;

namespace NpcMind.GpuTests;

/// <summary>What must hold for every embedded shader.</summary>
internal sealed class ShaderAuditTests : GpuTest
{
    /// <summary>
    /// Buffers that a shader means to read and write. All others are declared readonly or writeonly, or the recorder would place needless
    /// barriers.
    /// </summary>
    private static readonly HashSet<(string Shader, string Buffer)> ReadWrite =
    [
        .. WeightLayout.Supported.Select(t => ($"matmul_{WeightLayout.For(t)!.KernelSuffix}", "Y")),
        .. WeightLayout.Supported.Select(t => ($"matmul_{WeightLayout.For(t)!.KernelSuffix}_dot", "Y")),
        .. WeightLayout.Supported.Select(t => ($"matmul_{WeightLayout.For(t)!.KernelSuffix}{Inference.MatMul.MatrixSuffix}", "Y")),
        .. WeightLayout.Supported.Select(t => ($"matmul_{WeightLayout.For(t)!.KernelSuffix}{Inference.MatMul.LanesSuffix}", "Y")),
        ("expert_combine", "X"), ("rms_norm", "Y"), ("soft_cap", "Y"),
        ("position_embed", "X"), ("l2_norm", "Y"),
        ("sample_penalties", "Logits"), ("sample_histogram", "State"), ("sample_histogram", "Bins"), ("picture_hash", "Hash"),
    ];

    public static IEnumerable<string> Shaders => KernelLibrary.ShaderNames;

    [TestCaseSource(nameof(Shaders))]
    public void Shader_Each_IsValidNamedAndDeclaresItsWrites(string name)
    {
        SpirvModule module = KernelLibrary.ReadModule(name);
        Validate(module);
        Assert.That(module.PushConstants.Select(c => c.Name), Has.None.Empty, "Push constants have names: shaders are compiled with -g.");
        Assert.That(Opcodes(module), Has.None.EqualTo(3).And.None.EqualTo(7), "The package holds neither source text nor names of files.");
        Assert.That(module.PushConstants.Max(c => c.Location) + 4, Is.LessThanOrEqualTo(128));
        Assert.That(module.Specializations.Select(c => c.Name), Has.None.Empty.And.Contain("workgroupSize"));
        foreach (ShaderBinding binding in module.Bindings.Where(b => b.Access != BindingAccess.None))
        {
            Assert.That(binding.Name, Is.Not.Empty);
            Assert.That(binding.Access == (BindingAccess.Read | BindingAccess.Write), Is.EqualTo(ReadWrite.Contains((name, binding.Name))),
                $"{binding.Name} is {binding.Access}.");
        }
    }

    [Test]
    public void Shader_Each_IsUsedByAModel()
    {
        HashSet<string> used = [];
        EngineOptions options = new() { ContextTokens = 32, MaxRows = 16, MaxOutputs = 16 };
        foreach (TensorType type in WeightLayout.Supported) Collect(TinyModelOptions.Dense.With(type) with { Blocks = 1 }, options);
        used.Add("integers");
        // IntegerProductTests and WideTileTests run these.
        foreach (string suffix in (string[])["_dot", Inference.MatMul.LanesSuffix, Inference.MatMul.MatrixSuffix])
            used.UnionWith(KernelLibrary.ShaderNames.Where(n => n.EndsWith(suffix, StringComparison.Ordinal)));
        Collect(TinyModelOptions.Mixture with { Blocks = 1 }, options with { Kv = KvFormat.F16 });
        Collect(TinyModelOptions.Dense with { Blocks = 1, HeadDimension = 32 }, options with { Kv = KvFormat.Q8 });
        Collect(TinyModelOptions.Dense with { Blocks = 1 }, options with { Kv = KvFormat.Q4 });
        // A short context: learned positions are few.
        Collect(TestData.Golden("architectures", "opt-postnorm-proj", "model.gguf"), options);
        Collect(TestData.Golden("architectures", "gemma2", "model.gguf"), options);
        foreach (KvFormat kv in (KvFormat[])[KvFormat.F32, KvFormat.F16, KvFormat.Q4])
            Collect(TestData.Golden("architectures", "deepseek2-v3", "model.gguf"), options with { Kv = kv });
        used.Add("latent_kv_write_q8_0"); // rows of a multiple of 32 elements, which no tiny model has: LatentCases runs it
        foreach (string family in (string[])["llama4", "gemma3-smallwindow"])
        {
            using VisionCase golden = new(Device, TestData.Golden("vision", family));
            using TestImage image = new(Device, 4, 4, Silk.NET.Vulkan.Format.R8G8B8A8Unorm, new byte[64]);
            using VisionJob rendered = golden.Encoder.CreateJob(golden.Encoder.Config.Plan(4, 4), image.Handle);
            using VisionJob picture = golden.Encoder.CreateJob(golden.Encoder.Config.Plan(4, 4), new Picture(4, 4, new byte[64]));
            Add(golden.Encoder.Nodes(rendered, 0).Concat(golden.Encoder.Nodes(picture, 0)).Concat(golden.Encoder.Nodes(picture, 1)));
        }

        // In a language model a gate is part of its product, unless gate and what it gates are of two formats.
        foreach (string architecture in (string[])["bert", "nomic-bert"])
        {
            TinyBertOptions tiny = new() { Architecture = architecture, Width = 32, FeedForward = 64, Context = 40 };
            using GgufFile bert = GgufFile.Open(TinyEngines.Path(tiny));
            using EmbeddingEncoder encoder = EmbeddingEncoder.Load(Device, bert);
            Add(encoder.Nodes);
        }

        Assert.That(KernelLibrary.ShaderNames.Except(used), Is.Empty);

        void Collect(object model, EngineOptions sizes)
        {
            using InferenceEngine engine = TinyEngines.Load(model, sizes);
            Add(engine.Nodes);
        }

        void Add(IEnumerable<GraphNode> nodes) => used.UnionWith(nodes.SelectMany(n => n.Variants).Select(v => v.Pipeline.Module.Name));
    }

    private static IEnumerable<int> Opcodes(SpirvModule module)
    {
        for (int at = 20; at < module.Code.Length; at += 4 * BitConverter.ToUInt16(module.Code, at + 2))
            yield return BitConverter.ToUInt16(module.Code, at);
    }

    private static void Validate(SpirvModule module)
    {
        string path = Path.Combine(AppContext.BaseDirectory, $"{Environment.ProcessId}-{module.Name}.spv");
        File.WriteAllBytes(path, module.Code);
        try
        {
            using Process process = Process.Start(new ProcessStartInfo("spirv-val", ["--target-env", "vulkan1.3", path])
            { RedirectStandardError = true, RedirectStandardOutput = true })!;
            string output = process.StandardOutput.ReadToEnd() + process.StandardError.ReadToEnd();
            process.WaitForExit();
            Assert.That(process.ExitCode, Is.Zero, output);
        }
        finally
        {
            File.Delete(path);
        }
    }
}
