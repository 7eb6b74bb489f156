using System.Diagnostics;
using System.Text;

namespace Tavern.Tests;

/// <summary>The built game, running beside the tests; they read what happens in its transcript.</summary>
internal sealed class GameProcess : IDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(3);
    private readonly Process _process;
    private readonly string _folder;
    private readonly StringBuilder _problems = new();

    /// <param name="display">Where its window opens.</param>
    /// <param name="folder">For its transcript and saves.</param>
    /// <param name="arguments">Of the game.</param>
    public GameProcess(string display, string folder, params string[] arguments)
    {
        _folder = folder;
        string game = Path.Combine(AppContext.BaseDirectory, OperatingSystem.IsWindows() ? "Tavern.exe" : "Tavern");
        ProcessStartInfo info = new(game, [.. arguments, "--record", folder, "--saves", folder]) { RedirectStandardError = true };
        info.Environment["DISPLAY"] = display;
        info.Environment.Remove("WAYLAND_DISPLAY");
        _process = Process.Start(info) ?? throw new InvalidOperationException($"{game} does not start.");
        _process.ErrorDataReceived += (_, line) =>
        {
            lock (_problems) _problems.AppendLine(line.Data);
        };
        _process.BeginErrorReadLine();
    }

    /// <summary>What was said and done so far.</summary>
    public string Transcript
    {
        get
        {
            string path = Path.Combine(_folder, "transcript.txt");
            if (!File.Exists(path)) return "";
            using StreamReader reader = new(new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite));
            return reader.ReadToEnd();
        }
    }

    /// <summary>What it complained of.</summary>
    public string Problems
    {
        get
        {
            lock (_problems) return _problems.ToString().Trim();
        }
    }

    /// <summary>Waits until something is so; fails when the game ends before.</summary>
    public void WaitUntil(Func<bool> isSo, string what)
    {
        for (Stopwatch watch = Stopwatch.StartNew(); !isSo(); Thread.Sleep(20))
            if (_process.HasExited || watch.Elapsed > Patience) Assert.Fail($"Not so: {what}. {Problems}\n{Transcript}");
    }

    /// <summary>Waits until the transcript has this so many times.</summary>
    public void WaitFor(string text, int times = 1) => WaitUntil(() => Transcript.Split(text).Length > times, $"'{text}' happens");

    /// <summary>Waits for its end.</summary>
    /// <returns>Its exit code.</returns>
    public int End()
    {
        if (!_process.WaitForExit(Patience)) Assert.Fail($"The game does not end.\n{Transcript}");
        _process.WaitForExit();
        return _process.ExitCode;
    }

    public void Dispose()
    {
        if (!_process.HasExited) _process.Kill();
        _process.WaitForExit();
        _process.Dispose();
    }
}
