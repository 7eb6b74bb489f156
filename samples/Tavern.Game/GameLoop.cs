using System.Numerics;
using NpcMind;
using Tavern.World;

namespace Tavern.Game;

/// <summary>
/// The game without a window: <see cref="Update"/> once a frame, then the picture is drawn, then <see cref="Tick"/> lets the minds think in
/// what is left of the frame.
/// </summary>
public sealed partial class GameLoop : IDisposable
{
    /// <summary>Step of the world in seconds.</summary>
    public const float Step = 1f / 60;
    private const float LongestFrame = 0.25f;
    private const string QuickSlot = "quick", LostSlot = "lost";
    private readonly GameClock _clock = new();
    private readonly WorldReload _reload;
    private readonly Story? _story;
    private string _warning = "";
    private float _rest;

    /// <exception cref="WorldFileException">The world file cannot be used.</exception>
    /// <exception cref="IOException">It cannot be read.</exception>
    public GameLoop(GameOptions options)
    {
        World = new GameWorld(TavernFile.Read(options.WorldFile));
        Minds = new Minds(World, options.Minds, _clock);
        Talk = new Talk(World, Minds);
        Gossip = new Gossip(World, Minds, Talk) { IsOn = options.Gossip };
        Player = new PlayerBody(World);
        Mystery = new Mystery(World, Minds, Talk);
        Memory = new PlayerMemory(options.SaveFolder);
        Remembrance = new Remembrance(World, Talk, Minds, Mystery, Memory);
        Saves = new SaveGame(options.SaveFolder, World, Player, Minds, Talk, Mystery);
        Pace = new MindBudget { Chosen = options.Budget };
        Options = new OptionsPage(this, options.HasPlayer ? options.SaveFolder : null);
        Hints = new KeyHints { IsOn = options.HasPlayer };
        Pace.Chosen ??= Options.Settings.Budget;
        _reload = new WorldReload(new WorldWatcher(options.WorldFile), World, Minds);
        Minds.Message += Say;
        _reload.Message += Say;
        Talk.Message += Say;
        Talk.Happened += Follow;
        Mystery.Message += Say;
        Mystery.Ended += RememberEnd;
        Remembrance.Message += Say;
        _story = options.StoryFile is { } story ? StoryFile.Read(story) : null;
        if (World.Plan.Warnings.Count > 0)
            _warning = $"{Path.GetFileName(options.WorldFile)}, " +
                $"{World.Plan.Warnings[0]}{(World.Plan.Warnings.Count > 1 ? $" ({World.Plan.Warnings.Count - 1} more)" : "")}.";
        if (options.BeginsStory && BeginStory() is { } problem) Say(problem);
    }

    /// <summary>What was said and done, as it happens.</summary>
    public event Action<Happening>? Happened;

    public GameWorld World { get; }

    public Minds Minds { get; }

    public Talk Talk { get; }

    public Gossip Gossip { get; }

    public PlayerBody Player { get; }

    public SaveGame Saves { get; }

    /// <summary>The story that is played, if one is.</summary>
    public Mystery Mystery { get; }

    /// <summary>What is remembered of the player from game to game.</summary>
    public PlayerMemory Memory { get; }

    /// <summary>How people greet one who comes again.</summary>
    public Remembrance Remembrance { get; }

    public TextEntry Entry { get; } = new();

    public OptionsPage Options { get; }

    public KeyHints Hints { get; }

    public MessageLine Message { get; } = new();

    public Overlay Overlay { get; } = new();

    /// <summary>Seconds of game time.</summary>
    public double Now => _clock.Seconds;

    /// <summary>GPU milliseconds of a frame for the minds. What is set here is kept, however frames are drawn.</summary>
    public double Budget
    {
        get => Pace.Milliseconds;
        set => Pace.Chosen = value;
    }

    /// <summary>How <see cref="Budget"/> follows the frames.</summary>
    public MindBudget Pace { get; }

    /// <summary>The character that the player faces; -1 for none. Of this moment: a key may just have loaded another world.</summary>
    public int Faced => Player.Faced();

