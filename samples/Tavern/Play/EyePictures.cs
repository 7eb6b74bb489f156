using NpcMind;
using Silk.NET.Vulkan;
using Tavern.Renderer;
using Tavern.World;

namespace Tavern.Play;

/// <summary>What characters see: small pictures drawn on the device and handed to their minds where they lie. A picture's image is used again once a mind has read it.</summary>
internal sealed class EyePictures : IDisposable
{
    private const int Size = 112;

    /// <summary>More than can be waiting at once: each of five may have four.</summary>
    private const int Most = 24;
    private readonly SceneRenderer _renderer;
    private readonly CommandRing _commands;
    private readonly List<(RenderTarget Target, NpcImage Image)> _pictures = [];
    private int _drawn;

    public EyePictures(RenderDevice device)
    {
        _renderer = new SceneRenderer(device, new SceneRendererOptions { FramesInFlight = 1, ShadowSize = 512 });
        _commands = new CommandRing(device, 1);
    }

    /// <summary>Draws a view; null when all images still wait to be read.</summary>
    public NpcImage? Draw(Scene scene, in Camera camera)
    {
        int free = _pictures.FindIndex(p => p.Image.IsCaptured);
        if (free < 0 && _pictures.Count == Most) return null;
        RenderTarget target = free < 0 ? _renderer.CreateTarget(Size, Size) : _pictures[free].Target;
        CommandBuffer commands = _commands.Begin();
        _renderer.BeginFrame();
        _renderer.Prepare(commands, scene);
        _renderer.Draw(commands, camera, target);
        target.Colour.Transition(commands, ImageLayout.ShaderReadOnlyOptimal);
        _commands.Submit();
        _drawn++;
        NpcImage image = NpcImage.FromVulkan((nint)target.Colour.Handle.Handle, Size, Size, VulkanImageFormat.Rgba8Srgb);
        if (free < 0) _pictures.Add((target, image));
        else _pictures[free] = (target, image);
        return image;
    }

    /// <summary>How many were drawn since last asked.</summary>
    public int TakeDrawn()
    {
        int drawn = _drawn;
        _drawn = 0;
        return drawn;
    }

    /// <summary>Draws with the shaders there are now. The device must be idle.</summary>
    public void Rebuild() => _renderer.Rebuild();

    public void Dispose()
    {
        _commands.Dispose();
        foreach ((RenderTarget target, NpcImage _) in _pictures) target.Dispose();
        _renderer.Dispose();
    }
}
