using System.Diagnostics;
using System.Numerics;
using Tavern.Frames;
using Tavern.Game;
using Tavern.Renderer;
using Tavern.Windows;

namespace Tavern.Play;

/// <summary>The game in a window.</summary>
internal static class WindowPlay
{
    private const float LookSpeed = 0.0025f;
    private const double Pace = 1.0 / 60;

    public static int Run(PlayOptions options)
    {
        using GlfwWindow window = new("The Tavern", options.Width, options.Height);
        using RenderDevice device = RenderDevice.Create(WindowTarget.DeviceOptions(window, options.Validate));
        using WindowTarget target = new(device, window);
        using (Stage stage = new(device, target, options))
        {
            ScriptPlayer? player = options.Script is { } script ? new ScriptPlayer(Script.Read(script), stage.Game) : null;
            using StreamWriter? words = options.Record is { } folder
                ? new StreamWriter(Path.Combine(Directory.CreateDirectory(folder).FullName, "transcript.txt")) { AutoFlush = true } : null;
            using Transcript? transcript = words is null ? null : new Transcript(stage.Game, words);
            using AnswerLog? answers = words is null ? null : new AnswerLog(stage.Game, Path.Combine(options.Record!, "answers.csv"));
            stage.Play(() => Play(window, stage, player, answers, options.Frames ?? int.MaxValue));
        }

        foreach (string message in device.ValidationMessages) Console.Error.WriteLine("tavern: " + message);
        return device.ValidationMessages.Count > 0 ? 1 : 0;
    }

    private static void Play(GlfwWindow window, Stage stage, ScriptPlayer? player, AnswerLog? answers, int frames)
    {
        Vector2 mouse = default;
        bool captured = false;
        window.KeyPressed += (key, repeats) =>
        {
            if (key == Key.Escape && captured && !stage.Game.Entry.IsOpen && !stage.Game.Options.IsShown
                && stage.Game.Interruptible is null) Capture(false);
            if (player is null && (!repeats || key == Key.Backspace)) stage.Game.Press(KeyOf(key));
        };
        window.CharacterTyped += rune =>
        {
            if (player is null) stage.Game.Type(rune.ToString());
        };
        window.MousePressed += _ => Capture(true);
        window.FilesDropped += stage.Game.Drop;
        // Keys, letters and files come while the window is polled, in their order, however many a slow frame has.
        long last = Stopwatch.GetTimestamp();
        for (int i = 0; i < frames && !window.ShouldClose && player is not { IsDone: true }; i++)
        {
            window.Poll();
            Vector2 moved = captured ? window.MousePosition - mouse : default;
            mouse = window.MousePosition;
            Vector2 walk = new((window.IsDown(Key.D) ? 1 : 0) - (window.IsDown(Key.A) ? 1 : 0),
                (window.IsDown(Key.W) ? 1 : 0) - (window.IsDown(Key.S) ? 1 : 0));
            PlayerInput input = player?.Advance() ?? new PlayerInput(walk, Look(moved, stage.Game.Options.Settings));
            float seconds = (float)Stopwatch.GetElapsedTime(last).TotalSeconds;
            last = Stopwatch.GetTimestamp();
            stage.Frame(seconds, input, out _);
            answers?.Update();
            double left = Pace - Stopwatch.GetElapsedTime(last).TotalSeconds;
            if (left > 0.001) Thread.Sleep((int)(left * 1000)); // a display that waits for its refresh leaves nothing here
        }

        void Capture(bool on)
        {
            captured = on;
            window.SetCursorCaptured(on);
            mouse = window.MousePosition;
        }
    }

    private static Vector2 Look(Vector2 moved, GameSettings settings) =>
        new Vector2(moved.X, settings.MouseIsInverted ? moved.Y : -moved.Y) * (LookSpeed * (float)settings.MouseSpeed);

    private static GameKeys KeyOf(Key key) => key switch
    {
        Key.Enter => GameKeys.Enter,
        Key.Escape => GameKeys.Escape,
        Key.Backspace => GameKeys.Backspace,
        Key.F1 => GameKeys.Overlay,
        Key.F5 => GameKeys.Save,
        Key.F9 => GameKeys.Load,
        Key.E => GameKeys.Use,
        Key.G => GameKeys.Give,
        Key.Tab => GameKeys.Notebook,
        Key.F2 => GameKeys.Options,
        Key.Up => GameKeys.Up,
        Key.Down => GameKeys.Down,
        Key.Left => GameKeys.Left,
        Key.Right => GameKeys.Right,
        Key.H => GameKeys.Hint,
        Key.Q => GameKeys.Accuse,
        _ => GameKeys.None,
    };
}
