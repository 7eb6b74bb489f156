using Silk.NET.Vulkan;

namespace Tavern.Renderer;

/// <summary>
/// An offscreen picture that scenes are drawn into: colour, and the number of the part seen in each pixel when asked for.
/// </summary>
public sealed class RenderTarget : IDisposable
{
    public const Format ColourFormat = Format.R8G8B8A8Srgb;
    public const Format IdFormat = Format.R32Uint;
    public const Format DepthFormat = Format.D32Sfloat;
    private readonly DeviceImage? _manySampled;
    private readonly DeviceImage? _manySampledIds;

    internal RenderTarget(RenderDevice device, int width, int height, bool withIds, SampleCountFlags samples)
    {
        Width = width;
        Height = height;
        Colour = new DeviceImage(device, width, height, ColourFormat,
            ImageUsageFlags.ColorAttachmentBit | ImageUsageFlags.SampledBit | ImageUsageFlags.TransferSrcBit);
        Depth = new DeviceImage(device, width, height, DepthFormat, ImageUsageFlags.DepthStencilAttachmentBit, samples);
        if (withIds)
            Ids = new DeviceImage(device, width, height, IdFormat, ImageUsageFlags.ColorAttachmentBit | ImageUsageFlags.TransferSrcBit);
        if (samples == SampleCountFlags.Count1Bit) return;
        _manySampled = new DeviceImage(device, width, height, ColourFormat,
            ImageUsageFlags.ColorAttachmentBit | ImageUsageFlags.TransientAttachmentBit, samples);
        if (withIds)
            _manySampledIds = new DeviceImage(device, width, height, IdFormat,
                ImageUsageFlags.ColorAttachmentBit | ImageUsageFlags.TransientAttachmentBit, samples);
    }

    public int Width { get; }

    public int Height { get; }

    /// <summary>R8G8B8A8_SRGB; can be sampled and copied from. After a draw it is in COLOR_ATTACHMENT_OPTIMAL.</summary>
    public DeviceImage Colour { get; }

    /// <summary>R32_UINT of <see cref="World.ScenePart.Id"/>, or null.</summary>
    public DeviceImage? Ids { get; }

    internal DeviceImage Depth { get; }

    /// <param name="commands">Recorded into.</param>
    /// <param name="keep">Whether parts of the picture are drawn already.</param>
    internal void BeforeDraw(CommandBuffer commands, bool keep = false)
    {
        Colour.Transition(commands, ImageLayout.ColorAttachmentOptimal, keep);
        Depth.Transition(commands, ImageLayout.DepthAttachmentOptimal, keep: false);
        Ids?.Transition(commands, ImageLayout.ColorAttachmentOptimal, keep);
        _manySampled?.Transition(commands, ImageLayout.ColorAttachmentOptimal, keep: false);
        _manySampledIds?.Transition(commands, ImageLayout.ColorAttachmentOptimal, keep: false);
    }

    internal RenderingAttachmentInfo ColourAttachment() => Attachment(Colour, _manySampled, ResolveModeFlags.AverageBit);

    internal RenderingAttachmentInfo IdAttachment() => Ids is null
        ? default : Attachment(Ids, _manySampledIds, ResolveModeFlags.SampleZeroBit);

    public void Dispose()
    {
        Colour.Dispose();
        Depth.Dispose();
        Ids?.Dispose();
        _manySampled?.Dispose();
        _manySampledIds?.Dispose();
    }

    private static RenderingAttachmentInfo Attachment(DeviceImage image, DeviceImage? manySampled, ResolveModeFlags resolve) => new()
    {
        SType = StructureType.RenderingAttachmentInfo,
        ImageView = (manySampled ?? image).View,
        ImageLayout = ImageLayout.ColorAttachmentOptimal,
        ResolveMode = manySampled is null ? ResolveModeFlags.None : resolve,
        ResolveImageView = manySampled is null ? default : image.View,
        ResolveImageLayout = ImageLayout.ColorAttachmentOptimal,
        LoadOp = AttachmentLoadOp.Clear,
        StoreOp = manySampled is null ? AttachmentStoreOp.Store : AttachmentStoreOp.DontCare,
    };
}
