namespace NpcMind.Inference;

/// <summary>
/// What depends on a row's position alone: cosines and sines of rotary embedding, and the factor on queries, computed on the host in
/// double, because sin, cos and log differ from driver to driver.
/// </summary>
internal sealed class RopeTable
{
    private readonly Table[] _tables;
    private readonly QueryTemperature? _temperature;

    /// <param name="configs">Base, scaling and dimensions of each of the model's rotations.</param>
    /// <param name="factors">[Dims / 2] divisors of the first one's angles (tensor <c>rope_freqs</c>), or null.</param>
    /// <param name="temperature">Factor on queries by position, or null.</param>
    public RopeTable(IReadOnlyList<RopeConfig> configs, float[]? factors, QueryTemperature? temperature = null)
    {
        _temperature = temperature;
        _tables = new Table[configs.Count];
        int offset = 0;
        for (int t = 0; t < _tables.Length; t++)
        {
            RopeConfig config = configs[t];
            double[] frequencies = new double[config.Dims / 2];
            for (int i = 0; i < frequencies.Length; i++) frequencies[i] = config.Frequency(i, t == 0 ? factors?[i] ?? 1 : 1);
            _tables[t] = new Table(offset, frequencies, config.Magnitude, Axes(config, frequencies.Length));
            HasAxes |= config.Sections is not null;
            offset += frequencies.Length;
        }

        RowAngles = offset + (temperature is null ? 0 : 1);
    }

    /// <summary>Entries of a row: one per pair of each table, and one for the factor on queries where there is one.</summary>
    public int RowAngles { get; }

    /// <summary>Whether the rows of pictures have positions of their own.</summary>
    public bool HasAxes { get; }

    /// <summary>Rotated pairs per head.</summary>
    public int Pairs(int table) => _tables[table].Frequencies.Length;

    /// <summary>First entry of a table in a row.</summary>
    public int Offset(int table) => _tables[table].Offset;

    /// <summary>Fills (cos, sin) of each pair at a position, then (factor, 0) where queries have one.</summary>
    /// <param name="position">Position in the sequence.</param>
    /// <param name="place">Positions by which pairs are turned.</param>
    /// <param name="angles">Receives them.</param>
    public void Angles(int position, RopePlace place, Span<float> angles)
    {
        foreach (Table table in _tables)
        {
            for (int i = 0; i < table.Frequencies.Length; i++)
            {
                (double sin, double cos) = Math.SinCos(place.On(table.Axes is { } axes ? axes[i] : 0) * table.Frequencies[i]);
                angles[(table.Offset + i) * 2] = (float)(cos * table.Magnitude);
                angles[(table.Offset + i) * 2 + 1] = (float)(sin * table.Magnitude);
            }
        }

        if (_temperature is { } temperature) angles[(RowAngles - 1) * 2] = (float)temperature.Factor(position);
    }

    /// <summary>Axis of each pair: time, row or column.</summary>
    private static byte[]? Axes(RopeConfig config, int pairs)
    {
        if (config.Sections is not { } sections) return null;
        List<byte> axes = [];
        for (int axis = 0; axis < sections.Count; axis++) axes.AddRange(Enumerable.Repeat((byte)axis, sections[axis]));
        return axes.Count == pairs ? [.. axes]
            : throw new ArgumentException($"Sections of {axes.Count} pairs for {pairs}.", nameof(config));
    }

    private readonly record struct Table(int Offset, double[] Frequencies, double Magnitude, byte[]? Axes);
}

/// <summary>Positions by which a row is turned: the same three times in text.</summary>
/// <param name="Time">Of its picture as a whole.</param>
/// <param name="Row">Of its row in the picture.</param>
/// <param name="Column">Of its column.</param>
internal readonly record struct RopePlace(int Time, int Row, int Column)
{
    /// <summary>A text token's.</summary>
    public static RopePlace At(int position) => new(position, position, position);

    /// <summary>The position on an axis.</summary>
    public int On(int axis) => axis switch { 0 => Time, 1 => Row, _ => Column };
}

/// <summary>
/// Attention temperature: a factor on queries that grows with the position (Llama 4, its layers without rotary embedding).
/// </summary>
/// <param name="Scale">Weight of the logarithm.</param>
/// <param name="Tokens">Positions over which the factor stays the same.</param>
internal sealed record QueryTemperature(double Scale, int Tokens)
{
    /// <summary>1 + Scale * ln(1 + floor((position + 1) / Tokens)).</summary>
    public double Factor(int position) => 1 + Scale * Math.Log(1 + (position + 1L) / Tokens);
}
