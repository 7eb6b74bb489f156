namespace NpcMind.Inference;

/// <summary>A submitted step.</summary>
/// <param name="Value">Timeline value at which it is finished.</param>
/// <param name="Index">Which of the result slots it uses.</param>
/// <param name="Outputs">Rows with logits.</param>
/// <param name="Sampled">Outputs with a chosen token.</param>
internal readonly record struct StepTicket(ulong Value, int Index, int Outputs, int Sampled);
