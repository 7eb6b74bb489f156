namespace NpcMind.Scheduling;

/// <summary>
/// Learns from GPU timestamps what dispatches cost and how far whole frames stray from the sum of the predictions. Knows classes by a key
/// (a kernel with its constants, say) and sizes by their work (workgroups times a weight). Not thread-safe; only <see cref="Class"/>,
/// <see cref="Save"/> and <see cref="TryLoad"/> allocate.
/// </summary>
internal sealed class CostModel
{
    /// <summary>Most classes of one model, and of one file.</summary>
    public const int MaxClasses = 4096;

    /// <summary>Longest key of a class and longest device name of a file, in UTF-16 units.</summary>
    public const int MaxKeyLength = 512;

    private const double RepresentativeShare = 0.25, LoadDecay = 0.99;
    private const double CountedGroups = 1L << 50;

    private readonly double _unknown;
    private readonly Dictionary<string, int> _indices = [];
    private readonly List<string> _keys = [];
    private CostCurve[] _curves = [];
    private readonly FrameMargin _margin = new();
    private double _load;

    /// <summary>A model that knows nothing yet.</summary>
    /// <param name="unknownMilliseconds">What a dispatch of a class never measured is taken to cost, whatever its size. Above 0.</param>
    /// <exception cref="ArgumentOutOfRangeException">The time is not a positive number.</exception>
    public CostModel(double unknownMilliseconds)
    {
        ThrowUnlessPositive(unknownMilliseconds, nameof(unknownMilliseconds));
        _unknown = unknownMilliseconds;
    }

    /// <summary>Registered classes.</summary>
    public int Classes => _keys.Count;

    /// <summary>Median ratio of a whole frame's GPU time to the sum of its predictions.</summary>
    public double Ratio => Math.Exp(_margin.RatioLog);

    internal (double RatioLog, double Excess) Margin
    {
        get => (_margin.RatioLog, _margin.Excess);
        set => _margin.Restore(value.RatioLog, value.Excess);
    }

    /// <summary>
    /// The sum of predictions that a frame of this budget may be planned with, so that half of the frames stay within the budget and 99 %
    /// within 1.10 of it. At least a quarter of what the ratio alone allows: noise beyond that is not of the plan's making. Rises fast and
    /// falls slowly.
    /// </summary>
    public double PlannableMilliseconds(double budget) => _margin.PlannableMilliseconds(budget);

    /// <summary>
    /// The index of a class of dispatches, registered on first use. The same key has the same index. For load time: allocates.
    /// </summary>
    /// <exception cref="ArgumentException">The key is empty or longer than <see cref="MaxKeyLength"/>.</exception>
    /// <exception cref="InvalidOperationException">There are <see cref="MaxClasses"/> classes already.</exception>
    public int Class(string key)
    {
        ArgumentException.ThrowIfNullOrEmpty(key);
        if (key.Length > MaxKeyLength)
            throw new ArgumentException($"A class's key has at most {MaxKeyLength} characters, not {key.Length}.", nameof(key));
        if (_indices.TryGetValue(key, out int index)) return index;
        if (_keys.Count == MaxClasses)
            throw new InvalidOperationException(
                $"A cost model has at most {MaxClasses} classes; give dispatches that cost alike the same key.");
        index = _keys.Count;
        if (index == _curves.Length) Array.Resize(ref _curves, Math.Max(16, index * 2));
        _curves[index] = new CostCurve();
        _keys.Add(key);
        _indices.Add(key, index);
        return index;
    }

    /// <summary>Whether a dispatch of the class has been measured.</summary>
    /// <exception cref="ArgumentOutOfRangeException">There is no such class.</exception>
    public bool Known(int costClass) => Curve(costClass).Count > 0;

    /// <summary>
    /// Milliseconds that a dispatch is expected not to exceed much: mean and deviation where the size was measured; otherwise proportional
    /// to the next smaller size measured, or as the next larger one, whichever is less. Never less for more work.
    /// </summary>
    /// <exception cref="ArgumentOutOfRangeException">There is no such class, or the work is not a positive number.</exception>
    public double Predict(int costClass, double work)
    {
        CostCurve curve = Curve(costClass);
        ThrowUnlessPositive(work, nameof(work));
        return curve.Count == 0 ? _unknown : curve.Predict(work);
    }

