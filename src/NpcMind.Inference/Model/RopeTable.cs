namespace NpcMind.Inference;

/// <summary>Cosines and sines of rotary embedding, computed on the host in double, because sin and cos of large angles differ from driver to driver.</summary>
internal sealed class RopeTable
{
    private readonly double[] _frequencies;
    private readonly double _magnitude;

    /// <param name="config">Base, scaling, dimensions.</param>
    /// <param name="factors">[Dims / 2] divisors of the angles (tensor <c>rope_freqs</c>), or null.</param>
    public RopeTable(RopeConfig config, float[]? factors)
    {
        Pairs = config.Dims / 2;
        _magnitude = config.Magnitude;
        _frequencies = new double[Pairs];
        for (int i = 0; i < Pairs; i++) _frequencies[i] = config.Frequency(i, factors?[i] ?? 1);
    }

    /// <summary>Rotated pairs per head.</summary>
    public int Pairs { get; }

    /// <summary>Fills (cos, sin) of each pair at a position.</summary>
    public void Turns(int position, Span<float> turns)
    {
        for (int i = 0; i < Pairs; i++)
        {
            (double sin, double cos) = Math.SinCos(position * _frequencies[i]);
            turns[i * 2] = (float)(cos * _magnitude);
            turns[i * 2 + 1] = (float)(sin * _magnitude);
        }
    }
}
