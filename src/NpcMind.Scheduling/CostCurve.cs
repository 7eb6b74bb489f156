namespace NpcMind.Scheduling;

/// <summary>
/// What one class of dispatches costs by its work: means and deviations of the time's logarithm in bins of half an octave of work.
/// </summary>
/// <remarks>Logarithms, because noise multiplies: an outlier of ten times weighs as much as one of a tenth, and a mean of them is a median
/// for skewed noise.</remarks>
internal sealed class CostCurve
{
    /// <summary>Bins from 1 to 2^40 units of work; what lies outside counts to the first and the last.</summary>
    public const int Bins = 80;

    private const double BinsPerOctave = 2;
    private const double FirstDeviation = 0.25, LeastDeviation = 0.05, LeastMilliseconds = 1e-6, MostMilliseconds = 1e6;
    private const double Rate = 1.0 / 12, DragRate = 1.0 / 16;
    private const double OutlierDeviations = 4;
    private const double BeyondProportion = 0.7; // a logarithm: twice
    private const int OutlierRun = 8, EarlySamples = 4;

    private readonly Knot[] _knots = new Knot[Bins];

    /// <summary>A learned bin. Knots are ordered by bin, so also by work.</summary>
    public struct Knot
    {
        public int Bin, Samples, Run;
        public double Work, Mean, Deviation;

        /// <summary>Predicted milliseconds at <see cref="Work"/>, never below that of a smaller bin.</summary>
        public double Upper;

        public readonly double LogUpper => Mean + Deviation;
    }

    public int Count { get; private set; }

    public ReadOnlySpan<Knot> Knots => _knots.AsSpan(0, Count);

    public static int BinOf(double work) => (int)Math.Clamp(Math.Floor(Math.Log2(work) * BinsPerOctave), 0, Bins - 1);

    /// <summary>
    /// Milliseconds from the knots around the work: the lower one by proportionality or the upper one as it is, whichever is less. Monotone
    /// in work.
    /// </summary>
    public double Predict(double work)
    {
        int lower = Count - 1;
        while (lower >= 0 && _knots[lower].Work > work) lower--;
        if (lower < 0) return _knots[0].Upper;
        double proportional = _knots[lower].Upper * (work / _knots[lower].Work);
        return lower + 1 < Count ? Math.Min(proportional, _knots[lower + 1].Upper) : proportional;
    }

    /// <summary>Most work predicted to take no longer than that, up to rounding; 0 for none.</summary>
    public double WorkWithin(double milliseconds)
    {
        int lower = Count - 1;
        while (lower >= 0 && _knots[lower].Upper > milliseconds) lower--;
        if (lower < 0) return 0;
        double proportional = _knots[lower].Work * (milliseconds / _knots[lower].Upper);
        return lower + 1 < Count ? Math.Min(proportional, _knots[lower + 1].Work) : proportional;
    }

    public void Learn(double work, double milliseconds)
    {
        double time = Math.Log(Math.Clamp(milliseconds, LeastMilliseconds, MostMilliseconds));
        int bin = BinOf(work), at = 0;
        while (at < Count && _knots[at].Bin < bin) at++;
        if (at == Count || _knots[at].Bin != bin) Insert(at, bin, work, time);
        else Update(ref _knots[at], work, time);
        Drag(at);
        RefreshUppers();
    }

    /// <summary>Replaces what was learned; the knots come in the order of their bins.</summary>
    public void Restore(ReadOnlySpan<Knot> knots)
    {
        knots.CopyTo(_knots);
        Count = knots.Length;
        RefreshUppers();
    }

    private void Insert(int at, int bin, double work, double time)
    {
        // One sample proves little: it may not contradict the neighbours.
        if (at > 0) time = Math.Max(time, _knots[at - 1].Mean);
        if (at < Count) time = Math.Min(time, _knots[at].Mean);
        _knots.AsSpan(at, Count - at).CopyTo(_knots.AsSpan(at + 1));
        Count++;
        _knots[at] = new Knot { Bin = bin, Samples = 1, Work = work, Mean = time, Deviation = FirstDeviation };
    }

    private static void Update(ref Knot knot, double work, double time)
    {
        double residual = time - knot.Mean;
        double limit = OutlierDeviations * Math.Max(knot.Deviation, LeastDeviation);
        knot.Run = Math.Abs(residual) <= limit ? 0 : Math.Sign(residual) == Math.Sign(knot.Run)
            ? knot.Run + Math.Sign(residual) : Math.Sign(residual);
        // Noise only adds time, so an early sample far below says that the ones before were the outliers; and a long run of outliers is a
        // new speed.
        bool mistaken = knot.Samples < EarlySamples && residual < -1;
        if (mistaken || Math.Abs(knot.Run) >= OutlierRun)
        {
            knot = new Knot { Bin = knot.Bin, Samples = 1, Work = work, Mean = time, Deviation = FirstDeviation };
            return;
        }
        if (knot.Samples >= EarlySamples) residual = Math.Clamp(residual, -limit, limit);
        double rate = Math.Max(1.0 / (knot.Samples + 1), Rate);
        knot.Mean += rate * residual;
        knot.Deviation += rate * (Math.Abs(residual) - knot.Deviation);
        knot.Work += rate * (work - knot.Work);
        knot.Samples = Math.Min(knot.Samples, int.MaxValue - 1) + 1;
    }

    // More work never takes less time, nor much more than in proportion. Where the knots say otherwise the fresh one is right, and those
    // not visited any more follow it slowly. Without the second rule a size that was once slow, while the machine was busy, would be cut
    // ever smaller and never be tried again.
    private void Drag(int fresh)
    {
        Knot right = _knots[fresh];
        for (int i = 0; i < Count; i++)
        {
            ref Knot other = ref _knots[i];
            int side = Math.Sign(fresh - i);
            if (side < 0 && other.LogUpper - right.LogUpper - Math.Log(other.Work / right.Work) - BeyondProportion is var beyond and > 0)
            {
                other.Mean -= DragRate * beyond;
                other.Deviation += DragRate * (right.Deviation - other.Deviation);
            }

            if ((other.LogUpper - right.LogUpper) * side <= 0) continue;
            other.Deviation += DragRate * (right.Deviation - other.Deviation);
            if ((other.Mean - right.Mean) * side > 0) other.Mean += DragRate * (right.Mean - other.Mean);
        }
    }

    private void RefreshUppers()
    {
        double upper = 0;
        for (int i = 0; i < Count; i++)
        {
            upper = Math.Max(upper, Math.Exp(_knots[i].LogUpper));
            _knots[i].Upper = upper;
        }
    }
}
