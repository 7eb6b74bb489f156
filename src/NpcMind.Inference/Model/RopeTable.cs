namespace NpcMind.Inference;

/// <summary>
/// What depends on a row's position alone: cosines and sines of rotary embedding, and the factor on queries, computed on the host in double, because sin, cos and log differ
/// from driver to driver.
/// </summary>
internal sealed class RopeTable
{
    private readonly double[] _frequencies;
    private readonly double _magnitude;
    private readonly QueryTemperature? _temperature;

    /// <param name="config">Base, scaling, dimensions.</param>
    /// <param name="factors">[Dims / 2] divisors of the angles (tensor <c>rope_freqs</c>), or null.</param>
    /// <param name="temperature">Factor on queries by position, or null.</param>
    public RopeTable(RopeConfig config, float[]? factors, QueryTemperature? temperature = null)
    {
        _temperature = temperature;
        Pairs = config.Dims / 2;
        _magnitude = config.Magnitude;
        _frequencies = new double[Pairs];
        for (int i = 0; i < Pairs; i++) _frequencies[i] = config.Frequency(i, factors?[i] ?? 1);
    }

    /// <summary>Rotated pairs per head.</summary>
    public int Pairs { get; }

    /// <summary>Entries of a row: one per pair, and one for the factor on queries where there is one.</summary>
    public int RowTurns => Pairs + (_temperature is null ? 0 : 1);

    /// <summary>Fills (cos, sin) of each pair at a position, then (factor, 0) where queries have one.</summary>
    public void Turns(int position, Span<float> turns)
    {
        for (int i = 0; i < Pairs; i++)
        {
            (double sin, double cos) = Math.SinCos(position * _frequencies[i]);
            turns[i * 2] = (float)(cos * _magnitude);
            turns[i * 2 + 1] = (float)(sin * _magnitude);
        }

        if (_temperature is { } temperature) turns[Pairs * 2] = (float)temperature.Factor(position);
    }
}

/// <summary>Attention temperature: a factor on queries that grows with the position (Llama 4, its layers without rotary embedding).</summary>
/// <param name="Scale">Weight of the logarithm.</param>
/// <param name="Tokens">Positions over which the factor stays the same.</param>
public sealed record QueryTemperature(double Scale, int Tokens)
{
    /// <summary>1 + Scale * ln(1 + floor((position + 1) / Tokens)).</summary>
    public double Factor(int position) => 1 + Scale * Math.Log(1 + (position + 1L) / Tokens);
}
