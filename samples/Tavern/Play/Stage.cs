using System.Numerics;
using NpcMind;
using Tavern.Frames;
using Tavern.Game;
using Tavern.Hud;
using Tavern.Overlay;
using Tavern.Renderer;
using Tavern.World;

namespace Tavern.Play;

/// <summary>The game on a device: its loop, its picture, its minds, a frame at a time.</summary>
internal sealed class Stage : IDisposable
{
    private const float FieldOfView = 62 * MathF.PI / 180;
    private readonly RenderDevice _device;
    private readonly IFrameTarget _target;
    private readonly FrameDrawer _drawer;
    private readonly EyePictures _eyes;
    private readonly SlowFrames _slow;
    private readonly HudState _hud = new();
    private readonly HudFigures _figures = new();
    private readonly MindStates _states = new();
    private readonly Pages _pages;
    private string _progress = "";
    private (string Listener, string Words, string Line) _saidTo = ("", "", "");
    private int _percent = -1;
    private double _lastFrame;

    /// <param name="device">Drawn and thought on; disposed by the caller, after this.</param>
    /// <param name="target">Where frames go; disposed by the caller, after this.</param>
    /// <param name="options">Of the play.</param>
    public Stage(RenderDevice device, IFrameTarget target, PlayOptions options)
    {
        _device = device;
        if (options.Shaders.Count > 0) device.Shaders = new ShaderSources(options.Shaders);
        _target = target;
        // On a processor smooth edges cost half of a frame; pictures of headless plays keep them, and so do those for characters' eyes.
        _drawer = new FrameDrawer(device, target, new SceneRendererOptions { Samples = device.IsSoftware && !options.Headless ? 1 : 4 });
        if (device.IsSoftware) _drawer.MostSceneRows = 360;
        _eyes = new EyePictures(device);
        _slow = new SlowFrames(device);
        DeviceHandles h = device.Handles;
        GameOptions game = new()
        {
            WorldFile = options.World,
            Budget = options.Budget,
            Gossip = !options.Silent,
            StoryFile = options.Story,
            BeginsStory = options.Script is null && !options.Silent,
            HasPlayer = options.Script is null && !options.Headless,
            Minds = new MindSettings
            {
                Host = VulkanHost.UseExisting(h.Instance, h.PhysicalDevice, h.Device, h.Queue, h.QueueFamily,
                h.QueueLock)
            },
        };
        if (options.Saves is { } saves) game = game with { SaveFolder = saves };
        Game = new GameLoop(game);
        Game.Minds.Picture = Picture;
        Game.Minds.FinishPictures = FinishPictures;
        if (ModelOf(options) is { } model) Game.Minds.Load(model, model == options.Model ? options.Eyes : GameLoop.EyesBeside(model));
        _pages = new Pages(Game, device.Driver);
        _figures.Device = device.Name;
    }

    public GameLoop Game { get; }

    /// <summary>Device milliseconds of the newest picture known.</summary>
    public double RenderMilliseconds => _drawer.Milliseconds;

    public int BubblesShown => _hud.Bubbles.Count;

    /// <summary>Device milliseconds that the newest frame's piece of a picture for somebody's eyes took, as far as known.</summary>
    public double EyesMilliseconds { get; private set; }

    /// <summary>Pictures for characters' eyes asked for since last asked.</summary>
    public int TakePicturesAsked() => _eyes.TakeAsked();

    /// <summary>
    /// Plays. When the device is lost, or anything else happens that the game cannot go on after, it is saved, and the play ends with
    /// what to do.
    /// </summary>
    /// <exception cref="ScriptException">The play did not go as its script says.</exception>
    /// <exception cref="GameEndedException">The game could not go on.</exception>
    public void Play(Action frames)
    {
        try
        {
            frames();
        }
        catch (RenderException e) when (e.IsDeviceLost)
        {
            throw new GameEndedException(Game.SaveLost(), e);
        }
        catch (Exception e) when (e is not ScriptException)
        {
            throw new GameEndedException(Game.SaveLost($"The game cannot go on: {GameEndedException.What(e)}."), e);
        }
    }

    /// <summary>One frame: time passes, the picture is drawn, the minds look and think within their budget.</summary>
    /// <returns>False when there is nothing to draw on; then only time has passed.</returns>
    public bool Frame(float seconds, in PlayerInput input, out TickReport report)
    {
        if (_device.Shaders is { } shaders) Follow(shaders);
        Game.Update(seconds, input);
        bool isSlow = Game.Pace.FollowsSlowFrames;
        if (!isSlow) EyesMilliseconds = Game.Budget > 0 ? _eyes.Advance() : 0;
        if (_target.Begin() is not { } frame)
        {
            report = isSlow ? ThinkSlowly() : Checked(Game.Tick(EyesMilliseconds)); // minds go on while the window is minimised
            return false;
        }

        Camera camera = Game.Player.Camera(FieldOfView);
        Show(camera);
        _drawer.Draw(frame, Game.Scene, camera, _hud);
        report = default;
        if (!isSlow) report = Checked(Game.Tick(EyesMilliseconds, new FrameCommands(frame.Commands.Handle, (nint)frame.Timeline.Handle,
            frame.SignalValue)));
        _target.End(frame);
        if (isSlow)
        {
            _target.Finish();
            report = ThinkSlowly();
        }

        Game.Pace.Drew(_drawer.Milliseconds);
        double now = System.Diagnostics.Stopwatch.GetTimestamp() * 1000.0 / System.Diagnostics.Stopwatch.Frequency;
        if (_lastFrame > 0)
            _figures.Frames.Add(
                new FrameFigures((float)(now - _lastFrame), (float)_drawer.Milliseconds, (float)Game.Overlay.LastMilliseconds));
        _lastFrame = now;
        return true;
    }

