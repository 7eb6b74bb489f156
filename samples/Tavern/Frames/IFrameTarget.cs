using Silk.NET.Vulkan;
using Tavern.Renderer;
using Semaphore = Silk.NET.Vulkan.Semaphore;

namespace Tavern.Frames;

/// <summary>A frame being recorded.</summary>
/// <param name="Commands">In the recording state.</param>
/// <param name="Image">What the frame becomes; its content is undefined at first.</param>
/// <param name="Timeline">Semaphore that the frame's submission signals.</param>
/// <param name="SignalValue">With this.</param>
public readonly record struct Frame(CommandBuffer Commands, DeviceImage Image, Semaphore Timeline, ulong SignalValue);

/// <summary>Where frames go: a window or pictures in memory. The game draws to both in the same way.</summary>
public interface IFrameTarget : IDisposable
{
    /// <summary>In pixels, of the next frame.</summary>
    (int Width, int Height) Size { get; }

    /// <summary>An sRGB format of 4 bytes.</summary>
    Format Format { get; }

    /// <summary>Frames that may be on their way at once; what the game keeps per frame it needs so many times.</summary>
    int FramesInFlight { get; }

    /// <summary>Waits for room and begins a frame; null while there is nothing to draw on, as when the window is minimised.</summary>
    Frame? Begin();

    /// <summary>Submits the frame and shows it.</summary>
    void End(Frame frame);

    /// <summary>Waits until the frames that were submitted are drawn.</summary>
    void Finish();
}
