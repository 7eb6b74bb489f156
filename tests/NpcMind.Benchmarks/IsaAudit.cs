using System.Globalization;
using System.Runtime.InteropServices;
using System.Text;
using System.Text.RegularExpressions;
using NpcMind.Gpu;
using NpcMind.Inference;
using Silk.NET.Vulkan;

namespace NpcMind.Benchmarks;

/// <summary>
/// What a driver's compiler makes of the kernels, as a GPU would run them, of the hot ones in several variants: registers, spills, waves,
/// code, and the instructions of the innermost loop. Needs VK_KHR_pipeline_executable_properties; made for AMD's compiler, which works
/// without a card (<c>scripts/isa-audit.sh</c>). Shaders that are being worked on are taken from the folder NPCMIND_SPIRV, if that is set.
/// </summary>
internal static unsafe partial class IsaAudit
{
    /// <summary>A pipeline to look at.</summary>
    /// <param name="Shader">Kernel.</param>
    /// <param name="Name">What sets it apart.</param>
    /// <param name="Work">Weights, or multiply-accumulates, of a lane in a turn of the innermost loop; 0 where that is not counted.</param>
    /// <param name="Constants">Specialization, where it is not what <see cref="Value"/> says.</param>
    private sealed record Case(string Shader, string Name, int Work, params (string Name, uint Value)[] Constants);

    /// <summary>Columns of a turn times rows of a lane.</summary>
    private const int TurnWeights = WeightLayout.ChunkColumns * WeightLayout.GroupRows / (int)ShaderConstants.ClusterLanes;

    /// <summary>
    /// Elements of keys in a turn (StepQuads of attention.glsl) times a lane's tokens of a page, heads and rows.
    /// </summary>
    private static int AttentionWork(uint queries)
    {
        const int Heads = 4;
        int quads = Heads * queries > 4 ? 2 : 4;
        return quads * 4 * KvCache.PageBlocks * Heads * (int)queries;
    }

    private static readonly string[] Statistics = ["VGPRs", "Spilled VGPRs", "Spilled SGPRs", "Subgroups per SIMD", "Code size", "Latency",
        "Inverse Throughput"];

    /// <summary>What may not grow, and how far it may before that is a fault.</summary>
    private static readonly (string Name, int Column)[] Bounded = [("VGPRs", 0), ("spilled VGPRs", 1), ("spilled SGPRs", 2),
        ("code bytes", 4), ("instructions of the loop", 7)];
    private const double Growth = 1.05;