    /// <summary>The scene as the player sees it, at this moment; while nothing but heads moves, its shadows stay.</summary>
    public Scene Scene => Draw();

    private Scene? _scene;
    private int _sceneVersion;

    /// <summary>What a character sees, for its picture.</summary>
    public (Scene Scene, Camera Camera) Eyes(int index) =>
        (Game.Eyes.Scene(World, World.Bodies[index]), Game.Eyes.Camera(World.Bodies[index]));

    /// <summary>Lets time pass. Call it when no frame is being recorded: a new model may take over.</summary>
    /// <param name="seconds">Since the last call.</param>
    /// <param name="input">What the player did.</param>
    public void Update(float seconds, in PlayerInput input)
    {
        seconds = Math.Clamp(seconds, 0, LongestFrame);
        _clock.Advance(seconds);
        Minds.Update();
        SayWarning();
        SayOpening();
        _reload.Update(Now);
        // Letters of a slow frame come before the Enter that ends them, and after the one that they are written into.
        string typed = input.Typed ?? "";
        bool wrote = Entry.IsOpen;
        if (wrote) Type(typed);
        Press(input.Keys);
        if (!wrote) Type(typed);
        Hints.Update(seconds, input);
        // While the player writes, letters are letters.
        Player.Update(seconds, Entry.IsOpen ? input with { Move = default } : input);
        for (_rest += seconds; _rest >= Step; _rest -= Step) World.Update(Step);
        while (World.TryTakeChange(out Change change))
        {
            if (change.IsFact) Minds.Tell(change.Sentence);
            Happened?.Invoke(new Happening(HappeningKind.Did, change.About, "", change.Sentence));
        }

        Talk.Update(seconds);
        Mystery.Update(seconds);
        Remembrance.Update(Faced);
        Gossip.Questions = Mystery.IsOpen ? Mystery.Story!.Gossip : [];
        Gossip.Update(Now);
        Message.Update(seconds);
    }

    /// <summary>Lets the minds think for this frame.</summary>
    /// <param name="spent">Milliseconds of their budget that drawing for their eyes took in this frame.</param>
    /// <param name="commands">The game's command buffer; null for a submission of their own.</param>
    public TickReport Tick(double spent = 0, FrameCommands? commands = null)
    {
        TickReport report = Minds.Tick(FrameBudget.FromMilliseconds(Math.Max(0, Budget - spent)), commands);
        Note(report);
        return report;
    }

    /// <summary>Lets the minds think for a part of this frame; <see cref="Note"/> follows when all its parts have been.</summary>
    /// <param name="milliseconds">Of the device.</param>
    /// <param name="commands">The game's command buffer.</param>
    public TickReport Think(double milliseconds, FrameCommands commands) =>
        Minds.Tick(FrameBudget.FromMilliseconds(milliseconds), commands);

    /// <summary>Shows in F1 what the minds did in a frame.</summary>
    public void Note(in TickReport report) => Overlay.Add(report, Minds, World.Bodies.Count, Now);

    /// <summary>The player says something to the character it faces.</summary>
    /// <returns>Whether somebody heard it.</returns>
    public bool Say(int listener, string text)
    {
        if (listener >= 0) return Mystery.TakeAccusation(listener, text) || Talk.Say(listener, text);
        Say("Nobody hears you: go up to somebody and face them.");
        return false;
    }

    /// <summary>Shows the player a line.</summary>
    public void Say(string message)
    {
        message = Lines.One(message);
        Message.Show(message);
        Happened?.Invoke(new Happening(HappeningKind.Message, "", "", message));
    }

