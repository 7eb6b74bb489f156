using NpcMind.Gpu;
using NpcMind.Inference;

namespace NpcMind.Benchmarks;

/// <summary>
/// Compiles every kernel with the specialization a GPU gets, so that a driver's statistics (registers, spills, occupancy) can be read.
/// </summary>
internal static class ShaderCompilation
{
    public static void Run(string[] names)
    {
        using GpuDevice device = GpuDevice.Create();
        using KernelLibrary kernels = new(device);
        Console.WriteLine($"{device.Limits.Name}, {device.Limits.Driver}");
        foreach (string name in names.Length > 0 ? names : KernelLibrary.ShaderNames)
        {
            bool attention = name.StartsWith("attention_", StringComparison.Ordinal) && name != "attention_combine";
            foreach (uint rows in name.StartsWith("matmul_", StringComparison.Ordinal) ? (uint[])[1, 4, 8] : attention ? [1, 2] : [1])
            {
                SpirvModule module = KernelLibrary.ReadModule(name);
                bool wide = attention || name.StartsWith("matmul_", StringComparison.Ordinal);
                Constant[] specialization = [
                    .. module.Specializations.Select(s => new Constant(s.Name, Value(kernels, name, s.Name, rows, wide)))];
                Console.Error.WriteLine($"=== {name} {string.Join(' ', specialization.Select(c => $"{c.Name}={c.Bits}"))}");
                kernels.Pipeline(name, specialization);
            }
        }
    }

    /// <summary>Heads of 128, 4 query heads per key/value head; switches on.</summary>
    private static uint Value(KernelLibrary kernels, string shader, string constant, uint rows, bool wide) => constant switch
    {
        "workgroupSize" => wide ? 8 * kernels.Slices : shader is "rms_norm" or "layer_norm" ? kernels.RowWorkgroup : kernels.SmallWorkgroup,
        "Tokens" or "Queries" => rows,
        "Slices" => kernels.Slices,
        "Experts" or "HasBias" or "Form" => 0,
        "Quads" => 32,
        "Group" => 4,
        "SplitPages" => 16,
        "ChunkTokens" => Sampler.ChunkTokens,
        "WindowTokens" => 32,
        _ => 1,
    };
}