    /// <summary>
    /// Prints a line of CSV for each case whose name contains every text; writes the assembly into a folder, if one is given.
    /// </summary>
    public static void Run(string? folder, params string[] filter)
    {
        // Not freed: a driver without a card survives neither that nor the end of a process (see the end of this method).
        GpuDevice device = GpuDevice.Create(new GpuOptions { KeepsStatistics = true });
        KernelLibrary kernels = new(device);
        Console.Error.WriteLine($"{device.Limits.Name}, {device.Limits.Driver}");
        Console.WriteLine("kernel,case,vgprs,spilled_vgprs,spilled_sgprs,waves_per_simd,code_bytes,latency,inverse_throughput," +
            "loop_instructions,loop_valu,per_unit");
        foreach (Case c in Cases(kernels).Where(c => filter.All($"{c.Shader} {c.Name}".Contains)))
        {
            SpirvModule module = Environment.GetEnvironmentVariable("NPCMIND_SPIRV") is { } tried
                ? SpirvModule.Read(c.Shader, File.ReadAllBytes(Path.Combine(tried, c.Shader + ".spv")))
                : KernelLibrary.ReadModule(c.Shader);
            Constant[] constants = [.. module.Specializations.Select(s => new Constant(s.Name, Value(kernels, c, s.Name)))];
            ComputePipeline pipeline = new(device, module, SubgroupSize(device, c.Shader), constants);
            Dictionary<string, long> numbers = StatisticsOf(device, pipeline.Handle);
            string assembly = AssemblyOf(device, pipeline.Handle);
            (int all, int vector) = InnermostLoop(assembly);
            string unit = c.Work == 0 || all == 0 ? "" : (all / (double)c.Work).ToString("F3", CultureInfo.InvariantCulture);
            Console.WriteLine($"{c.Shader},{c.Name},{string.Join(',', Statistics.Select(s => numbers.TryGetValue(s, out long n)
                ? n.ToString(CultureInfo.InvariantCulture) : ""))},{all},{vector},{unit}");
            if (folder is not null)
                File.WriteAllText(Path.Combine(Directory.CreateDirectory(folder).FullName, $"{c.Shader} {c.Name}.s"), assembly);
        }

        Console.Out.Flush();
        ExitAtOnce(0);
    }

    [LibraryImport("libc", EntryPoint = "_exit")]
    private static partial void ExitAtOnce(int status);

    /// <summary>Prints what is worse in one table than in another; 0 where nothing is.</summary>
    public static int Compare(string before, string after)
    {
        Dictionary<string, double?[]> old = Read(before), now = Read(after);
        int worse = 0;
        foreach ((string name, double?[] figures) in now)
        {
            if (!old.TryGetValue(name, out double?[]? was)) Say($"{name} is not in {before}: run scripts/isa-audit.sh.");
            else foreach ((string what, int at) in Bounded)
                if (figures[at] > was[at] * Growth) Say($"{name}: {what} grew from {was[at]} to {figures[at]}.");
        }

        foreach (string gone in old.Keys.Except(now.Keys)) Say($"{gone} is no longer measured: run scripts/isa-audit.sh.");
        return worse > 0 ? 1 : 0;

        void Say(string line)
        {
            worse++;
            Console.Error.WriteLine($"isa-audit: {line}");
        }
    }

    /// <summary>Figures by kernel and case, in the order of the columns after these.</summary>
    private static Dictionary<string, double?[]> Read(string path) => File.ReadLines(path).Skip(1).Select(l => l.Split(','))
        .ToDictionary(f => $"{f[0]} {f[1]}".TrimEnd(), f => f.Skip(2).Select(n => n.Length == 0 ? (double?)null
            : double.Parse(n, CultureInfo.InvariantCulture)).ToArray(), StringComparer.Ordinal);

    private static IEnumerable<Case> Cases(KernelLibrary kernels)
    {
        uint clusters = kernels.ExpertClusters(8);
        foreach (string format in (string[])["q4_k", "q4_1", "q8_0", "q6_k", "f16"])
            foreach (uint rows in (uint[])[1, 4, 8])
                yield return new($"matmul_{format}", $"{rows} rows", TurnWeights * (int)rows, ("Tokens", rows));
        foreach (string format in (string[])["q4_k", "q4_1", "q8_0", "q6_k"])
            foreach (uint digits in (uint[])[1, 2])
                foreach (uint rows in (uint[])[1, 4, 8])
                    yield return new($"matmul_{format}_dot", $"{rows} rows {digits} bytes", TurnWeights * (int)rows, ("Tokens", rows),
                        ("Digits", digits), ("ReadsIntegers", rows > 1 ? 1u : 0u));
        foreach (string format in (string[])["q4_k", "q4_1", "q8_0", "q6_k"])
            foreach (uint digits in (uint[])[1, 2])
                yield return new($"matmul_{format}{MatMul.LanesSuffix}", $"32 rows {digits} bytes",
                    WeightLayout.ChunkColumns * MatMul.MostWideRows, ("Tokens", MatMul.MostWideRows), ("Digits", digits));
        if (kernels.Device.Matrices is not null)
            foreach (string format in (string[])["q4_k", "q4_1", "q8_0", "q6_k"])
                foreach (uint digits in (uint[])[1, 2])
                    yield return new($"matmul_{format}{MatMul.MatrixSuffix}", $"32 rows {digits} bytes", 0,
                        ("Tokens", MatMul.MostWideRows), ("Digits", digits));
        yield return new("matmul_q4_k_dot", "1 rows 1 bytes norm gated", TurnWeights, ("Digits", 1), ("Gated", 1), ("Normalizes", 1));
        yield return new("matmul_q4_k_dot", "8 rows 1 bytes integers made", TurnWeights * 8, ("Tokens", 8), ("Digits", 1));
        foreach (string format in (string[])["q4_k", "q4_1"])
            foreach (uint rows in (uint[])[1, 4, 8])
                yield return new($"matmul_{format}", $"{rows} rows norm gated", TurnWeights * (int)rows, ("Tokens", rows), ("Gated", 1),
                    ("Normalizes", 1));
        yield return new("matmul_q4_k", "1 rows norm", TurnWeights, ("Normalizes", 1));
        yield return new("matmul_q4_k", "8 rows norm", TurnWeights * 8, ("Normalizes", 1), ("Tokens", 8));
        yield return new("matmul_q4_k", "8 experts added", TurnWeights, ("Combined", 8), ("ExpertClusters", clusters),
            ("workgroupSize", ShaderConstants.ClusterLanes * kernels.Slices * clusters), ("Accumulate", 1));
        foreach (string format in (string[])["f16", "q8_0", "q4"])
            foreach (uint queries in (uint[])[1, 2])
                yield return new($"attention_{format}", $"head 128 {queries} queries", AttentionWork(queries), ("Queries", queries));
        foreach (uint rows in (uint[])[1, 8])
            foreach (uint groups in (uint[])[1, 2])
                yield return new("router_f32", $"8 of {32 * groups} {rows} rows", 0, ("Tokens", rows), ("Experts", 32 * groups),
                    ("Groups", groups), ("Used", 8), ("Gate", 0), ("HasBias", 0), ("SelectsWithBias", 0), ("Alone", rows == 1 ? 1u : 0u));
        yield return new("router_top_k", "8 of 128", 0, ("Experts", 128), ("Used", 8), ("Gate", 0), ("HasBias", 0));
        yield return new("router_top_k", "8 of 256 in groups", 0, ("Experts", 256), ("Used", 8), ("Groups", 8));
        // All others: what crashes a compiler need not be hot.
        foreach (string shader in KernelLibrary.ShaderNames.Where(n => !n.StartsWith("router_", StringComparison.Ordinal)))
        {
            bool usesMatrices = shader.EndsWith(MatMul.MatrixSuffix, StringComparison.Ordinal);
            if (usesMatrices || shader.EndsWith(MatMul.LanesSuffix, StringComparison.Ordinal))
            {
                if (!usesMatrices || kernels.Device.Matrices is not null)
                    yield return new(shader, "32 rows gated bias added", 0, ("Tokens", MatMul.MostWideRows), ("Gated", 1), ("HasBias", 1),
                        ("Accumulate", 1), ("Digits", 2));
            }
            else if (shader.StartsWith("matmul_", StringComparison.Ordinal))
                foreach (uint rows in (uint[])[1, 8])
                    yield return new(shader, $"{rows} rows norm gated bias added", 0, ("Tokens", rows), ("Gated", 1), ("Normalizes", 1),
                        ("HasBias", 1), ("Accumulate", 1), ("Digits", shader.EndsWith("_dot", StringComparison.Ordinal) ? 2u : 0u));
            else if (shader is "attention_combine" || !shader.StartsWith("attention_", StringComparison.Ordinal))
                yield return new(shader, "", 0);
            else yield return new(shader, "head 64 8 per key", 0, ("Quads", 16), ("Group", 8));
        }
    }

    /// <summary>Heads of 128, 4 query heads per key/value head; whatever else can be switched off is.</summary>
    private static uint Value(KernelLibrary kernels, Case c, string constant)
    {
        foreach ((string name, uint value) in c.Constants)
            if (name == constant) return value;
        bool attends = c.Shader.StartsWith("attention_", StringComparison.Ordinal) && c.Shader != "attention_combine";
        bool isProduct = c.Shader.StartsWith("matmul_", StringComparison.Ordinal);
        MatrixShape? matrices = c.Shader.EndsWith(MatMul.MatrixSuffix, StringComparison.Ordinal) ? kernels.Device.Matrices : null;
        return constant switch
        {
            "MatrixRows" => matrices!.Rows,
            "MatrixColumns" => matrices!.Columns,
            "MatrixDepth" => matrices!.Depth,
            "workgroupSize" when matrices is not null => matrices.SubgroupSize,
            "workgroupSize" when c.Shader.EndsWith(MatMul.LanesSuffix, StringComparison.Ordinal) => WeightLayout.GroupRows * kernels.Slices,
            "workgroupSize" => attends || isProduct || c.Shader == "router_f32" ? ShaderConstants.ClusterLanes * kernels.Slices
                : c.Shader is "rms_norm" ? kernels.RowWorkgroup : kernels.SmallWorkgroup,
            "Slices" => kernels.Slices,
            "SharesQueries" => kernels.SharesQueries ? 1u : 0u,
            "Quads" => 32,
            "Group" => 4,
            "SplitPages" => 16,
            "ChunkTokens" => Inference.Sampler.ChunkTokens,
            "WindowTokens" => 32,
            "ExpertClusters" or "Weighted" or "Tokens" or "Queries" => 1,
            _ => isProduct ? 0u : 1u,
        };
    }

    private static uint SubgroupSize(GpuDevice device, string shader) =>
        shader.EndsWith(MatMul.MatrixSuffix, StringComparison.Ordinal) ? device.Matrices!.SubgroupSize
        : shader.EndsWith(MatMul.LanesSuffix, StringComparison.Ordinal) ? device.NarrowSubgroups!.Value
        : 0;

    private static Dictionary<string, long> StatisticsOf(GpuDevice device, Pipeline pipeline)
    {
        var get = (delegate* unmanaged<Device, PipelineExecutableInfoKHR*, uint*, PipelineExecutableStatisticKHR*, Result>)
            Function(device, "vkGetPipelineExecutableStatisticsKHR");
        PipelineExecutableInfoKHR info = new() { SType = StructureType.PipelineExecutableInfoKhr, Pipeline = pipeline };
        uint count = 0;
        get(device.Handle, &info, &count, null).ThrowOnError("vkGetPipelineExecutableStatisticsKHR");
        var all = new PipelineExecutableStatisticKHR[count];
        for (int i = 0; i < count; i++) all[i].SType = StructureType.PipelineExecutableStatisticKhr;
        Dictionary<string, long> numbers = new(StringComparer.Ordinal);
        fixed (PipelineExecutableStatisticKHR* p = all)
        {
            get(device.Handle, &info, &count, p).ThrowOnError("vkGetPipelineExecutableStatisticsKHR");
            for (int i = 0; i < count; i++) numbers[Text(p[i].Name)] = (long)p[i].Value.U64;
        }

        return numbers;
    }

    private static string AssemblyOf(GpuDevice device, Pipeline pipeline)
    {
        var get = (delegate* unmanaged<Device, PipelineExecutableInfoKHR*, uint*, PipelineExecutableInternalRepresentationKHR*, Result>)
            Function(device, "vkGetPipelineExecutableInternalRepresentationsKHR");
        PipelineExecutableInfoKHR info = new() { SType = StructureType.PipelineExecutableInfoKhr, Pipeline = pipeline };
        uint count = 0;
        get(device.Handle, &info, &count, null).ThrowOnError("vkGetPipelineExecutableInternalRepresentationsKHR");
        var all = new PipelineExecutableInternalRepresentationKHR[count];
        for (int i = 0; i < count; i++) all[i].SType = StructureType.PipelineExecutableInternalRepresentationKhr;
        fixed (PipelineExecutableInternalRepresentationKHR* p = all)
        {
            get(device.Handle, &info, &count, p).ThrowOnError("vkGetPipelineExecutableInternalRepresentationsKHR"); // sizes
            for (int i = 0; i < count; i++)
            {
                if (Text(p[i].Name) != "Assembly") continue;
                byte[] text = new byte[p[i].DataSize];
                fixed (byte* data = text)
                {
                    for (int k = 0; k < count; k++)
                    {
                        p[k].PData = k == i ? data : null;
                        p[k].DataSize = k == i ? (nuint)text.Length : 0;
                    }

                    get(device.Handle, &info, &count, p).ThrowOnError("vkGetPipelineExecutableInternalRepresentationsKHR");
                }

                return Encoding.UTF8.GetString(text).TrimEnd('\0');
            }
        }

        return "";
    }

    /// <summary>Instructions of the longest loop that holds no other: all, and those of the vector unit.</summary>
    private static (int All, int Vector) InnermostLoop(string assembly)
    {
        Dictionary<string, int> labels = new(StringComparer.Ordinal);
        List<string> instructions = [];
        List<(int From, int To)> loops = [];
        foreach (string line in assembly.Split('\n'))
        {
            if (Label().Match(line) is { Success: true } label) labels[label.Groups[1].Value] = instructions.Count;
            else if (Instruction().Match(line) is { Success: true } found)
            {
                if (found.Groups[1].Value.Contains("branch", StringComparison.Ordinal)
                    && labels.TryGetValue(found.Groups[2].Value.Trim(), out int to)) loops.Add((to, instructions.Count));
                instructions.Add(found.Groups[1].Value);
            }
        }

        (int From, int To)[] innermost = [.. loops.Where(l => !loops.Any(o => o != l && o.From >= l.From && o.To <= l.To))];
        if (innermost.Length == 0) return default;
        (int from, int end) = innermost.MaxBy(l => l.To - l.From);
        return (end - from + 1, instructions[from..(end + 1)].Count(i => i.StartsWith("v_", StringComparison.Ordinal)));
    }

    private static void* Function(GpuDevice device, string name)
    {
        using Utf8Strings strings = new();
        return (void*)device.Api.GetDeviceProcAddr(device.Handle, strings[name]);
    }

    private static string Text(byte* text) => Marshal.PtrToStringUTF8((nint)text) ?? "";

    [GeneratedRegex(@"^\s*(BB\d+):")]
    private static partial Regex Label();

    [GeneratedRegex(@"^\s+([a-z]\w+)\s*([^;/]*)")]
    private static partial Regex Instruction();
}
