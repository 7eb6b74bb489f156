namespace NpcMind.Scheduling;

/// <summary>
/// Follows a quantile of a stream of ratios without keeping them. A value above moves the estimate up by a step, any other moves it down by the step's share that
/// makes the exceedances as many as asked for, whatever the distribution; drift only adds drift / step to them.
/// </summary>
/// <remarks>Works on logarithms. Exceedances close together are drift: they enlarge the upward step. Blocks of samples that stay far below pull the estimate down to their maximum.</remarks>
internal struct RunningQuantile(double probability, double step, double start, double most)
{
    private const double HeatDecay = 0.95, MostHeat = 4, Least = -3;
    private const int FirstBlock = 128, LastBlock = 256, YoungSamples = 512;

    private double _log = start;
    private double _heat, _maximum = double.NegativeInfinity, _maximumBefore = double.NegativeInfinity;
    private int _block = FirstBlock, _inBlock, _samples;

    /// <summary>The estimate's logarithm.</summary>
    public readonly double Log => _log;

    public readonly double Value => Math.Exp(_log);

    public void Learn(double log)
    {
        _heat *= HeatDecay;
        if (log > _log)
        {
            double up = step * probability * (1 + _heat);
            // Young, it is still looking for its level: one value far above says more than a step.
            _log += _samples < YoungSamples ? Math.Max(up, (log - _log) / 2) : up;
            _heat = Math.Min(_heat + 1, MostHeat);
        }
        else
            _log -= step * (1 - probability);
        _maximum = Math.Max(_maximum, log);
        _samples = Math.Min(_samples + 1, YoungSamples);
        if (++_inBlock == _block) EndBlock();
        _log = Math.Clamp(_log, Least, most);
    }

    /// <summary>Goes on from an estimate of another time, and checks it against new blocks.</summary>
    public void Restore(double log) => this = new RunningQuantile(probability, step, Math.Clamp(log, Least, most), most);

    private void EndBlock()
    {
        // Short blocks miss the rare values: they get more slack.
        double ceiling = Math.Max(_maximum, _maximumBefore) + 0.5 / Math.Sqrt(_block);
        _log = Math.Min(_log, ceiling);
        _maximumBefore = _maximum;
        _maximum = double.NegativeInfinity;
        _inBlock = 0;
        _block = Math.Min(_block * 2, LastBlock);
    }
}
