using NpcMind.Gguf;
using NpcMind.Gpu;
using NpcMind.Inference;

namespace NpcMind.Cli.Doctor;

/// <summary>How many minds fit beside the weights.</summary>
/// <param name="Context">Tokens that each mind can hold.</param>
/// <param name="Kv">Number format of keys and values.</param>
/// <param name="BytesPerMind">Device bytes that one takes.</param>
/// <param name="Minds">How many fit; at most 4,096, as many as a runtime takes.</param>
internal sealed record FitRow(int Context, KvFormat Kv, long BytesPerMind, long Minds);

/// <summary>What of a model fits a device.</summary>
/// <param name="Device">Name of the device.</param>
/// <param name="AvailableBytes">Device memory that is free.</param>
/// <param name="WeightBytes">What the weights take of it.</param>
/// <param name="Rows">Minds by context and format.</param>
internal sealed record DeviceFit(string Device, long AvailableBytes, long WeightBytes, IReadOnlyList<FitRow> Rows)
{
    private const int MostMinds = 4096;

    /// <summary>What steps need beside weights, keys and values.</summary>
    private const long WorkspaceBytes = 64 << 20;

    private static readonly int[] Contexts = [512, 2048, 8192, 32768, 131072];

    public static DeviceFit Of(GgufFile file, ModelConfig config, GpuDevice device)
    {
        long available = device.Memory.Available(MemoryKind.Device), weights = InferenceEngine.WeightBytes(file);
        List<FitRow> rows = [];
        foreach (int context in Contexts.Where(c => c <= Math.Max(config.ContextLength, Contexts[0])))
            foreach (KvFormat kv in (KvFormat[])[KvFormat.F32, KvFormat.F16, KvFormat.Q8])
            {
                if (kv == KvFormat.Q8 && config.HeadDim % 32 != 0) continue;
                long bytes = Math.Max(1, InferenceEngine.KvBytes(config, kv, context));
                rows.Add(new FitRow(context, kv, bytes, Math.Clamp((available - weights - WorkspaceBytes) / bytes, 0, MostMinds)));
            }

        return new DeviceFit(device.Limits.Name, available, weights, rows);
    }

    public void Judge(Diagnosis diagnosis)
    {
        if (Rows.Any(r => r.Minds > 0)) diagnosis.Ok("memory",
            $"fits '{Device}': {WeightBytes >> 20} MiB of weights, {AvailableBytes >> 20} MiB free");
        else diagnosis.Warn("memory", "does-not-fit",
            $"the weights take {WeightBytes >> 20} MiB, and '{Device}' has {AvailableBytes >> 20} MiB free.",
            "Take a smaller or more strongly quantised model, or free memory.");
    }
}