    /// <summary>As if these keys were pressed.</summary>
    public void Press(GameKeys keys)
    {
        if (keys == GameKeys.None) return;
        Hints.Learn(keys);
        if (!Entry.IsOpen) keys = Options.Take(keys);
        if (keys.HasFlag(GameKeys.Overlay)) Overlay.IsShown ^= true;
        if (keys.HasFlag(GameKeys.BudgetUp) && !Entry.IsOpen) ChangeBudget(0.5);
        if (keys.HasFlag(GameKeys.BudgetDown) && !Entry.IsOpen) ChangeBudget(-0.5);
        if (keys.HasFlag(GameKeys.Save)) Save(QuickSlot);
        if (keys.HasFlag(GameKeys.Load)) Load(LaterSlot);
        if (keys.HasFlag(GameKeys.Backspace) && Entry.IsOpen) Entry.Erase();
        if (keys.HasFlag(GameKeys.Escape) && Entry.IsOpen) Entry.Close();
        else if (keys.HasFlag(GameKeys.Escape)) Interrupt();
        if (keys.HasFlag(GameKeys.Give) && !Entry.IsOpen) Give();
        if (keys.HasFlag(GameKeys.Use) && !Entry.IsOpen) Use();
        if (keys.HasFlag(GameKeys.Notebook) && !Entry.IsOpen) IsNotebookShown ^= true;
        if (keys.HasFlag(GameKeys.Hint) && !Entry.IsOpen) Mystery.GiveHint();
        if (keys.HasFlag(GameKeys.Accuse) && !Entry.IsOpen) Accuse();
        if (!keys.HasFlag(GameKeys.Enter)) return;
        string text = Entry.Text.Trim();
        if (!Entry.IsOpen) Entry.Open();
        else Entry.Close();
        if (text.Length > 0) Say(Faced, text);
    }

    /// <summary>
    /// As if this was typed: into the text line when it is open; its first letter interrupts, as whoever begins to speak talks over others.
    /// Else + and - are keys, wherever a layout has them; on many, = is + without shift.
    /// </summary>
    public void Type(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        if (Entry.IsOpen)
        {
            bool begins = Entry.Text.Length == 0;
            Entry.Type(text);
            if (begins && Entry.Text.Length > 0) Interrupt();
        }
        else
            foreach (char c in text) Press(c switch { '+' or '=' => GameKeys.BudgetUp, '-' => GameKeys.BudgetDown, _ => GameKeys.None });
    }

    /// <summary>
    /// Who would stop now if the player interrupted: whoever speaks to it, or else whoever is faced; null when neither speaks.
    /// </summary>
    public string? Interruptible
    {
        get
        {
            foreach (Bubble bubble in Talk.Bubbles)
                if (bubble.Listener == Deed.Player && Talk.IsSpeaking(bubble.Speaker)) return bubble.Speaker;
            return Faced is var faced and >= 0 && Talk.IsSpeaking(World.Bodies[faced].Name) ? World.Bodies[faced].Name : null;
        }
    }

    /// <summary>Stops <see cref="Interruptible"/>.</summary>
    public bool Interrupt() => Interruptible is { } speaker && Talk.Interrupt(speaker);

    /// <summary>Saves; a message says how it went.</summary>
    public bool Save(string slot) => Try(() =>
    {
        Saves.Save(slot);
        return $"Saved ({slot}).";
    });

    /// <summary>Loads; a message says how it went.</summary>
    public bool Load(string slot) => Load(() => slot);

    /// <summary>
    /// Saves a game that cannot go on into a slot of its own, which F9 loads until something later is saved. Never throws.
    /// </summary>
    /// <param name="cause">A sentence; that of a lost device, and with it of picture and minds, when left out.</param>
    /// <returns>What to tell the player.</returns>
    public string SaveLost(string cause = "The graphics device was lost.")
    {
        string problem;
        try
        {
            if (Save(LostSlot)) return $"{cause} The game was saved ({LostSlot}): start it again, and load it with F9.";
            problem = Message.Last;
        }
        catch (Exception e)
        {
            problem = Lines.One(e);
        }

        return $"{cause} The game could not be saved: {problem}";
    }

    /// <summary>Files were dropped on the window together. A model and eyes are loaded together, whatever they are called.</summary>
    public void Drop(IReadOnlyList<string> files)
    {
        string[] eyes = [.. files.Where(IsEyes)], models = [.. files.Where(f => IsModel(f) && !IsEyes(f))];
        bool isPair = eyes.Length == 1 && models.Length == 1;
        if (isPair) Minds.Load(models[0], eyes[0]);
        foreach (string file in files)
            if (!isPair || !IsModel(file)) Drop(file);
    }