    /// <summary>
    /// Learns one measured dispatch. A single outlier moves the prediction little; a lasting change is followed within tens of samples.
    /// </summary>
    /// <exception cref="ArgumentOutOfRangeException">There is no such class, the work is not a positive number, or the time is not a number
    /// of at least 0.</exception>
    public void Learn(int costClass, double work, double milliseconds)
    {
        CostCurve curve = Curve(costClass);
        ThrowUnlessPositive(work, nameof(work));
        ThrowUnlessTime(milliseconds, nameof(milliseconds));
        curve.Learn(work, milliseconds);
    }

    /// <summary>
    /// The most workgroups of <paramref name="workPerGroup"/> each that are predicted to take no longer than
    /// <paramref name="milliseconds"/> together; 0 when not even one is. <see cref="long.MaxValue"/> when there is no limit that a grid
    /// could reach, as for a class never measured whose unknown cost fits.
    /// </summary>
    /// <exception cref="ArgumentOutOfRangeException">There is no such class, the work is not a positive number, or the time is not a
    /// number.</exception>
    public long WorkWithin(int costClass, double workPerGroup, double milliseconds)
    {
        CostCurve curve = Curve(costClass);
        ThrowUnlessPositive(workPerGroup, nameof(workPerGroup));
        if (double.IsNaN(milliseconds))
            throw new ArgumentOutOfRangeException(nameof(milliseconds), milliseconds, "A time is a number of milliseconds.");
        if (curve.Count == 0) return _unknown <= milliseconds ? long.MaxValue : 0;
        double most = curve.WorkWithin(milliseconds) / workPerGroup;
        if (most >= CountedGroups) return long.MaxValue;
        // The division rounds: the prediction itself decides at the edge.
        long groups = (long)most;
        while (groups > 0 && curve.Predict(groups * workPerGroup) > milliseconds) groups--;
        while (groups < (long)CountedGroups && curve.Predict((groups + 1) * workPerGroup) <= milliseconds) groups++;
        return groups;
    }

    /// <summary>
    /// Learns how a whole frame's GPU time compared with the sum of its predictions. Frames of much less work than usual (under a quarter
    /// of the recent largest) are left out: their noise is relatively larger, and they endanger no budget.
    /// </summary>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="predicted"/> is not a positive number, or <paramref name="actual"/> is
    /// not a number of at least 0.</exception>
    public void LearnFrame(double predicted, double actual, double budget)
    {
        ThrowUnlessPositive(predicted, nameof(predicted));
        ThrowUnlessTime(actual, nameof(actual));
        ThrowUnlessPositive(budget, nameof(budget));
        _load = Math.Max(_load * LoadDecay, predicted);
        if (predicted < _load * RepresentativeShare) return;
        _margin.Learn(predicted, actual, budget);
    }

    /// <summary>
    /// What was learned, as the content of a file for the device of that name (include the driver's version: other code has other costs).
    /// </summary>
    /// <exception cref="ArgumentException">The name is empty or longer than <see cref="MaxKeyLength"/>.</exception>
    public byte[] Save(string device) => CostModelFile.Write(this, device);

    /// <summary>
    /// Puts a file's content into a model and registers the measured classes there. False, and the model is as it was, if the content is
    /// damaged, of another version or device, or has more classes than the model has room for. What the file does not mention stays.
    /// </summary>
    public static bool TryLoad(ReadOnlySpan<byte> content, string device, CostModel into) => CostModelFile.TryRead(content, device, into);

    internal string Key(int costClass) => _keys[costClass];

    internal bool Has(string key) => _indices.ContainsKey(key);

    internal CostCurve Curve(int costClass)
    {
        if ((uint)costClass >= (uint)_keys.Count)
            throw new ArgumentOutOfRangeException(nameof(costClass), costClass,
                $"The model has the classes 0 to {_keys.Count - 1}; register keys with Class.");
        return _curves[costClass];
    }

    private static void ThrowUnlessPositive(double value, string name)
    {
        if (!(value > 0 && double.IsFinite(value))) throw new ArgumentOutOfRangeException(name, value, "Expected a finite number above 0.");
    }

    private static void ThrowUnlessTime(double value, string name)
    {
        if (!(value >= 0 && double.IsFinite(value)))
            throw new ArgumentOutOfRangeException(name, value, "Expected a finite number of milliseconds, at least 0.");
    }
}
