using System.Text;

namespace NpcMind;

/// <summary>The whole actions that are legal, where a game names them: one row of values for each.</summary>
internal sealed class LegalRows
{
    /// <summary>UTF-8 bytes that the written rows can take together: far below what a grammar can hold.</summary>
    internal const int MaxBytes = 100_000;

    private readonly List<ActionValue[]> _rows = [];
    private readonly HashSet<string> _written = new(StringComparer.Ordinal);
    private int _bytes;

    public IReadOnlyList<ActionValue[]> Rows => _rows;

    /// <summary>Adds a row; one that is there already counts once.</summary>
    /// <exception cref="ArgumentException">A value cannot be written, or the rows become too long.</exception>
    public void Add(ActionType type, ActionValue[] values)
    {
        string text = ActionWriter.Write(type, values);
        if (!_written.Add(text)) return;
        _bytes += Encoding.UTF8.GetByteCount(text);
        if (_bytes > MaxBytes)
            throw new ArgumentException($"{type.Name}: the legal actions take more than {MaxBytes} bytes when written. Name fewer.");
        _rows.Add(values);
    }

    public bool Equals(LegalRows? other)
    {
        if (other?._rows.Count != _rows.Count) return false;
        for (int i = 0; i < _rows.Count; i++)
            if (!_rows[i].AsSpan().SequenceEqual(other._rows[i])) return false;
        return true;
    }

    /// <summary>Whether a row has these values in all members that the rows decide.</summary>
    public bool Allows(ReadOnlySpan<ActionValue> values, LegalActions legal)
    {
        foreach (ActionValue[] row in _rows)
            if (Matches(row, values, legal)) return true;
        return false;
    }

    private static bool Matches(ActionValue[] row, ReadOnlySpan<ActionValue> values, LegalActions legal)
    {
        for (int i = 0; i < row.Length; i++)
            if (legal.Of(i).IsInRows && row[i] != values[i]) return false;
        return true;
    }
}
