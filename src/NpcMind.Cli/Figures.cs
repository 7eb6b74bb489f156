using System.Globalization;
using System.Text.Json;

namespace NpcMind.Cli;

/// <summary>Quantiles of measured values, by nearest rank.</summary>
internal sealed class Figures(IEnumerable<double> values)
{
    private readonly double[] _sorted = [.. values.Order()];

    public double At(double quantile) => _sorted.Length == 0
        ? double.NaN : _sorted[Math.Clamp((int)Math.Ceiling(quantile * _sorted.Length) - 1, 0, _sorted.Length - 1)];

    /// <summary>Writes them as an object; null where nothing was measured.</summary>
    public void Write(Utf8JsonWriter json, string name)
    {
        json.WriteStartObject(name);
        Write(json, "p50", At(0.5));
        Write(json, "p95", At(0.95));
        Write(json, "p99", At(0.99));
        Write(json, "max", At(1));
        json.WriteEndObject();
    }

    public override string ToString() =>
        string.Create(CultureInfo.InvariantCulture, $"p50 {At(0.5):F3}, p95 {At(0.95):F3}, p99 {At(0.99):F3}, max {At(1):F3}");

    private static void Write(Utf8JsonWriter json, string name, double value)
    {
        if (double.IsNaN(value)) json.WriteNull(name);
        else json.WriteNumber(name, Math.Round(value, 4));
    }
}
