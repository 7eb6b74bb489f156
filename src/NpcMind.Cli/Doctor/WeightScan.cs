using NpcMind.Gguf;

namespace NpcMind.Cli.Doctor;

/// <summary>
/// What one pass over a tensor's data found. Memory: a number for each row and each 32 columns, whatever the tensor's size. Filled by one
/// thread, read by any.
/// </summary>
internal sealed class WeightScan
{
    /// <summary>Consecutive weights of a row that are looked at together.</summary>
    public const int GroupWeights = 32;

    private const int ChunkBytes = 1 << 20, MaxRows = 1 << 20, MostWorkers = 8;
    private const double Tiny = 1e-24;
    private readonly float[]? _rowLogs;
    private readonly float[]? _columnLogs;
    private readonly float[] _values = new float[256];
    private double _sum, _sumOfSquares, _energy;
    private long _zeroRun;

    private WeightScan(GgufTensor tensor)
    {
        Tensor = tensor;
        long rows = tensor.Rows * tensor.Slabs;
        if (tensor.Dimensions.Count < 2 || rows > MaxRows || tensor.Columns > MaxRows) return;
        _rowLogs = new float[rows];
        _columnLogs = new float[(tensor.Columns + GroupWeights - 1) / GroupWeights];
        if (!WeightBlocks.IsExact(tensor.Type)) return;
        if (tensor.Name.Contains(".ffn_up", StringComparison.Ordinal)) HiddenEnergies = new float[rows];
        if (tensor.Name.Contains(".ffn_down", StringComparison.Ordinal) && tensor.Columns * tensor.Slabs <= MaxRows)
            HiddenEnergies = new float[tensor.Columns * tensor.Slabs];
    }

    public GgufTensor Tensor { get; }

    public long NotFinite { get; private set; }

    /// <summary>Index of the first weight that is not a finite number.</summary>
    public long FirstNotFinite { get; private set; } = -1;

    public long Groups { get; private set; }

    public long ZeroGroups { get; private set; }

    /// <summary>Longest run of groups that hold nothing but zeros.</summary>
    public long LongestZeroRun { get; private set; }

    /// <summary>Root of the mean square of the finite weights.</summary>
    public double Rms => Groups == 0 ? 0 : Math.Sqrt(_energy / Math.Max(1, Tensor.Elements));

    /// <summary>
    /// Sum of squares that belongs to each hidden unit of a feed-forward block: rows of its up matrix, columns of its down matrix. Null for
    /// other tensors.
    /// </summary>
    public float[]? HiddenEnergies { get; }

    /// <summary>
    /// Which part of the differences in size between groups of weights is explained by their row and their column, less what chance
    /// explains; from 0 (as after a shuffle) to 1. NaN where it is not known.
    /// </summary>
    public double Structure { get; private set; } = double.NaN;

    /// <summary>What <see cref="Structure"/> may be by chance, after a shuffle: larger for matrices of few rows or columns.</summary>
    public double Chance => _rowLogs is null || _columnLogs is null ? 0
        : 2.5 * (Math.Sqrt(2.0 / _rowLogs.Length) / _columnLogs.Length + Math.Sqrt(2.0 / _columnLogs.Length) / _rowLogs.Length);

    /// <summary>Scans all tensors of weights, several at a time.</summary>
    /// <exception cref="GgufFormatException">The file has become shorter since it was opened.</exception>
    public static IReadOnlyList<WeightScan> Run(GgufFile file)
    {
        WeightScan[] scans = [.. file.Tensors.Where(t => WeightBlocks.HasWeights(t.Type) && TensorTypes.Layout(t.Type) is not null)
            .Select(t => new WeightScan(t))];
        ParallelOptions options = new() { MaxDegreeOfParallelism = Math.Min(Environment.ProcessorCount, MostWorkers) };
        try
        {
            Parallel.ForEach(scans.OrderByDescending(s => s.Tensor.ByteLength), options, () => new byte[ChunkBytes], (scan, _, buffer) =>
            {
                scan.Read(file, buffer);
                return buffer;
            }, _ => { });
        }
        catch (AggregateException e) when (e.InnerExceptions.OfType<GgufFormatException>().FirstOrDefault() is { } format)
        {
            throw format;
        }

        return scans;
    }

