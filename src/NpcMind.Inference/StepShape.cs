using NpcMind.Gpu;

namespace NpcMind.Inference;

/// <summary>What of a step decides the grids: everything else is on the device.</summary>
/// <param name="Rows">Tokens processed.</param>
/// <param name="Outputs">Rows whose logits are computed.</param>
/// <param name="Sampled">Outputs, counted from the first, whose next token is chosen on the device; 0 or all.</param>
/// <param name="AttentionTiles">Runs of rows that attend together.</param>
/// <param name="Splits">Splits of the longest context.</param>
/// <param name="LastPosition">Highest position of a row.</param>
/// <param name="Masked">Outputs from the first to the last that has a mask; 0 when none has.</param>
/// <param name="PenaltyTokens">Longest window of recent tokens that a sampled output's penalties look at; 0 when none has
/// penalties.</param>
/// <param name="Sampling">What the sampled outputs need beyond the largest logit.</param>
internal readonly record struct StepShape(int Rows, int Outputs, int Sampled, int AttentionTiles, int Splits, int LastPosition = 0,
    int Masked = 0, int PenaltyTokens = 0, SamplingSteps Sampling = SamplingSteps.None);

/// <summary>Workgroups of a dispatch; a zero means that it is left out in this step.</summary>
/// <param name="X">First dimension.</param>
/// <param name="Y">Second dimension.</param>
/// <param name="Z">Third dimension.</param>
/// <param name="Variant">Which of a node's dispatches is meant.</param>
internal readonly record struct Grid(int X, int Y = 1, int Z = 1, int Variant = 0);

/// <summary>
/// A labelled step of the forward pass: one dispatch, or the same operation compiled for different numbers of rows, and its grid rule.
/// </summary>
/// <param name="Variants">Dispatches that compute the same bits.</param>
/// <param name="Grid">Workgroups, and variant, for a step; whatever its last position is.</param>
/// <param name="WeightBytes">Bytes of weights read when every row group is visited once.</param>
/// <param name="Work">How much a workgroup has to do in a step, in proportion to other steps; null when it is always the same.</param>
internal sealed record GraphNode(DispatchNode[] Variants, Func<StepShape, Grid> Grid, long WeightBytes = 0,
    Func<StepShape, double>? Work = null)
{
    /// <summary>Label in timings.</summary>
    public string Label => Variants[0].Label;

    /// <summary>What variants that cost the same are called: the label without the block, and the shader.</summary>
    public string CostKey(int variant)
    {
        int at = Label.IndexOf("blk.", StringComparison.Ordinal); // "blk.3.attn_q", or "v.blk.3.attn_q" of an image encoder
        string operation = at is 0 or 2 ? Label[..at] + Label[(Label.IndexOf('.', at + 4) + 1)..] : Label;
        return $"{operation}/{Variants[variant].Pipeline.Module.Name}/{variant}";
    }

    /// <summary>Records it.</summary>
    public void Record(CommandRecorder recorder, StepShape shape)
    {
        ArgumentNullException.ThrowIfNull(recorder);
        Grid grid = Grid(shape);
        recorder.Dispatch(Variants[grid.Variant], (uint)grid.X, (uint)grid.Y, (uint)grid.Z);
    }
}
