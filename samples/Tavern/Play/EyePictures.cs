using NpcMind;
using Silk.NET.Vulkan;
using Tavern.Frames;
using Tavern.Renderer;
using Tavern.World;

namespace Tavern.Play;

/// <summary>
/// What characters see: small pictures drawn on the device and handed to their minds where they lie. A mind has its picture at once and
/// looks at it when it is drawn (<see cref="NpcImage.IsDrawn"/>): that takes some frames, with a piece of one picture in each, so that no
/// frame is late. A picture's image is used again once a mind has read it.
/// </summary>
internal sealed class EyePictures : IDisposable
{
    private const int Size = 112;

    /// <summary>Pieces of a picture: its shadows, then strips of its rows.</summary>
    private const int Strips = 4, Rows = Size / Strips;

    /// <summary>More than can be waiting at once: each of five may have four.</summary>
    private const int Most = 24;
    private const int InFlight = 2;
    private readonly SceneRenderer _renderer;
    private readonly CommandRing _commands;
    private readonly GpuTimer _timer;
    private readonly List<(RenderTarget Target, NpcImage Image)> _pictures = [];
    private readonly Queue<Drawing> _waiting = new();
    private readonly double[] _milliseconds = new double[1 + Strips];
    private readonly int[] _pieceOf = new int[InFlight];
    private int _piece;
    private int _submitted;
    private int _asked;

    public EyePictures(RenderDevice device)
    {
        _renderer = new SceneRenderer(device, new SceneRendererOptions { FramesInFlight = InFlight, ShadowSize = 512 });
        _commands = new CommandRing(device, InFlight);
        _timer = new GpuTimer(device, InFlight);
    }

    private readonly record struct Drawing(Scene Scene, Camera Camera, RenderTarget Target, NpcImage Image);

    /// <summary>A view as it is at this moment, to be drawn in the coming frames; null when all images still wait to be read.</summary>
    public NpcImage? Draw(Scene scene, in Camera camera)
    {
        int free = _pictures.FindIndex(p => p.Image.IsCaptured);
        if (free < 0 && _pictures.Count == Most) return null;
        RenderTarget target = free < 0 ? _renderer.CreateTarget(Size, Size) : _pictures[free].Target;
        NpcImage image = NpcImage.FromVulkan((nint)target.Colour.Handle.Handle, Size, Size, VulkanImageFormat.Rgba8Srgb, isDrawn: false);
        if (free < 0) _pictures.Add((target, image));
        else _pictures[free] = (target, image);
        _waiting.Enqueue(new Drawing(scene, camera, target, image));
        _asked++;
        return image;
    }

    /// <summary>Whether pictures wait to be drawn, as far as is known.</summary>
    public bool IsWaiting => _waiting.Count > 0;

    /// <summary>Draws a piece of a picture that waits. Once a frame, before the frame is recorded.</summary>
    /// <returns>Device milliseconds that it takes, from such pieces before; 0 when nothing waits.</returns>
    public double Advance()
    {
        // Nobody wants to see it any more.
        for (; _waiting.TryPeek(out Drawing next) && next.Image.IsCaptured; _piece = 0) _waiting.Dequeue();
        if (!_waiting.TryPeek(out Drawing drawing)) return 0;
        CommandBuffer commands = _commands.Begin();
        _timer.Begin(commands);
        // The clock that was read is of the piece that made room for this one.
        ref int pieceOf = ref _pieceOf[_submitted++ % InFlight];
        if (_timer.Milliseconds > 0) _milliseconds[pieceOf] = _timer.Milliseconds;
        double expected = _milliseconds[pieceOf = _piece];
        if (_piece == 0)
        {
            _renderer.BeginFrame();
            _renderer.Prepare(commands, drawing.Scene);
        }
        else
        {
            _renderer.Draw(commands, drawing.Camera, drawing.Target, (_piece - 1) * Rows, Rows);
        }

        bool isLast = _piece == Strips;
        if (isLast) drawing.Target.Colour.Transition(commands, ImageLayout.ShaderReadOnlyOptimal);
        _timer.End(commands);
        _commands.Submit();
        _piece = isLast ? 0 : _piece + 1;
        if (isLast) _waiting.Dequeue().Image.MarkDrawn();
        return expected;
    }

    /// <summary>Draws all that waits: minds are to be saved.</summary>
    /// <exception cref="RenderException">The device failed.</exception>
    public void Finish()
    {
        while (_waiting.Count > 0) Advance();
    }

    /// <summary>How many were asked for since this was last called.</summary>
    public int TakeAsked()
    {
        int asked = _asked;
        _asked = 0;
        return asked;
    }

    /// <summary>Draws with the shaders there are now. The device must be idle.</summary>
    public void Rebuild() => _renderer.Rebuild();

    public void Dispose()
    {
        _commands.Dispose();
        _timer.Dispose();
        foreach ((RenderTarget target, NpcImage _) in _pictures) target.Dispose();
        _renderer.Dispose();
    }
}
