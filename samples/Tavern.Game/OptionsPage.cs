using System.Globalization;

namespace Tavern.Game;

/// <summary>The options page: F2 opens it, the arrows choose and change, Enter does what a line says.</summary>
public sealed class OptionsPage
{
    private const double BudgetStep = 1, TextStep = 0.25;
    private readonly GameLoop _game;
    private readonly string _folder;
    private readonly Entry[] _entries;

    /// <param name="game">Whose options.</param>
    /// <param name="folder">Where they are kept; null to keep them nowhere.</param>
    internal OptionsPage(GameLoop game, string? folder)
    {
        (_game, _folder) = (game, folder ?? "");
        Settings = folder is null ? new GameSettings() : GameSettings.Read(folder);
        _entries =
        [
            new("Minds' budget", Budget, ChangeBudget),
            new("Text size", () => Percent(Settings.TextSize),
                by => Settings.TextSize = Step(Settings.TextSize, by * TextStep, GameSettings.LeastText, GameSettings.MostText)),
            new("Model", Model, ChangeModel),
            new("Mouse speed", () => Percent(Settings.MouseSpeed),
                by => Settings.MouseSpeed = Step(Settings.MouseSpeed, by * 0.25, GameSettings.LeastMouse, GameSettings.MostMouse)),
            new("Mouse up looks", () => Settings.MouseIsInverted ? "down" : "up", _ => Settings.MouseIsInverted ^= true),
            new("New game", () => "Enter", _ => { }, StartAnew),
        ];
    }

    private readonly record struct Entry(string Label, Func<string> Value, Action<int> Change, Action? Do = null);

    public GameSettings Settings { get; }

    public bool IsShown { get; private set; }

    /// <summary>Goes up when what it shows changes.</summary>
    public int Version { get; private set; }

    /// <summary>The line that is chosen.</summary>
    public int Chosen { get; private set; }

    /// <summary>Its lines: what, and how it is set.</summary>
    public IEnumerable<(string Label, string Value)> Lines => _entries.Select(e => (e.Label, e.Value()));

    /// <summary>What thinks and where.</summary>
    public string Credits => _game.Minds.IsReady ? $"{_game.Minds.ModelName} thinks on {_game.Minds.DeviceName}"
        : "Nobody thinks: there is no model";

    /// <summary>Takes the keys that are for it.</summary>
    /// <returns>Those that are left for the game.</returns>
    internal GameKeys Take(GameKeys keys)
    {
        const GameKeys Own = GameKeys.Up | GameKeys.Down | GameKeys.Left | GameKeys.Right;
        if (keys.HasFlag(GameKeys.Options)) (IsShown, Version) = (!IsShown, Version + 1);
        keys &= ~GameKeys.Options;
        if (!IsShown) return keys & ~Own;
        if (keys.HasFlag(GameKeys.Up)) Chosen = (Chosen + _entries.Length - 1) % _entries.Length;
        if (keys.HasFlag(GameKeys.Down)) Chosen = (Chosen + 1) % _entries.Length;
        if (keys.HasFlag(GameKeys.Left)) Change(-1);
        if (keys.HasFlag(GameKeys.Right)) Change(1);
        if (keys.HasFlag(GameKeys.Enter)) Do();
        if (keys.HasFlag(GameKeys.Escape)) IsShown = false;
        Version++;
        return keys & ~(Own | GameKeys.Enter | GameKeys.Escape);
    }

    private static string Percent(double share) => string.Create(CultureInfo.InvariantCulture, $"{100 * share:0} %");

    private static double Step(double value, double by, double least, double most) => Math.Clamp(Math.Round((value + by) * 4) / 4, least,
        most);

    private void Change(int by)
    {
        _entries[Chosen].Change(by);
        Keep();
    }

    private void Do()
    {
        if (_entries[Chosen].Do is { } act) act();
        else Change(1);
    }

    private void Keep()
    {
        if (_folder.Length > 0 && Settings.Write(_folder) is { } problem) _game.Say(problem);
    }

    private string Budget() => _game.Pace.Chosen is { } chosen
        ? string.Create(CultureInfo.InvariantCulture, $"{chosen:0.0} ms of each frame") : "what suits the frames";

    /// <summary>Below 1 ms lies what suits the frames.</summary>
    private void ChangeBudget(int by)
    {
        double next = _game.Pace.Chosen is { } chosen ? Math.Round(chosen) + (by * BudgetStep) : by > 0 ? BudgetStep : 0;
        Settings.Budget = _game.Pace.Chosen = next < BudgetStep ? null : Math.Min(next, MindBudget.Most);
    }

    private string Model() => _game.Minds.IsLoading ? string.Create(CultureInfo.InvariantCulture,
        $"loading, {_game.Minds.Progress * 100:0} %")
        : _game.Minds.Model is { } model ? Path.GetFileName(model) : "none: drop a GGUF file on the window";

    /// <summary>Goes on to the next model in the folder of the present one.</summary>
    private void ChangeModel(int by)
    {
        if (_game.Minds.Model is not { } model || _game.Minds.IsLoading) return;
        string[] all = [.. Directory.EnumerateFiles(Path.GetDirectoryName(Path.GetFullPath(model))!, "*.gguf")
            .Where(f => !GameLoop.IsEyes(f)).Order(StringComparer.Ordinal)];
        int at = Array.FindIndex(all, f => Path.GetFullPath(f) == Path.GetFullPath(model));
        string next = all.Length == 0 ? model : all[(at + by + all.Length) % all.Length];
        if (next == model) _game.Say("There is no other model beside this one: drop a GGUF file on the window.");
        else if (_game.Minds.Load(next, GameLoop.EyesBeside(next))) Settings.Model = next;
    }

    private void StartAnew()
    {
        IsShown = false;
        if (_game.NewGame() is { } problem) _game.Say(problem);
    }
}
