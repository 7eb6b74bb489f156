using Tavern.Hud;
using Tavern.Overlay;
using Tavern.Renderer;
using Tavern.World;

namespace Tavern.Frames;

/// <summary>Draws a frame of the game: the scene, scaled to the frame, and the overlay upon it.</summary>
public sealed class FrameDrawer : IDisposable
{
    private readonly RenderDevice _device;
    private readonly SceneRenderer _renderer;
    private readonly OverlayPainter _painter;
    private readonly GpuTimer _timer;
    private RenderTarget? _picture;

    /// <param name="device">Where it is drawn.</param>
    /// <param name="target">What the frames are for.</param>
    /// <param name="options">Of the scene; its frames in flight are the target's.</param>
    public FrameDrawer(RenderDevice device, IFrameTarget target, SceneRendererOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(target);
        _device = device;
        _renderer = new SceneRenderer(device, (options ?? new SceneRendererOptions()) with { FramesInFlight = target.FramesInFlight });
        _painter = new OverlayPainter(device, target.Format, target.FramesInFlight);
        _timer = new GpuTimer(device, target.FramesInFlight);
    }

    /// <summary>
    /// Rows that a scene is drawn with at most; larger frames show it enlarged, with the overlay sharp. For slow devices.
    /// </summary>
    public int MostSceneRows { get; set; } = int.MaxValue;

    /// <summary>Device time of the newest frame that is known to have finished.</summary>
    public double Milliseconds => _timer.Milliseconds;

    public HudPainter Hud { get; } = new();

    public void Draw(in Frame frame, Scene scene, in Camera camera, HudState hud)
    {
        _timer.Begin(frame.Commands);
        int width = frame.Image.Width, height = frame.Image.Height;
        _renderer.BeginFrame();
        _renderer.Prepare(frame.Commands, scene);
        RenderTarget picture = PictureFor(width, height);
        _renderer.Draw(frame.Commands, camera, picture);
        picture.Colour.BlitTo(frame.Commands, frame.Image, 0, 0, width, height);
        _painter.Begin(width, height);
        Hud.Paint(hud, camera, _painter);
        _painter.End(frame.Commands, frame.Image);
        _timer.End(frame.Commands);
    }

    /// <summary>Draws with the shaders there are now (<see cref="RenderDevice.Shaders"/>). The device must be idle.</summary>
    public void Rebuild()
    {
        _renderer.Rebuild();
        _painter.Rebuild();
    }

    public void Dispose()
    {
        _device.Settle();
        _picture?.Dispose();
        _timer.Dispose();
        _painter.Dispose();
        _renderer.Dispose();
    }

    private RenderTarget PictureFor(int width, int height)
    {
        int rows = Math.Clamp(MostSceneRows, 1, height), columns = Math.Max(1, width * rows / height);
        if (_picture?.Width == columns && _picture.Height == rows) return _picture;
        _device.WaitIdle();
        _picture?.Dispose();
        return _picture = _renderer.CreateTarget(columns, rows);
    }
}
