using NpcMind.Gpu;

namespace NpcMind.Inference;

/// <summary>Sizes that are fixed when an engine is loaded.</summary>
internal sealed record EngineOptions
{
    /// <summary>Most tokens one sequence can hold.</summary>
    public int ContextTokens { get; init; } = 2048;

    /// <summary>Sequences that can be open at once.</summary>
    public int MaxSequences { get; init; } = 1;

    /// <summary>Most rows (tokens of any sequences) in one step; a multiple of 16.</summary>
    public int MaxRows { get; init; } = 64;

    /// <summary>Most rows of one step whose logits are computed.</summary>
    public int MaxOutputs { get; init; } = 16;

    /// <summary>Format of the KV cache.</summary>
    public KvFormat Kv { get; init; } = KvFormat.F32;

    /// <summary>Of products with weights.</summary>
    public Precision Precision { get; init; }

    /// <summary>Tokens whose keys and values fit into the cache, over all sequences; null for MaxSequences * ContextTokens.</summary>
    public int? CacheTokens { get; init; }

    /// <summary>
    /// Whether rows can be feature rows of pictures (<see cref="StepBatch.AddFeature"/>): takes host memory for a few steps of them.
    /// </summary>
    public bool Features { get; init; }

    /// <summary>Tokens whose keys and values fit into host memory, where sequences wait that are not needed now.</summary>
    public int HostKvTokens { get; init; }

    /// <summary>
    /// Bytes of weights, each as often as a step has rows, that a submission outside of frames reads at most: drivers reset a device that
    /// works on one for seconds.
    /// </summary>
    public long SubmissionBytes { get; init; } = 32L << 30;

    /// <summary>Default of <see cref="MaxRows"/>: a step reads all weights once, so on a GPU more rows make better use of them.</summary>
    public static int RowsFor(GpuLimits device) => device.IsSoftware ? 64 : 256;

    /// <summary>Rows of a buffer for so many: whole tiles of products.</summary>
    public int BufferRows(int rows)
    {
        int tile = Precision == Precision.Exact ? 16 : MatMul.MostWideRows;
        return (rows + tile - 1) / tile * tile;
    }

    /// <summary><see cref="CacheTokens"/>, or what stands for null.</summary>
    public long TotalCacheTokens => CacheTokens ?? (long)ContextTokens * MaxSequences;

    /// <summary>Holds the sizes that follow from several options against what a device can bind, before anything is allocated.</summary>
    /// <exception cref="ArgumentException">They are too large.</exception>
    public void Check(GpuLimits limits)
    {
        long log = 4L * MaxSequences * ContextTokens, most = Math.Min(limits.MaxStorageBufferRange, Array.MaxLength);
        if (log > most)
            throw new ArgumentException(
                $"{MaxSequences} sequences of {ContextTokens} tokens need a buffer of {log} bytes; the device '{limits.Name}' binds at " +
                $"most {most} at a time. Use a shorter context or fewer sequences.");
    }
}

/// <summary>How the next token is chosen. The order of steps is stated in Kernels/Sampler.cs.</summary>
internal readonly record struct SamplerSettings()
{
    /// <summary>0 always takes the likeliest token; 1 samples the model's own distribution.</summary>
    public float Temperature { get; init; } = 0;

    /// <summary>Keeps the k likeliest tokens; 0 keeps all.</summary>
    public int TopK { get; init; }

    /// <summary>Keeps the smallest set of likeliest tokens with at least this probability; 1 keeps all.</summary>
    public float TopP { get; init; } = 1;

    /// <summary>Keeps tokens at least this probable relative to the likeliest; 0 keeps all.</summary>
    public float MinP { get; init; }

    /// <summary>Divides positive and multiplies negative logits of recent tokens; 1 is off.</summary>
    public float RepetitionPenalty { get; init; } = 1;

    /// <summary>Subtracted from the logit of a recent token once per occurrence.</summary>
    public float FrequencyPenalty { get; init; }

    /// <summary>Subtracted from the logit of a recent token once.</summary>
    public float PresencePenalty { get; init; }

    /// <summary>How many tokens back the penalties look.</summary>
    public int PenaltyTokens { get; init; } = 64;

    /// <summary>Seed of the random numbers; with the position it is the whole random state.</summary>
    public ulong Seed { get; init; }

    /// <summary>Checks the ranges.</summary>
    /// <exception cref="ArgumentException">A value is out of range or not finite.</exception>
    public void Check()
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(Temperature, 0); // -0 is not less; ThrowIfNegative refuses it
        ArgumentOutOfRangeException.ThrowIfNegative(TopK);
        ArgumentOutOfRangeException.ThrowIfLessThan(TopP, 0);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(TopP, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(MinP, 0);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(MinP, 1);
        ArgumentOutOfRangeException.ThrowIfLessThanOrEqual(RepetitionPenalty, 0);
        ArgumentOutOfRangeException.ThrowIfNegative(PenaltyTokens);
        if (!float.IsFinite(Temperature + FrequencyPenalty + PresencePenalty + RepetitionPenalty))
            throw new ArgumentException("Sampler settings must be finite.");
    }
}
