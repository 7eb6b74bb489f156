using Silk.NET.Vulkan;
using Tavern.World;

namespace Tavern.Renderer;

/// <summary>A picture on the host.</summary>
/// <param name="Width">Pixels in a row.</param>
/// <param name="Height">Rows.</param>
/// <param name="Rgb">[height, width, 3] bytes of sRGB, rows from top to bottom.</param>
/// <param name="Ids">[height, width] numbers of the parts seen; 0 is the room.</param>
public sealed record ScenePicture(int Width, int Height, byte[] Rgb, uint[] Ids);

/// <summary>Draws one picture after the other on a device of its own or a shared one, without a window.</summary>
public sealed class PictureMaker : IDisposable
{
    private readonly bool _ownsDevice;
    private readonly SceneRenderer _renderer;
    private readonly CommandRing _commands;
    private RenderTarget? _target;
    private Readback? _readback;

    public PictureMaker(RenderDevice? device = null)
    {
        _ownsDevice = device is null;
        Device = device ?? RenderDevice.Create();
        _renderer = new SceneRenderer(Device, new SceneRendererOptions { FramesInFlight = 1, ShadowSize = 512 });
        _commands = new CommandRing(Device, 1);
    }

    public RenderDevice Device { get; }

    /// <summary>Draws a scene and waits for it. Fast when the size stays the same from call to call.</summary>
    public ScenePicture Render(Scene scene, in Camera camera, int width, int height)
    {
        if (_target?.Width != width || _target.Height != height)
        {
            _readback?.Dispose();
            _target?.Dispose();
            _target = _renderer.CreateTarget(width, height, withIds: true);
            _readback = new Readback(Device, _target.Colour, _target.Ids);
        }

        CommandBuffer commands = _commands.Begin();
        _renderer.BeginFrame();
        _renderer.Prepare(commands, scene);
        _renderer.Draw(commands, camera, _target);
        _readback!.Record(commands);
        _commands.Submit();
        _commands.Finish();

        byte[] rgb = new byte[width * height * 3];
        ReadOnlySpan<byte> rgba = _readback.Rgba;
        for (int i = 0; i < width * height; i++) rgba.Slice(i * 4, 3).CopyTo(rgb.AsSpan(i * 3));
        return new ScenePicture(width, height, rgb, _readback.Ids.ToArray());
    }

    public void Dispose()
    {
        _commands.Dispose();
        _readback?.Dispose();
        _target?.Dispose();
        _renderer.Dispose();
        if (_ownsDevice) Device.Dispose();
    }
}