    public void Dispose()
    {
        _device.Settle();
        Game.Dispose();
        _slow.Dispose();
        _eyes.Dispose();
        _drawer.Dispose();
    }

    private static TickReport Checked(in TickReport report) => report.Status != TickStatus.DeviceLost
        ? report : throw new RenderException("The minds have lost the device.", isDeviceLost: true);

    private TickReport ThinkSlowly()
    {
        TickReport report = Checked(_slow.Think(Game, _eyes, out double eyes));
        EyesMilliseconds = eyes;
        Game.Note(report);
        return report;
    }

    /// <summary>Draws with changed shaders from the next frame on; those with an error change nothing, and the player reads it.</summary>
    private void Follow(ShaderSources shaders)
    {
        try
        {
            if (!shaders.HaveChanged()) return;
            shaders.Compile();
            _device.WaitIdle();
            _drawer.Rebuild();
            _eyes.Rebuild();
            Game.Say("The shaders were compiled again.");
        }
        catch (Exception e) when (e is not RenderException { IsDeviceLost: true })
        {
            Game.Say(e.Message);
        }
    }

    /// <summary>What a character sees, to be drawn; null, with a message, where the device has no room for it.</summary>
    private NpcImage? Picture(int index)
    {
        (Scene scene, Camera camera) = Game.Eyes(index);
        try
        {
            return _eyes.Draw(scene, camera);
        }
        catch (RenderException e) when (!e.IsDeviceLost)
        {
            Game.Say($"{Game.World.Bodies[index].Name} cannot look: {e.Message}");
            return null;
        }
    }

    /// <summary>Before minds are saved. On a lost device they are saved without what is not drawn.</summary>
    private void FinishPictures()
    {
        try
        {
            _eyes.Finish();
        }
        catch (RenderException e) when (e.IsDeviceLost)
        {
        }
    }

    /// <summary>The colour of somebody's cloak, light enough to read.</summary>
    private static Ink Accent(Body body)
    {
        Vector3 tint = body.Person.Cloak is { } cloak ? Palette.Of(cloak) : new Vector3(0.8f);
        Vector3 light = (Vector3.SquareRoot(tint) * 0.65f) + new Vector3(0.35f);
        return new Ink((byte)(light.X * 255), (byte)(light.Y * 255), (byte)(light.Z * 255), 255);
    }

    private void Show(in Camera camera)
    {
        _hud.Bubbles.Clear();
        for (int i = 0; i < Game.Talk.Bubbles.Count; i++)
        {
            Bubble bubble = Game.Talk.Bubbles[i];
            if (!bubble.IsOpen || Game.World.Find(bubble.Speaker) is not { } speaker || speaker == Game.World.Player) continue;
            Vector3 head = new(speaker.Position.X, 1.95f, speaker.Position.Y);
            if (Vector3.Dot(head - camera.Eye, camera.Target - camera.Eye) > 0)
                _hud.Bubbles.Add(new HudBubble(bubble.Speaker, bubble.All, bubble.Shown, head, Accent(speaker)));
        }

        Body? faced = Game.Faced is var index and >= 0 ? Game.World.Bodies[index] : null;
        if (faced?.Name != _hud.Faced) (_hud.Faced, _hud.EntryPrompt) = (faced?.Name, faced is null ? "Say" : $"To {faced.Name}:");
        _hud.FacedHint = faced is null || Game.Entry.IsOpen || Game.HasTalked ? null : "Enter: talk";
        _hud.Page = _pages.Shown;
        _hud.ShowsCrosshair = !Game.Options.IsShown;
        _hud.KeyHints = _pages.Hints;
        _hud.TextSize = Game.Options.Settings.TextSize;
        _hud.Entry = Game.Entry.IsOpen ? Game.Entry.Text : null;
        _hud.Said = Said();
        _hud.Message = Message();
        _hud.Figures = Game.Overlay.IsShown ? Figures() : null;
    }

    /// <summary>The model of the command line, or else the one that the player chose last.</summary>
    private string? ModelOf(PlayOptions options) => options.Model is { } model && !options.ModelIsGiven
        ? Game.Options.Settings.Model ?? model : options.Model;

    /// <summary>What the player said, until it is answered.</summary>
    private string? Said()
    {
        if (Game.Talk.PlayersWords is not { } words) return null;
        if (words.All != _saidTo.Words || words.Listener != _saidTo.Listener) _saidTo = (words.Listener, words.All,
            $"You to {words.Listener}: {words.All}");
        return _saidTo.Line;
    }

    /// <summary>What there is to read; while a model is loaded and there is nothing else, how far that is.</summary>
    private string Message()
    {
        if (Game.Message.Text.Length > 0 || !Game.Minds.IsLoading) return Game.Message.Text;
        int percent = (int)(100 * Game.Minds.Progress);
        if (percent != _percent) (_percent, _progress) = (percent, $"Loading minds... {percent} %");
        return _progress;
    }

    private HudFigures Figures()
    {
        _figures.Model = Game.Minds.ModelName ?? "no model";
        _figures.BudgetMs = Game.Budget;
        _figures.TokensPerSecond = Game.Overlay.TokensSaidPerSecond + Game.Overlay.TokensReadPerSecond;
        (int free, int all) = Game.Overlay.Last.KvBlocks;
        (_figures.KvBlocks, _figures.KvBlocksInAll) = (all - free, all);
        _figures.Npcs.Clear();
        foreach (MindFigures mind in Game.Overlay.Minds)
        {
            // The figures are of the last tick; somebody may have left since.
            if (Game.World.Find(mind.Name) is { } body)
                _figures.Npcs.Add(new HudNpc(mind.Name, _states.Of(_figures.Npcs.Count, mind), Accent(body)));
        }

        return _figures;
    }
}