    private void Read(GgufFile file, byte[] buffer)
    {
        BlockLayout layout = TensorTypes.Layout(Tensor.Type)!.Value;
        int chunk = ChunkBytes / layout.Bytes * layout.Bytes;
        long element = 0;
        for (long at = 0; at < Tensor.ByteLength; at += chunk)
        {
            Span<byte> bytes = buffer.AsSpan(0, (int)Math.Min(chunk, Tensor.ByteLength - at));
            file.Read(Tensor, at, bytes);
            element = layout.Elements == 1 ? Scalars(bytes, layout.Bytes, element) : Blocks(bytes, layout, element);
        }

        EndRun();
        Finish();
    }

    private long Blocks(ReadOnlySpan<byte> bytes, BlockLayout layout, long element)
    {
        Span<float> values = _values.AsSpan(0, layout.Elements);
        for (int at = 0; at < bytes.Length; at += layout.Bytes)
        {
            WeightBlocks.Decode(Tensor.Type, bytes.Slice(at, layout.Bytes), values);
            for (int i = 0; i < values.Length; i += GroupWeights) Group(values.Slice(i, GroupWeights), element + i);
            element += layout.Elements;
        }

        return element;
    }

    private long Scalars(ReadOnlySpan<byte> bytes, int size, long element)
    {
        for (int at = 0; at < bytes.Length;)
        {
            long left = Tensor.Columns - element % Tensor.Columns;
            int count = (int)Math.Min(Math.Min(left, GroupWeights), (bytes.Length - at) / size);
            for (int i = 0; i < count; i++) WeightBlocks.Decode(Tensor.Type, bytes[(at + i * size)..], _values.AsSpan(i, 1));
            Group(_values.AsSpan(0, count), element);
            element += count;
            at += count * size;
        }

        return element;
    }

    private void Group(ReadOnlySpan<float> values, long element)
    {
        double energy = 0;
        foreach (float value in values) energy += (double)value * value;
        Groups++;
        if (!double.IsFinite(energy))
        {
            CountNotFinite(values, element);
            energy = 0;
        }
        else if (energy == 0)
        {
            ZeroGroups++;
            _zeroRun++;
        }
        else
        {
            EndRun();
        }

        _energy += energy;
        Place(values, energy, element);
    }

    /// <summary>Adds a group's size to its row and its columns.</summary>
    private void Place(ReadOnlySpan<float> values, double energy, long element)
    {
        if (_rowLogs is null) return;
        long row = element / Tensor.Columns;
        int column = (int)(element % Tensor.Columns);
        double log = Math.Log(energy / values.Length + Tiny);
        _rowLogs[row] += (float)log;
        _columnLogs![column / GroupWeights] += (float)log;
        _sum += log;
        _sumOfSquares += log * log;
        if (HiddenEnergies is null) return;
        if (HiddenEnergies.Length == _rowLogs.Length && Tensor.Name.Contains(".ffn_up", StringComparison.Ordinal))
        {
            HiddenEnergies[row] += (float)energy;
            return;
        }

        long first = row / Tensor.Rows * Tensor.Columns + column;
        for (int i = 0; i < values.Length; i++) HiddenEnergies[first + i] += values[i] * values[i];
    }

    private void CountNotFinite(ReadOnlySpan<float> values, long element)
    {
        for (int i = 0; i < values.Length; i++)
        {
            if (float.IsFinite(values[i])) continue;
            NotFinite++;
            if (FirstNotFinite < 0) FirstNotFinite = element + i;
        }
    }

    private void EndRun()
    {
        LongestZeroRun = Math.Max(LongestZeroRun, _zeroRun);
        _zeroRun = 0;
    }

    private void Finish()
    {
        if (_rowLogs is null || _columnLogs is null || _columnLogs.Length < 2 || _rowLogs.Length < 8 || NotFinite > 0) return;
        double count = (double)_rowLogs.Length * _columnLogs.Length, mean = _sum / count, all = _sumOfSquares / count - mean * mean;
        if (all < 1e-9) return;
        double rows = Spread(_rowLogs, _columnLogs.Length, mean), columns = Spread(_columnLogs, _rowLogs.Length, mean);
        Structure = Math.Clamp((rows + columns) / all - 1.0 / _columnLogs.Length - 1.0 / _rowLogs.Length, 0, 1);
    }

    private static double Spread(float[] sums, int count, double mean) => sums.Sum(s =>
        (s / count - mean) * (s / count - mean)) / sums.Length;
}
