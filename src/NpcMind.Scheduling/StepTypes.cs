namespace NpcMind.Scheduling;

/// <summary>A sequence that is ready for the next step.</summary>
/// <param name="Id">The sequence: a small number below the planner's capacity, distinct among the candidates.</param>
/// <param name="PendingTokens">Tokens known to the host and not yet in the KV cache, at least 1. One is an ordinary decode row, more are a
/// prompt to read.</param>
/// <param name="WantsOutput">Whether the last pending token needs logits.</param>
/// <param name="Priority">0 speaks to the player; higher is less urgent.</param>
/// <param name="SecondsToDeadline">Positive infinity for none; negative when late.</param>
/// <param name="BlocksNeeded">New KV blocks that all pending tokens together need, a copy of a shared last block included.</param>
/// <param name="OpenTokens">Pending tokens that still fit into the last block (or into its copy) before an ordinary new block is
/// needed.</param>
/// <param name="IsWhole">The pending tokens run together in one step or not at all: they see one another.</param>
internal readonly record struct Candidate(
    int Id, int PendingTokens, bool WantsOutput, int Priority, double SecondsToDeadline, int BlocksNeeded, int OpenTokens = 0,
    bool IsWhole = false);

/// <summary>What one step may hold.</summary>
/// <param name="MaxRows">Rows (tokens of all sequences together), at least 1.</param>
/// <param name="MaxOutputs">Rows that get logits, at least 1.</param>
/// <param name="FreeBlocks">KV blocks that can be given out.</param>
/// <param name="BlockTokens">Tokens of one KV block, at least 1.</param>
/// <param name="TargetMilliseconds">Predicted GPU time up to which prompts fill the step. Decode rows and a first tile of the most urgent
/// candidate do not ask for it.</param>
internal readonly record struct StepLimits(int MaxRows, int MaxOutputs, int FreeBlocks, int BlockTokens, double TargetMilliseconds);

/// <summary>A sequence's part of a step: its first <paramref name="Rows"/> pending tokens.</summary>
/// <param name="Id">The candidate.</param>
/// <param name="Rows">Tokens, at least 1.</param>
/// <param name="Output">Whether the last of them gets logits: it is the candidate's last pending token and it wants them.</param>
internal readonly record struct PlannedRows(int Id, int Rows, bool Output);

/// <summary>Why a candidate is not part of the step.</summary>
internal enum Deferral
{
    /// <summary>It is part of the step.</summary>
    None,

    /// <summary>The step has all rows it can hold.</summary>
    NoRows,

    /// <summary>The step has all outputs it can hold.</summary>
    NoOutputs,

    /// <summary>Its next token needs KV blocks that are not free.</summary>
    NoBlocks,

    /// <summary>The step is as long as it shall be.</summary>
    StepTime,
}
