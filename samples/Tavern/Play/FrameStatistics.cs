using System.Globalization;
using System.Text;
using System.Text.Json;
using NpcMind;

namespace Tavern.Play;

/// <summary>
/// What frames cost. The device's clocks are read without waiting: those that come with a frame are of the one before it.
/// </summary>
internal sealed class FrameStatistics
{
    private readonly List<double> _whole = [], _render = [], _minds = [];
    private readonly StringBuilder _rows = new(Header);
    private long _said, _read;
    private const string Header =
        "frame,budget_ms,whole_ms,render_gpu_ms,eyes_gpu_ms,minds_gpu_ms,tokens_read,tokens_said,eye_pictures,bubbles\n";

    /// <param name="budgetMs">What minds may take of the frame.</param>
    /// <param name="wholeMs">The frame, on the CPU's clock.</param>
    /// <param name="renderMs">Device time of the newest picture known.</param>
    /// <param name="eyesMs">Device time that the last such piece took, in a frame with a piece of a picture for somebody's eyes; 0 in all
    /// others.</param>
    /// <param name="report">Of the minds.</param>
    /// <param name="pictures">For characters' eyes, asked for in this frame.</param>
    /// <param name="bubbles">Shown.</param>
    public void Add(double budgetMs, double wholeMs, double renderMs, double eyesMs, in TickReport report, int pictures, int bubbles)
    {
        _rows.Append(CultureInfo.InvariantCulture,
            $"{_whole.Count},{budgetMs:0.##},{wholeMs:0.00},{renderMs:0.00},{eyesMs:0.00}," +
            $"{(report.GpuTime?.TotalMilliseconds ?? double.NaN):0.00},{report.TokensProcessed},{report.TokensGenerated}," +
            $"{pictures},{bubbles}\n");
        _whole.Add(wholeMs);
        _render.Add(renderMs);
        if (report.GpuTime is { } time) _minds.Add(time.TotalMilliseconds);
        _said += report.TokensGenerated;
        _read += report.TokensProcessed;
    }

    /// <summary>Forgets the frames so far: figures begin here.</summary>
    public void Clear()
    {
        _whole.Clear();
        _render.Clear();
        _minds.Clear();
        _rows.Clear().Append(Header);
        (_said, _read) = (0, 0);
    }

    /// <summary>A line for every frame.</summary>
    public string ToCsv() => _rows.ToString();

    public string ToJson()
    {
        using MemoryStream stream = new();
        using (Utf8JsonWriter json = new(stream))
        {
            json.WriteStartObject();
            json.WriteNumber("frames", _whole.Count);
            Figures(json, "frame_ms", _whole);
            Figures(json, "render_gpu_ms", _render);
            Figures(json, "minds_gpu_ms", _minds);
            json.WriteNumber("tokens_said", _said);
            json.WriteNumber("tokens_read", _read);
            json.WriteNumber("managed_mib", Math.Round(GC.GetTotalMemory(false) / 1048576.0, 1));
            json.WriteNumber("working_set_mib", Math.Round(Environment.WorkingSet / 1048576.0, 1));
            json.WriteEndObject();
        }

        return Encoding.UTF8.GetString(stream.ToArray());
    }

    private static void Figures(Utf8JsonWriter json, string name, List<double> values)
    {
        double[] sorted = [.. values.Order()];
        json.WriteStartObject(name);
        foreach ((string key, double share) in new[] { ("p50", 0.5), ("p95", 0.95), ("p99", 0.99) })
            json.WriteNumber(key, sorted.Length == 0
                ? 0 : Math.Round(sorted[Math.Min(sorted.Length - 1, (int)(share * sorted.Length))], 3));
        json.WriteNumber("max", sorted.Length == 0 ? 0 : Math.Round(sorted[^1], 3));
        json.WriteEndObject();
    }
}
