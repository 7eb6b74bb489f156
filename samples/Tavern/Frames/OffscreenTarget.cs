using Silk.NET.Vulkan;
using Tavern.Renderer;

namespace Tavern.Frames;

/// <summary>Frames as bytes in memory, for recordings, tests and machines without a display.</summary>
public sealed class OffscreenTarget : IFrameTarget
{
    private readonly CommandRing _commands;
    private readonly DeviceImage _image;
    private readonly Readback _readback;

    public OffscreenTarget(RenderDevice device, int width, int height)
    {
        _commands = new CommandRing(device, 1);
        _image = new DeviceImage(device, width, height, Format,
            ImageUsageFlags.ColorAttachmentBit | ImageUsageFlags.TransferDstBit | ImageUsageFlags.TransferSrcBit);
        _readback = new Readback(device, _image);
    }

    public (int Width, int Height) Size => (_image.Width, _image.Height);

    public Format Format => Format.R8G8B8A8Srgb;

    public int FramesInFlight => _commands.Frames;

    /// <summary>The frame that ended last: [height, width, 4] bytes of sRGB, rows from top to bottom.</summary>
    public ReadOnlySpan<byte> Rgba => _readback.Rgba;

    public Frame? Begin() => new Frame(_commands.Begin(), _image, _commands.Timeline, _commands.SignalValue);

    /// <summary>Submits the frame and waits for it.</summary>
    public void End(Frame frame)
    {
        _readback.Record(frame.Commands);
        _commands.Submit();
        _commands.Finish();
    }

    public void Finish() => _commands.Finish();

    public void Dispose()
    {
        _commands.Dispose();
        _readback.Dispose();
        _image.Dispose();
    }
}
