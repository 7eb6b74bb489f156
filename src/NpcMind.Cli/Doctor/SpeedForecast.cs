using NpcMind.Gguf;
using NpcMind.Gpu;
using NpcMind.Inference;
using NpcMind.Scheduling;

namespace NpcMind.Cli.Doctor;

/// <summary>What a step with one token of each of so many minds is predicted to take.</summary>
/// <param name="Minds">Minds that speak at the same time.</param>
/// <param name="MillisecondsPerStep">GPU milliseconds of the step: of a token, with one mind.</param>
/// <param name="TokensPerSecond">Tokens of all minds together in a second of frames.</param>
internal sealed record SpeedRow(int Minds, double MillisecondsPerStep, double TokensPerSecond);

/// <summary>
/// What tokens are predicted to cost, from the costs that the runtime learns of this model on this device and keeps. Where it has learned
/// none yet they are measured once, as loading does, and kept.
/// </summary>
/// <param name="BudgetMilliseconds">GPU milliseconds of a frame.</param>
/// <param name="FramesPerSecond">Frames in a second.</param>
/// <param name="WereLearned">Whether an earlier run had learned the costs.</param>
/// <param name="Context">Tokens that each mind holds already.</param>
/// <param name="Rows">Costs by minds.</param>
internal sealed record SpeedForecast(double BudgetMilliseconds, int FramesPerSecond, bool WereLearned, int Context,
    IReadOnlyList<SpeedRow> Rows)
{
    private const int Passes = 1;

    /// <summary>Predicts. Null where no costs are known and <paramref name="mayMeasure"/> is false.</summary>
    public static SpeedForecast? Of(InferenceEngine engine, GpuDevice device, GgufFile file, double budget, int framesPerSecond,
        bool mayMeasure)
    {
        string folder = Path.Combine(
            Environment.GetFolderPath(Environment.SpecialFolder.LocalApplicationData, Environment.SpecialFolderOption.DoNotVerify),
                "NpcMind");
        CostFile kept = new(folder, $"{device.Limits.Name} {device.Limits.Driver}", Fingerprints.Model(file));
        if (!kept.WasLoaded)
        {
            if (!mayMeasure) return null;
            Calibration.Run(engine, kept.Costs, Passes);
            kept.Save();
        }

        int context = engine.Options.ContextTokens / 2;
        double room = kept.Costs.PlannableMilliseconds(budget);
        List<SpeedRow> rows = [];
        foreach (int minds in (ReadOnlySpan<int>)[1, 4, 16])
        {
            double sum = Sum(engine, kept.Costs, minds, context);
            // A mind's next row waits for its token, so a step takes a frame or more.
            rows.Add(new SpeedRow(minds, sum * kept.Costs.Ratio, framesPerSecond * minds * Math.Min(1, room / sum)));
        }

        return new SpeedForecast(budget, framesPerSecond, kept.WasLoaded, context, rows);
    }

    /// <summary>The sum of the predictions of a step's dispatches.</summary>
    private static double Sum(InferenceEngine engine, CostModel costs, int minds, int context)
    {
        StepShape shape = new(minds, minds, minds, minds, GraphBuilder.SplitsOf(context), context);
        double sum = 0;
        foreach (GraphNode node in engine.Nodes)
        {
            Grid grid = node.Grid(shape);
            double groups = (double)grid.X * grid.Y * grid.Z;
            if (groups > 0) sum += costs.Predict(costs.Class(node.CostKey(grid.Variant)), groups * (node.Work?.Invoke(shape) ?? 1));
        }

        return sum;
    }
}