    /// <summary>A file was dropped on the window: a model, or eyes (an mmproj file) for the model there is.</summary>
    public void Drop(string file)
    {
        string name = Path.GetFileName(file);
        if (!IsModel(file)) Say($"{name} is no model. Drop a .gguf file: a language model, or its image encoder (mmproj).");
        else if (!IsEyes(file)) Minds.Load(file, EyesBeside(file));
        else if (Minds.Model is { } model) Minds.Load(model, file);
        else Say($"{name} are eyes. Drop the language model that they belong to first.");
    }

    /// <summary>
    /// The image encoder that lies beside a model: eyes.gguf beside mind.gguf, or the same name with mmproj before it; null for none.
    /// </summary>
    public static string? EyesBeside(string model)
    {
        string folder = Path.GetDirectoryName(Path.GetFullPath(model))!, name = Path.GetFileName(model);
        string beside = Path.Combine(folder, name == "mind.gguf" ? "eyes.gguf" : "mmproj-" + name);
        return File.Exists(beside) ? beside : null;
    }

    public void Dispose()
    {
        Minds.Dispose();
    }

    private static bool IsModel(string file) => file.EndsWith(".gguf", StringComparison.OrdinalIgnoreCase);

    internal static bool IsEyes(string file)
    {
        string name = Path.GetFileName(file);
        return IsModel(file)
            && (name.Contains("mmproj", StringComparison.OrdinalIgnoreCase) || name.StartsWith("eyes", StringComparison.OrdinalIgnoreCase)
                || name.StartsWith("clip", StringComparison.OrdinalIgnoreCase));
    }

    /// <summary>
    /// What is odd in the world file, once nothing is loading: the messages of that would take its place before anybody has read it.
    /// </summary>
    private void SayWarning()
    {
        if (_warning.Length == 0 || Minds.IsLoading) return;
        Say(_warning);
        _warning = "";
    }

    /// <summary>The quick save, or what was saved when a device was lost after it.</summary>
    private string LaterSlot() => File.GetLastWriteTimeUtc(Saves.PathOf(LostSlot)) > File.GetLastWriteTimeUtc(Saves.PathOf(QuickSlot))
        ? LostSlot : QuickSlot;

    private void ChangeBudget(double by)
    {
        Budget = Math.Clamp((Math.Round(2 * Budget) / 2) + by, 0, MindBudget.Most);
        Say(string.Create(System.Globalization.CultureInfo.InvariantCulture, $"The minds may take {Budget:0.0} ms of each frame."));
    }

    private void Give()
    {
        if (World.Player.Person.Item is null) Say("You have nothing to give.");
        else if (Faced is var faced && faced < 0) Say("Face somebody to give something.");
        else if (!World.HandOver(World.Bodies[faced])) Say($"Go nearer to {World.Bodies[faced].Name} to give something.");
    }

    private void Use()
    {
        Vector2 at = World.Player.Position;
        float door = Vector2.Distance(at, Targets.Stand("by the door").Foot),
            hearth = Vector2.Distance(at, Targets.Stand("by the hearth").Foot);
        World.Switch(door < 1.5f ? "the door" : hearth < 1.5f ? "the hearth" : "the lamp");
    }

    private bool Load(Func<string> slotOf) => Try(() =>
    {
        string slot = slotOf();
        Saves.Load(slot);
        return $"Loaded ({slot}): what came later is forgotten.";
    });

    private bool Try(Func<string> action)
    {
        try
        {
            Say(action());
            return true;
        }
        catch (Exception e) when (e is SaveGameException or IOException or UnauthorizedAccessException)
        {
            Say(Lines.One(e));
            return false;
        }
    }

    private Scene Draw()
    {
        Scene scene = Game.Eyes.Scene(World, World.Player);
        if (_scene is not null && _sceneVersion == World.Version) return scene with { ShadowsOf = _scene };
        _sceneVersion = World.Version;
        return _scene = scene;
    }
}
