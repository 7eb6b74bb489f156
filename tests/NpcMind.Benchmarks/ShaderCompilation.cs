using NpcMind.Gpu;
using NpcMind.Inference;

namespace NpcMind.Benchmarks;

/// <summary>Compiles every kernel with the specialization a GPU gets, so that a driver's statistics (registers, spills, occupancy) can be read.</summary>
internal static class ShaderCompilation
{
    public static void Run(string[] names)
    {
        using GpuDevice device = GpuDevice.Create();
        using KernelLibrary kernels = new(device);
        Console.WriteLine($"{device.Limits.Name}, {device.Limits.Driver}");
        foreach (string name in names.Length > 0 ? names : KernelLibrary.ShaderNames)
        {
            if (name.StartsWith("matmul_", StringComparison.Ordinal))
                foreach (uint tokens in (uint[])[1, 4, 8])
                    Compile(kernels, name, ("workgroupSize", 8 * kernels.Slices), ("Tokens", tokens), ("Slices", kernels.Slices), ("Experts", 0u), ("HasBias", 0u), ("Accumulate", 1u));
            else if (name.StartsWith("attention_", StringComparison.Ordinal) && name != "attention_combine")
                foreach (uint queries in (uint[])[1, 2])
                    Compile(kernels, name, ("workgroupSize", 8 * kernels.Slices), ("Quads", 32u), ("Group", 4u), ("Queries", queries), ("Slices", kernels.Slices), ("SplitPages", 16u));
            else
                Compile(kernels, name, ("workgroupSize", name is "rms_norm" ? kernels.RowWorkgroup : kernels.SmallWorkgroup));
        }
    }

    private static void Compile(KernelLibrary kernels, string name, params ReadOnlySpan<Constant> specialization)
    {
        string values = "";
        foreach (Constant constant in specialization) values += $" {constant.Name}={constant.Bits}";
        Console.Error.WriteLine($"=== {name}{values}");
        kernels.Pipeline(name, specialization);
    }
}
