using System.Runtime.ExceptionServices;

namespace NpcMind.Gpu;

/// <summary>
/// The pipelines of a device, each once for a shader and its specialization constants. They live as long as the device: a model, its image
/// encoder and models that are loaded later share them. Used by one thread at a time.
/// </summary>
internal sealed class PipelineStore(GpuDevice device) : IDisposable
{
    private readonly Dictionary<string, SpirvModule> _modules = new(StringComparer.Ordinal);
    private readonly Dictionary<string, ComputePipeline> _pipelines = new(StringComparer.Ordinal);
    private readonly HashSet<ComputePipeline> _wanted = [];

    /// <summary>
    /// Whether pipelines asked for from now on are compiled at their first use, not by <see cref="Compile"/>: for programs that run few
    /// of them.
    /// </summary>
    public bool CompilesLate { get; set; }

    /// <summary>A pipeline, which <see cref="Compile"/> compiles, or its first use.</summary>
    /// <param name="shader">Name of the shader; no two have the same.</param>
    /// <param name="read">Reads it.</param>
    /// <param name="subgroupSize">Lanes that its subgroups must have; 0 for the driver's choice.</param>
    /// <param name="specialization">Value of every specialization constant, by name.</param>
    /// <exception cref="ArgumentException">A specialization constant is missing or unknown.</exception>
    public ComputePipeline Get(
        string shader, Func<string, SpirvModule> read, uint subgroupSize, params ReadOnlySpan<Constant> specialization)
    {
        string key = $"{shader} {subgroupSize}";
        foreach (Constant constant in specialization) key += $" {constant.Name}={constant.Bits}";
        if (!_pipelines.TryGetValue(key, out ComputePipeline? pipeline))
        {
            if (!_modules.TryGetValue(shader, out SpirvModule? module)) _modules[shader] = module = read(shader);
            _pipelines[key] = pipeline = new ComputePipeline(device, module, subgroupSize, specialization);
        }

        if (!CompilesLate) _wanted.Add(pipeline);
        return pipeline;
    }

    /// <summary>Compiles, on all cores, what was asked for and is not compiled yet.</summary>
    /// <exception cref="VulkanException">The driver failed.</exception>
    public void Compile()
    {
        try
        {
            Parallel.ForEach(_wanted, pipeline => pipeline.Compile());
            _wanted.Clear();
        }
        catch (AggregateException e)
        {
            ExceptionDispatchInfo.Throw(e.InnerExceptions[0]);
        }
    }

    /// <summary>Frees the pipelines.</summary>
    public void Dispose()
    {
        foreach (ComputePipeline pipeline in _pipelines.Values) pipeline.Dispose();
    }
}
