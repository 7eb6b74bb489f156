using System.Diagnostics;
using System.Text;
using NpcMind;
using StbImageWriteSharp;
using Tavern.Frames;
using Tavern.Game;
using Tavern.Renderer;

namespace Tavern.Play;

/// <summary>The same game without a display: a script plays, pictures and words go to a folder.</summary>
internal static class HeadlessPlay
{
    /// <summary>A play without a script ends, too; one with a script when that does.</summary>
    private const int MostFrames = 100_000;

    public static int Run(PlayOptions options)
    {
        string? folder = options.Record;
        if (folder is not null) Directory.CreateDirectory(folder);
        using RenderDevice device = RenderDevice.Create(new RenderDeviceOptions { Validate = options.Validate });
        using OffscreenTarget target = new(device, options.Width, options.Height);
        using StreamWriter words = folder is null ? new StreamWriter(Console.OpenStandardOutput(), new UTF8Encoding(false))
            : new StreamWriter(Path.Combine(folder, "transcript.txt"), false, new UTF8Encoding(false));
        words.AutoFlush = true; // long plays can be followed
        FrameStatistics statistics = new();
        using (Stage stage = new(device, target, options))
        using (new Transcript(stage.Game, words))
        using (AnswerLog? answers = folder is null ? null : new AnswerLog(stage.Game, Path.Combine(folder, "answers.csv")))
        using (MemoryLog? memory = folder is null ? null : new MemoryLog(Path.Combine(folder, "memory.csv")))
        {
            ScriptPlayer? player = options.Script is { } script ? new ScriptPlayer(Script.Read(script), stage.Game) : null;
            List<string> wanted = [];
            if (player is not null)
            {
                if (folder is not null) player.PictureWanted += wanted.Add;
                player.MeasureWanted += statistics.Clear;
            }

            stage.Play(() =>
            {
                if (options.Model is not null) WaitForMinds(stage);
                float seconds = (float)(1 / options.FramesPerSecond);
                int most = options.Frames ?? (player is null ? MostFrames : int.MaxValue);
                for (int i = 0; i < most && player is not { IsDone: true }; i++)
                {
                    long started = Stopwatch.GetTimestamp();
                    PlayerInput input = player?.Advance() ?? default;
                    stage.Frame(seconds, input, out TickReport report);
                    statistics.Add(stage.Game.Budget, Stopwatch.GetElapsedTime(started).TotalMilliseconds, stage.RenderMilliseconds,
                        stage.EyesMilliseconds, report, stage.TakePicturesAsked(), stage.BubblesShown);
                    foreach (string name in wanted) Write(folder!, name, target);
                    wanted.Clear();
                    memory?.Update(stage.Game);
                    answers?.Update();
                }
            });
        }

        string json = statistics.ToJson();
        if (folder is null) Console.Error.WriteLine(json);
        else
        {
            File.WriteAllText(Path.Combine(folder, "frames.json"), json + "\n");
            File.WriteAllText(Path.Combine(folder, "frames.csv"), statistics.ToCsv());
        }

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

    private static void Write(string folder, string name, OffscreenTarget target)
    {
        if (name.IndexOfAny(Path.GetInvalidFileNameChars()) >= 0) throw new ArgumentException($"A picture cannot be called '{name}'.");
        (int width, int height) = target.Size;
        using FileStream file = File.Create(Path.Combine(folder, name + ".png"));
        byte[] rgb = new byte[width * height * 3];
        for (int i = 0; i < width * height; i++) target.Rgba.Slice(i * 4, 3).CopyTo(rgb.AsSpan(i * 3));
        new ImageWriter().WritePng(rgb, width, height, ColorComponents.RedGreenBlue, file);
    }
}
