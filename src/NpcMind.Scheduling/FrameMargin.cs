namespace NpcMind.Scheduling;

/// <summary>
/// How whole frames stray from the sum of their predictions: in proportion (the median ratio, followed by small steps) and beyond (what the
/// worst of a hundred frames take longer, in milliseconds: the eighth largest of the last 1,024). Two numbers, because noise of two kinds
/// asks for different plans: a device that is slower makes every frame longer, but a stall costs the same in a small frame as in a large
/// one, and frames made ever smaller would only be noisier still in proportion.
/// </summary>
internal sealed class FrameMargin
{
    // The contract is p99 <= 1.10 x budget; 0.8 % leaves room for the frames in which the estimate is still finding its level.
    private const int Window = 1024, WorstOfWindow = 8;
    private const double TailAllowance = 1.10;
    // A frame that took so many budgets longer than predicted was stalled by something that no plan avoids.
    private const double StallBudgets = 2.5;
    private const double LeastShare = 0.25, LeastLog = -2.3, MostLog = 2.3, MostExcess = 39;
    private const double RatioStep = 0.02, YoungRatioStep = 0.1, BudgetDecay = 0.99;
    // Bad frames that come close together say that the noise has grown, long before eight of them are in the window.
    private const double HeatDecay = 0.99, UsualHeat = 1, MostHeat = 6, HeatShare = 0.1;
    // Until frames are known: half a budget. Frames of budgets four times as large are of another game, or of its loading screen.
    private const double Unknown = -1, PriorShare = 0.5, OtherBudgets = 4;
    // The ratio is taken to have changed, not to tremble, when it has grown by so much.
    private const double FarRatio = 1.15;
    private const int YoungRatios = 64, YoungFrames = 384;

    private readonly (double Predicted, double Actual, double Ratio)[] _frames = new (double, double, double)[Window];
    private int _count;
    private int _next;
    private double _tail;
    private double _prior = Unknown;
    private double _heat;
    private double _budgetOfLate;
    private double _budgetOfWindow;

    /// <summary>Logarithm of the median ratio of time taken to predicted.</summary>
    public double RatioLog { get; private set; } = Math.Log(1.2);

    /// <summary>Milliseconds that one frame in a hundred takes beyond that; below 0 where nothing is known.</summary>
    public double Excess => _count == 0 ? _prior : Allowance(_budgetOfLate);

    /// <summary>The sum of predictions to plan a frame of this budget with.</summary>
    public double PlannableMilliseconds(double budget) =>
        Math.Clamp(TailAllowance * budget - Allowance(budget), LeastShare * budget, budget) / Math.Exp(RatioLog);

    public void Learn(double predicted, double actual, double budget)
    {
        // More than a whole budget cannot be allowed for: the largest of late, because a single one may be small. What the frames of a
        // loading screen strayed by says nothing of a game's.
        _budgetOfLate = Math.Max(_budgetOfLate * BudgetDecay, budget);
        if (_budgetOfLate < _budgetOfWindow / OtherBudgets) Restore(RatioLog, Unknown);
        _budgetOfWindow = Math.Max(_budgetOfWindow, budget);
        double ratioLog = Math.Log(Math.Max(actual, 1e-9) / predicted), ratio = Math.Exp(RatioLog), excess = actual - predicted * ratio;
        RatioLog = Math.Clamp(RatioLog + Math.CopySign(_count < YoungRatios ? YoungRatioStep : RatioStep, ratioLog - RatioLog), LeastLog,
            MostLog);
        _heat *= HeatDecay;
        if (excess > StallBudgets * budget) return;
        if (excess > _tail && _count >= Window / WorstOfWindow) _heat = Math.Min(_heat + 1, MostHeat);
        _frames[_next] = (predicted, actual, ratio);
        _next = (_next + 1) % Window;
        _count = Math.Min(_count + 1, Window);
        _tail = Math.Clamp(Tail(Math.Max(1, _count * WorstOfWindow / Window)), 0, Math.Min(_budgetOfLate, MostExcess));
    }

    /// <summary>Goes on from what was learned at another time.</summary>
    public void Restore(double ratioLog, double excess)
    {
        RatioLog = Math.Clamp(ratioLog, LeastLog, MostLog);
        _prior = excess < 0 ? Unknown : Math.Min(excess, MostExcess);
        _count = _next = 0;
        _tail = _heat = _budgetOfWindow = 0;
    }

    private double Allowance(double budget)
    {
        // What was learned at another time, or half a budget, is trusted less with every frame.
        double prior = (_prior < 0 ? PriorShare * budget : _prior) * Math.Max(0, 1 - (double)_count / YoungFrames);
        return Math.Max(prior, _tail + HeatShare * budget * Math.Max(0, _heat - UsualHeat));
    }

    /// <summary>
    /// What so many frames of the window exceeded their predictions by. Frames in which the ratio was far from where it came to are
    /// measured by that.
    /// </summary>
    private double Tail(int frames)
    {
        Span<double> largest = stackalloc double[WorstOfWindow]; // falling
        largest.Fill(double.NegativeInfinity);
        double now = Math.Exp(RatioLog);
        foreach ((double predicted, double actual, double ratio) in _frames.AsSpan(0, _count))
        {
            double value = actual - predicted * (now > FarRatio * ratio ? now : ratio);
            if (value <= largest[frames - 1]) continue;
            int at = frames - 1;
            for (; at > 0 && largest[at - 1] < value; at--) largest[at] = largest[at - 1];
            largest[at] = value;
        }

        return largest[frames - 1];
    }
}
