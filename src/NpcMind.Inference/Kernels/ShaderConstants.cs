using System.Globalization;
using System.Numerics;
using System.Text;
using NpcMind.Gpu;
using NpcMind.Vision;

namespace NpcMind.Inference;

/// <summary>
/// Lists what host and shaders both know and no specialization constant carries. Each number is defined once, in C#;
/// <see cref="Glsl"/> prints them as shaders/lib/host_constants.glsl, which every kernel includes.
/// </summary>
internal static class ShaderConstants
{
    /// <summary>Lanes of a cluster, neighbours of a subgroup that work together: the smallest subgroup that devices may have.</summary>
    public const int ClusterLanes = DeviceChoice.SmallestSubgroup;

    private static readonly (string Comment, (string Name, long Value)[] Numbers)[] Groups =
    [
        ("A cluster is neighbouring lanes of a subgroup.",
        [
            (nameof(ClusterLanes), ClusterLanes),
            ("ClusterShift", BitOperations.Log2(ClusterLanes)),
            (nameof(KernelLibrary.LargestWorkgroup), KernelLibrary.LargestWorkgroup),
        ]),
        ("Weights (Model/WeightLayout.cs): rows of a row group, columns of a chunk.",
        [
            (nameof(WeightLayout.GroupRows), WeightLayout.GroupRows),
            (nameof(WeightLayout.ChunkColumns), WeightLayout.ChunkColumns),
        ]),
        ("Activations as integers (Kernels/MatMul.cs): columns of a block, and its words beside its integers.",
        [
            (nameof(MatMul.IntegerBlock), MatMul.IntegerBlock),
            (nameof(MatMul.IntegerBlockExtraWords), MatMul.IntegerBlockExtraWords),
        ]),
        ("KV cache (Kv/KvCache.cs): tokens of a block, blocks and tokens of a page, quads that share a scale.",
        [
            (nameof(KvCache.BlockTokens), KvCache.BlockTokens),
            (nameof(KvCache.PageBlocks), KvCache.PageBlocks),
            (nameof(KvCache.PageTokens), KvCache.PageTokens),
            ("KvScaleQuads", KvCache.ScaleElements / 4),
            ("KvQ4QuadsPerTexel", KvCache.Q4NibblesPerTexel / 4),
            ("KvQ4ScalesPerTexel", KvCache.Q4ScalesPerTexel),
        ]),
        ("Rows of a step (StepInputs.cs): the last word holds a feature row + 1 and, above it, how many tokens are seen ahead.",
        [
            (nameof(StepInputs.TokenFromDevice), StepInputs.TokenFromDevice),
            (nameof(StepInputs.FeatureMask), StepInputs.FeatureMask),
            (nameof(StepInputs.AheadShift), StepInputs.AheadShift),
        ]),
        ("Sampler (Kernels/Sampler.cs).",
        [
            (nameof(Sampler.NoToken), unchecked((uint)Sampler.NoToken)),
            (nameof(Sampler.KeyPasses), Sampler.KeyPasses),
            (nameof(Sampler.HistogramPasses), Sampler.HistogramPasses),
            (nameof(Sampler.HistogramBins), Sampler.HistogramBins),
        ]),
        ("Pictures (Vision/VisionJob.cs, NpcMind.Vision/ResampleTable.cs).",
        [
            (nameof(VisionJob.HashLaneWords), VisionJob.HashLaneWords),
            ("ResampleBits", ResampleTable.Bits),
        ]),
        Values<AttentionSpanKind>("Model/AttentionSpan.cs"),
        Values<ActivationForm>("Kernels/Activation.cs"),
        Values<GateForm>("Kernels/Activation.cs"),
        Values<HeadNorm>("Kernels/RopeKvWrite.cs"),
        Values<RouterGate>("Kernels/Router.cs"),
        Values<EmbeddingPooling>("Embedding/EmbeddingConfig.cs"),
        ("Units of weight formats (Model/WeightLayout.cs): texels of codes and words of scales per row and unit.",
        [
            .. WeightLayout.Supported.Select(type => WeightLayout.For(type)!).SelectMany(layout => new (string, long)[]
            {
                ($"{layout.Type}_{nameof(layout.UnitTexels)}", layout.UnitTexels),
                ($"{layout.Type}_{nameof(layout.ScaleWords)}", layout.ScaleWords),
            }),
        ]),
    ];

    /// <summary>Returns the text of shaders/lib/host_constants.glsl.</summary>
    public static string Glsl()
    {
        StringBuilder text = new();
        text.Append("// Generated from src/NpcMind.Inference/Kernels/ShaderConstants.cs: what host and shaders both know. Do not edit;\n")
            .Append("// NPCMIND_UPDATE=1 dotnet test tests/NpcMind.Tests -c Release --filter ShaderConstantsTests\n")
            .Append("// writes it anew.\n");
        foreach ((string comment, (string Name, long Value)[] numbers) in Groups)
        {
            text.Append("\n// ").Append(comment).Append('\n');
            foreach ((string name, long value) in numbers) text.Append(CultureInfo.InvariantCulture, $"const uint {name} = {value}u;\n");
        }

        text.Append("\n// Settings of a sequence's sampler (Kernels/SamplerWord.cs).\nstruct SamplerSettings {\n");
        for (int i = 0; i < StepInputs.SamplerWords; i++)
        {
            SamplerWord word = (SamplerWord)i;
            string name = Enum.IsDefined(word) ? MemberName(word) : string.Create(CultureInfo.InvariantCulture, $"unused{i}");
            text.Append(CultureInfo.InvariantCulture, $"    {(IsInteger(word) ? "uint" : "float")} {name};\n");
        }

        return text.Append("};\n").ToString();
    }

    private static bool IsInteger(SamplerWord word) =>
        word is SamplerWord.TopK or SamplerWord.LastTokens or SamplerWord.SeedLow or SamplerWord.SeedHigh || !Enum.IsDefined(word);

    private static string MemberName(SamplerWord word)
    {
        string name = word.ToString();
        return char.ToLowerInvariant(name[0]) + name[1..];
    }

    private static (string Comment, (string Name, long Value)[] Numbers) Values<T>(string file)
        where T : struct, Enum =>
        ($"{typeof(T).Name} ({file}).",
        [.. Enum.GetValues<T>().Select(v => (typeof(T).Name + v, Convert.ToInt64(v, CultureInfo.InvariantCulture)))]);
}
