using System.CommandLine;
using System.CommandLine.Parsing;
using System.Globalization;
using System.Runtime.CompilerServices;
using Tavern.Game;

namespace Tavern.Play;

/// <summary>What the game was started with.</summary>
internal sealed record PlayOptions
{
    public required string World { get; init; }

    /// <summary>Null for an empty tavern, whose people do not speak.</summary>
    public string? Model { get; init; }

    public string? Eyes { get; init; }

    /// <summary>Whether the model was named on the command line.</summary>
    public bool ModelIsGiven { get; init; }

    /// <summary>GPU milliseconds of a frame for the minds; null to follow the frames.</summary>
    public double? Budget { get; init; }

    /// <summary>Story file; null for none.</summary>
    public string? Story { get; init; }

    public bool Headless { get; init; }

    /// <summary>Frames after which the game ends; null for none.</summary>
    public int? Frames { get; init; }

    /// <summary>Frames of a second of game time, without a window.</summary>
    public double FramesPerSecond { get; init; }

    public string? Script { get; init; }

    /// <summary>Folder for pictures, transcript and figures of a headless play.</summary>
    public string? Record { get; init; }

    public int Width { get; init; }

    public int Height { get; init; }

    public bool Validate { get; init; }

    public bool Silent { get; init; }

    public string? Saves { get; init; }

    /// <summary>Folders of shader sources to follow; empty for none.</summary>
    public IReadOnlyList<string> Shaders { get; init; } = [];

    /// <summary>Reads a command line and plays.</summary>
    public static int Run(string[] arguments, Func<PlayOptions, int> play)
    {
        string home = AppContext.BaseDirectory;
        Option<string> world = new("--world")
        { Description = "World file (JSON; data/README.md).", DefaultValueFactory = _ => Path.Combine(home, "data", "tavern.json") };
        Option<string?> story = new("--story")
        {
            Description = "Story file (JSON; data/README.md), or 'none'. A new game begins with it; a script only where it says mystery on."
        };
        Option<string?> model = new("--model") { Description = "GGUF file of the minds; the sample's own when left out." };
        Option<string?> eyes = new("--mmproj") { Description = "GGUF file of their eyes; what lies beside the model when left out." };
        Option<double?> budget = new("--budget")
        {
            Description = $"GPU milliseconds of a frame for the minds, 0 to {MindBudget.Most}; when left out {MindBudget.Usual}, "
                + "or a quarter of the frame where drawing is slow.",
            CustomParser = result => Number(result),
        };
        Option<bool> headless = new("--headless") { Description = "Without a window." };
        Option<int?> frames = new("--frames") { Description = "Frames after which the game ends; the script ends it earlier." };
        Option<double> pace = new("--fps")
        {
            Description = "Frames of a second of game time, of a headless play: 4 to 240.",
            DefaultValueFactory = _ => 60,
            CustomParser = Number,
        };
        Option<string?> script = new("--script") { Description = "A play (data/README.md)." };
        Option<string?> record = new("--record")
        { Description = "Folder for transcript.txt and, of a headless play, pictures, frames.json and memory.csv." };
        Option<string> size = new("--size") { Description = "WIDTHxHEIGHT.", DefaultValueFactory = _ => "1280x720" };
        Option<bool> validate = new("--validate") { Description = "Turns the Vulkan validation layers on." };
        Option<bool> silent = new("--no-minds") { Description = "Nobody thinks or speaks." };
        Option<string?> saves = new("--saves") { Description = "Folder of saves." };
        Option<string[]> shaders = new("--shaders")
        {
            Description = "Folder of shader sources (*.vert, *.frag) that are compiled again when they change; may be given more than " +
                "once. Debug builds follow their own.",
            DefaultValueFactory = _ => OwnShaders()
        };
        RootCommand root = new("The Tavern: a small world whose people talk about it, and see it.") { world, story, model, eyes, budget,
            headless, frames, pace, script, record, size, validate, silent, saves, shaders };
        root.SetAction(parsed =>
        {
            string[] sides = parsed.GetValue(size)!.Split('x');
            if (sides.Length != 2 || !int.TryParse(sides[0], out int width) || !int.TryParse(sides[1], out int height)
                || width is < 64 or > 8192 || height is < 64 or > 8192)
                throw new ArgumentException($"--size wants WIDTHxHEIGHT with 64 to 8192 pixels a side, not '{parsed.GetValue(size)}'.");
            if (parsed.GetValue(frames) is < 1) throw new ArgumentException($"--frames {parsed.GetValue(frames)}: must be at least 1.");
            double perSecond = parsed.GetValue(pace);
            if (perSecond is not (>= 4 and <= 240))
                throw new ArgumentException($"--fps wants 4 to 240 frames of a second, not {perSecond}.");
            if (parsed.GetValue(budget) is { } milliseconds && milliseconds is not (>= 0 and <= MindBudget.Most))
                throw new ArgumentException($"--budget wants 0 to {MindBudget.Most} milliseconds, not {milliseconds}.");
            string own = Path.Combine(home, "models", "mind.gguf");
            string? chosen = parsed.GetValue(silent) ? null : parsed.GetValue(model) ?? (File.Exists(own) ? own : null);
            return play(new PlayOptions
            {
                World = parsed.GetValue(world)!,
                Story = parsed.GetValue(story) switch
                {
                    "none" => null,
                    { } file => file,
                    null => Path.Combine(home, "data", "horse.json"),
                },
                Model = chosen,
                ModelIsGiven = parsed.GetValue(model) is not null,
                Eyes = chosen is null ? null : parsed.GetValue(eyes) ?? GameLoop.EyesBeside(chosen),
                Budget = parsed.GetValue(budget),
                Headless = parsed.GetValue(headless),
                Frames = parsed.GetValue(frames),
                FramesPerSecond = perSecond,
                Script = parsed.GetValue(script),
                Record = parsed.GetValue(record),
                Width = width,
                Height = height,
                Validate = parsed.GetValue(validate),
                Silent = parsed.GetValue(silent),
                Saves = parsed.GetValue(saves),
                Shaders = parsed.GetValue(shaders)!,
            });
        });
        return root.Parse(arguments).Invoke(new InvocationConfiguration { EnableDefaultExceptionHandler = false });
    }

    /// <summary>Reads a number with a decimal point: by default a comma would separate thousands.</summary>
    private static double Number(ArgumentResult result)
    {
        string text = result.Tokens[0].Value;
        if (double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out double number)) return number;
        string pointed = text.Replace(',', '.');
        bool isComma = double.TryParse(pointed, NumberStyles.Float, CultureInfo.InvariantCulture, out _);
        result.AddError($"{((OptionResult)result.Parent!).Option.Name}: '{text}' is not a number{(isComma ? $"; write {pointed}" : "")}.");
        return 0;
    }

    /// <summary>Where the shaders of a debug build came from; none in a release build.</summary>
    private static string[] OwnShaders([CallerFilePath] string file = "")
    {
#if DEBUG
        string samples = Path.Combine(Path.GetDirectoryName(file)!, "..", "..");
        string[] projects = ["Tavern", "Tavern.Renderer"];
        return [.. projects.Select(project => Path.GetFullPath(Path.Combine(samples, project, "shaders"))).Where(Directory.Exists)];
#else
        return [];
#endif
    }
}
