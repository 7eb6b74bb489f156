using System.Diagnostics;
using System.Text;
using System.Text.Json;
using NpcMind;
using StbImageWriteSharp;
using Tavern.Frames;
using Tavern.Game;
using Tavern.Renderer;

namespace Tavern.Play;

/// <summary>The same game without a display: a script plays, pictures and words go to a folder.</summary>
internal static class HeadlessPlay
{
    private const float FrameSeconds = 1f / 60;

    public static int Run(PlayOptions options)
    {
        string? folder = options.Record;
        if (folder is not null) Directory.CreateDirectory(folder);
        using RenderDevice device = RenderDevice.Create(new RenderDeviceOptions { Validate = options.Validate });
        using OffscreenTarget target = new(device, options.Width, options.Height);
        using StreamWriter words = folder is null ? new StreamWriter(Console.OpenStandardOutput(), new UTF8Encoding(false)) : new StreamWriter(Path.Combine(folder, "transcript.txt"), false, new UTF8Encoding(false));
        FrameStatistics statistics = new();
        using (Stage stage = new(device, target, options))
        using (new Transcript(stage.Game, words))
        {
            ScriptPlayer? player = options.Script is { } script ? new ScriptPlayer(Script.Read(script), stage.Game) : null;
            List<string> wanted = [];
            if (player is not null) player.PictureWanted += wanted.Add;
            if (options.Model is not null) WaitForMinds(stage);
            for (int i = 0; i < options.Frames && player is not { IsDone: true }; i++)
            {
                long started = Stopwatch.GetTimestamp();
                PlayerInput input = player?.Advance() ?? default;
                stage.Frame(FrameSeconds, input, out TickReport report);
                statistics.Add(Stopwatch.GetElapsedTime(started).TotalMilliseconds, stage.RenderMilliseconds, report);
                foreach (string name in wanted) Write(folder, name, target);
                wanted.Clear();
            }

            statistics.BudgetMs = stage.Game.Budget;
        }

        string json = statistics.ToJson();
        if (folder is null) Console.Error.WriteLine(json);
        else File.WriteAllText(Path.Combine(folder, "frames.json"), json + "\n");
        foreach (string message in device.ValidationMessages) Console.Error.WriteLine("tavern: " + message);
        if (folder is not null) Console.WriteLine($"tavern: the transcript, pictures and frame figures are in {Path.GetFullPath(folder)}");
        return device.ValidationMessages.Count > 0 ? 1 : 0;
    }

    /// <summary>A play begins when its people can think.</summary>
    private static void WaitForMinds(Stage stage)
    {
        while (stage.Game.Minds.IsLoading)
        {
            stage.Game.Update(0, default);
            Thread.Sleep(5);
        }
    }

    private static void Write(string? folder, string name, OffscreenTarget target)
    {
        if (folder is null) return;
        if (name.IndexOfAny(Path.GetInvalidFileNameChars()) >= 0) throw new ArgumentException($"A picture cannot be called '{name}'.");
        (int width, int height) = target.Size;
        using FileStream file = File.Create(Path.Combine(folder, name + ".png"));
        byte[] rgb = new byte[width * height * 3];
        for (int i = 0; i < width * height; i++) target.Rgba.Slice(i * 4, 3).CopyTo(rgb.AsSpan(i * 3));
        new ImageWriter().WritePng(rgb, width, height, ColorComponents.RedGreenBlue, file);
    }
}

/// <summary>What frames cost.</summary>
internal sealed class FrameStatistics
{
    private readonly List<double> _whole = [], _render = [], _minds = [];
    private long _said, _read;

    public double BudgetMs { get; set; }

    public void Add(double wholeMs, double renderMs, in TickReport report)
    {
        _whole.Add(wholeMs);
        _render.Add(renderMs);
        if (!double.IsNaN(report.GpuMilliseconds) && report.FramesFinished > 0) _minds.Add(report.GpuMilliseconds / report.FramesFinished);
        _said += report.TokensSaid;
        _read += report.TokensRead;
    }

    public string ToJson()
    {
        using MemoryStream stream = new();
        using (Utf8JsonWriter json = new(stream))
        {
            json.WriteStartObject();
            json.WriteNumber("frames", _whole.Count);
            json.WriteNumber("budget_ms", BudgetMs);
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
            json.WriteNumber(key, sorted.Length == 0 ? 0 : Math.Round(sorted[Math.Min(sorted.Length - 1, (int)(share * sorted.Length))], 3));
        json.WriteNumber("max", sorted.Length == 0 ? 0 : Math.Round(sorted[^1], 3));
        json.WriteEndObject();
    }
}
