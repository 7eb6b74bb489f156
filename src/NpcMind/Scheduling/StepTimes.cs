using NpcMind.Inference;
using NpcMind.Scheduling;

namespace NpcMind;

/// <summary>Predicted GPU milliseconds of a step by its number of rows, kept fresh as costs are learned.</summary>
internal sealed class StepTimes(InferenceEngine engine, FrameRunner frames)
{
    private readonly double[] _milliseconds = new double[engine.Options.MaxRows + 1];
    private int _next;

    /// <summary>By number of rows; the first is unused.</summary>
    public double[] Milliseconds => _milliseconds;

    /// <summary>Predicts one number of rows anew, the first time all; those between two whole tiles lie on a line.</summary>
    public void Refresh()
    {
        int last = _milliseconds.Length - 1, tiles = last / StepPlanner.TileRows;
        for (int n = _next == 0 ? tiles + 1 : 1; n > 0; n--, _next++)
        {
            int rows = Math.Max(1, _next % (tiles + 1) * StepPlanner.TileRows);
            int outputs = Math.Min(rows, engine.Options.MaxOutputs);
            _milliseconds[rows] = frames.PredictStep(new StepShape(rows, outputs, outputs, rows, 1, engine.Options.ContextTokens / 2));
        }

        for (int rows = 2; rows < last; rows++)
        {
            int below = rows / StepPlanner.TileRows * StepPlanner.TileRows, above = Math.Min(below + StepPlanner.TileRows, last);
            if (rows == below) continue;
            int from = Math.Max(1, below);
            double low = _milliseconds[from], high = _milliseconds[above];
            _milliseconds[rows] = low + (high - low) * (rows - from) / (above - from);
        }
    }
}
