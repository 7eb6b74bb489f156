using System.Diagnostics;
using System.Text.Json;

namespace NpcMind;

/// <summary>
/// Writes what ticks do as a Chrome trace ("Trace Event Format", JSON array form): open it in chrome://tracing or ui.perfetto.dev. Set it
/// as <see cref="NpcRuntime.Trace"/>. Used on the game's thread; does not own the stream. Ticks allocate while it is set. When the stream
/// fails, the trace ends there and the game goes on.
/// </summary>
public sealed class NpcTrace : IDisposable
{
    private const int FlushBytes = 64 << 10;
    private readonly Utf8JsonWriter _json;
    private readonly long _started = Stopwatch.GetTimestamp();
    private bool _isDisposed;

    /// <summary>Starts a trace.</summary>
    public NpcTrace(Stream stream)
    {
        _json = new Utf8JsonWriter(stream);
        _json.WriteStartArray();
    }

    /// <summary>Why nothing more is written, e.g. a full disk; null while all is well.</summary>
    public string? Error { get; private set; }

    /// <summary>Ends the trace. What the stream does not take is lost; <see cref="Error"/> says so.</summary>
    public void Dispose()
    {
        if (_isDisposed) return;
        _isDisposed = true;
        Try(static trace =>
        {
            if (trace._json.CurrentDepth > 0) trace._json.WriteEndArray();
            trace._json.Dispose();
        });
    }

    internal void Add(TickReport report, long tickStarted, IReadOnlyList<Npc> npcs)
    {
        if (!_isDisposed) Try(trace => trace.Write(report, tickStarted, npcs));
    }

    /// <summary>A stream is the game's: whatever it throws must not reach a tick.</summary>
    private void Try(Action<NpcTrace> write)
    {
        if (Error is not null) return;
        try
        {
            write(this);
        }
        catch (Exception e)
        {
            Error = e.Message;
        }
    }

    private void Write(in TickReport report, long tickStarted, IReadOnlyList<Npc> npcs)
    {
        double begin = Stopwatch.GetElapsedTime(_started, tickStarted).TotalMicroseconds,
        end = Stopwatch.GetElapsedTime(_started).TotalMicroseconds;
        Begin("tick", "X", begin, 1);
        _json.WriteNumber("dur", end - begin);
        Arguments(("dispatches", report.Dispatches), ("predicted_ms", report.PredictedMilliseconds), ("deferred", report.Deferred),
            ("read", report.TokensProcessed), ("said", report.TokensGenerated));
        if (report.FramesFinished > 0 && double.IsFinite(report.GpuMilliseconds))
        {
            Begin("minds", "X", begin - report.GpuMilliseconds * 1000, 2);
            _json.WriteNumber("dur", report.GpuMilliseconds * 1000);
            _json.WriteEndObject();
        }

        Begin("kv blocks", "C", begin, 1);
        Arguments(("used", report.KvBlocks.Total - report.KvBlocks.Free), ("free", report.KvBlocks.Free));
        foreach (Npc npc in npcs)
        {
            if (npc.Mind.Reply is null) continue;
            Begin(npc.Name, "i", begin, 3);
            _json.WriteString("s", "t");
            _json.WriteStartObject("args");
            _json.WriteString("waiting", npc.Waiting.ToString());
            _json.WriteEndObject();
            _json.WriteEndObject();
        }

        if (_json.BytesPending > FlushBytes) _json.Flush();
    }

    private void Begin(string name, string phase, double microseconds, int thread)
    {
        _json.WriteStartObject();
        _json.WriteString("name", name);
        _json.WriteString("ph", phase);
        _json.WriteNumber("ts", microseconds);
        _json.WriteNumber("pid", 1);
        _json.WriteNumber("tid", thread);
    }

    private void Arguments(params ReadOnlySpan<(string Name, double Value)> values)
    {
        _json.WriteStartObject("args");
        foreach ((string name, double value) in values) _json.WriteNumber(name, value);
        _json.WriteEndObject();
        _json.WriteEndObject();
    }
}
