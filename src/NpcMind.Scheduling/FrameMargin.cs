namespace NpcMind.Scheduling;

/// <summary>
/// How whole frames stray from the sum of their predictions: in proportion (the median ratio) and beyond (what the worst of a hundred
/// frames take longer, in milliseconds). Two numbers, because noise of two kinds asks for different plans: a device that is slower makes
/// every frame longer, but a stall costs the same in a small frame as in a large one, and frames made ever smaller would only be noisier
/// still in proportion. Both are followed by steps whose up and down balance at the quantile.
/// </summary>
internal struct FrameMargin
{
    // The contract is p99 <= 1.10 x budget; 0.8 % leaves room for the frames in which the estimate is still finding its level.
    private const double TailQuantile = 0.992, TailAllowance = 1.10;
    // A frame that took so many budgets longer than predicted was stalled by something that no plan avoids.
    private const double StallBudgets = 2.5;
    private const double LeastShare = 0.25, LeastLog = -2.3, MostLog = 2.3, MostExcess = 39;
    private const double RatioStep = 0.02, YoungRatioStep = 0.1, ExcessStep = 0.2, HeatDecay = 0.95, MostHeat = 4, BudgetDecay = 0.99;
    private const double Unknown = -1, FirstExcess = 0.5;
    private const int YoungRatios = 64, YoungFrames = 512;

    private int _samples;
    private double _heat;
    private double _largestBudget;

    public FrameMargin()
    {
    }

    /// <summary>Logarithm of the median ratio of time taken to predicted.</summary>
    public double RatioLog { get; private set; } = Math.Log(1.2);

    /// <summary>Milliseconds that one frame in a hundred takes beyond that.</summary>
    public double Excess { get; private set; } = Unknown;

    /// <summary>The sum of predictions to plan a frame of this budget with.</summary>
    public readonly double PlannableMilliseconds(double budget) =>
        Math.Clamp(TailAllowance * budget - (Excess < 0 ? FirstExcess * budget : Excess), LeastShare * budget, budget) / Math.Exp(RatioLog);

    public void Learn(double predicted, double actual, double budget)
    {
        // More than a whole budget cannot be allowed for: the largest of late, because a single one may be small. What the frames of a
        // loading screen strayed by is soon forgotten.
        _largestBudget = Math.Max(_largestBudget * BudgetDecay, budget);
        double most = Math.Min(_largestBudget, MostExcess);
        Excess = Math.Min(Excess < 0 ? FirstExcess * budget : Excess, most);
        double ratioLog = Math.Log(Math.Max(actual, 1e-9) / predicted), excess = actual - predicted * Math.Exp(RatioLog),
            step = ExcessStep * budget;
        RatioLog = Math.Clamp(RatioLog + Math.CopySign(_samples < YoungRatios ? YoungRatioStep : RatioStep, ratioLog - RatioLog), LeastLog,
            MostLog);
        _heat *= HeatDecay;
        if (excess <= Excess)
        {
            Excess = Math.Max(0, Excess - step * (1 - TailQuantile));
        }
        else if (excess <= StallBudgets * budget)
        {
            double up = step * TailQuantile * (1 + _heat);
            // Young, it is still looking for its level: one value far above says more than a step.
            Excess = Math.Min(Excess + (_samples < YoungFrames ? Math.Max(up, (excess - Excess) / 2) : up), most);
            _heat = Math.Min(_heat + 1, MostHeat);
        }

        _samples = Math.Min(_samples + 1, YoungFrames);
    }

    /// <summary>Goes on from what was learned at another time.</summary>
    public void Restore(double ratioLog, double excess)
    {
        RatioLog = Math.Clamp(ratioLog, LeastLog, MostLog);
        Excess = excess < 0 ? Unknown : Math.Min(excess, MostExcess);
    }
}
