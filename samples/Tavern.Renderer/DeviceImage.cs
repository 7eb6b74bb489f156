using Silk.NET.Vulkan;

namespace Tavern.Renderer;

/// <summary>
/// A two-dimensional image with its memory and a view of all of it. Remembers the layout that the commands recorded so far leave it in.
/// </summary>
public sealed unsafe class DeviceImage : IDisposable
{
    private readonly RenderDevice _device;
    private readonly DeviceMemory _memory;

    public DeviceImage(RenderDevice device, int width, int height, Format format, ImageUsageFlags usage,
        SampleCountFlags samples = SampleCountFlags.Count1Bit)
    {
        ArgumentNullException.ThrowIfNull(device);
        _device = device;
        Width = width;
        Height = height;
        Format = format;
        ImageCreateInfo info = new()
        {
            SType = StructureType.ImageCreateInfo,
            ImageType = ImageType.Type2D,
            Format = format,
            Extent = new Extent3D((uint)width, (uint)height, 1),
            MipLevels = 1,
            ArrayLayers = 1,
            Samples = samples,
            Tiling = ImageTiling.Optimal,
            Usage = usage,
        };
        device.Api.CreateImage(device.Handle, &info, null, out Image image).ThrowOnError("vkCreateImage");
        Handle = image;
        device.Api.GetImageMemoryRequirements(device.Handle, image, out MemoryRequirements needed);
        _memory = device.Allocate(needed, MemoryPropertyFlags.DeviceLocalBit);
        device.Api.BindImageMemory(device.Handle, image, _memory, 0).ThrowOnError("vkBindImageMemory");
        View = MakeView();
    }

    private DeviceImage(RenderDevice device, Image image, int width, int height, Format format)
    {
        _device = device;
        Width = width;
        Height = height;
        Format = format;
        Handle = image;
        View = MakeView();
    }

    public Image Handle { get; }

    public ImageView View { get; }

    public int Width { get; }

    public int Height { get; }

    public Format Format { get; }

    public ImageLayout Layout { get; private set; } = ImageLayout.Undefined;

    private ImageAspectFlags Aspect => Format == Format.D32Sfloat ? ImageAspectFlags.DepthBit : ImageAspectFlags.ColorBit;

    /// <summary>
    /// Records that everything before is waited for and the image goes to a layout; with <paramref name="keep"/> off its content is let go.
    /// A full barrier: a frame has a dozen of them, and finer ones gain nothing.
    /// </summary>
    public void Transition(CommandBuffer commands, ImageLayout layout, bool keep = true)
    {
        ImageMemoryBarrier2 barrier = new()
        {
            SType = StructureType.ImageMemoryBarrier2,
            SrcStageMask = PipelineStageFlags2.AllCommandsBit,
            SrcAccessMask = AccessFlags2.MemoryWriteBit,
            DstStageMask = PipelineStageFlags2.AllCommandsBit,
            DstAccessMask = AccessFlags2.MemoryReadBit | AccessFlags2.MemoryWriteBit,
            OldLayout = keep ? Layout : ImageLayout.Undefined,
            NewLayout = layout,
            SrcQueueFamilyIndex = Vk.QueueFamilyIgnored,
            DstQueueFamilyIndex = Vk.QueueFamilyIgnored,
            Image = Handle,
            SubresourceRange = new(Aspect, 0, 1, 0, 1),
        };
        DependencyInfo info = new() { SType = StructureType.DependencyInfo, ImageMemoryBarrierCount = 1, PImageMemoryBarriers = &barrier };
        _device.Api.CmdPipelineBarrier2(commands, &info);
        Layout = layout;
    }

    /// <summary>
    /// Copies all of this image onto part of another, scaling it; both are put in the layouts that this needs. Formats are converted.
    /// </summary>
    public void BlitTo(CommandBuffer commands, DeviceImage target, int x, int y, int width, int height)
    {
        ArgumentNullException.ThrowIfNull(target);
        Transition(commands, ImageLayout.TransferSrcOptimal);
        if (target.Layout != ImageLayout.TransferDstOptimal) target.Transition(commands, ImageLayout.TransferDstOptimal);
        ImageSubresourceLayers layers = new(ImageAspectFlags.ColorBit, 0, 0, 1);
        ImageBlit region = new() { SrcSubresource = layers, DstSubresource = layers };
        region.SrcOffsets[1] = new(Width, Height, 1);
        region.DstOffsets[0] = new(x, y, 0);
        region.DstOffsets[1] = new(x + width, y + height, 1);
        Filter filter = width == Width && height == Height ? Filter.Nearest : Filter.Linear;
        _device.Api.CmdBlitImage(commands, Handle, ImageLayout.TransferSrcOptimal, target.Handle, ImageLayout.TransferDstOptimal, 1,
            &region, filter);
    }

    /// <summary>An image that is not ours, such as a swapchain's; only the view is.</summary>
    public static DeviceImage Wrap(RenderDevice device, Image image, int width, int height, Format format) =>
        new(device, image, width, height, format);

    public void Dispose()
    {
        _device.Api.DestroyImageView(_device.Handle, View, null);
        if (_memory.Handle == 0) return;
        _device.Api.DestroyImage(_device.Handle, Handle, null);
        _device.Api.FreeMemory(_device.Handle, _memory, null);
    }

    private ImageView MakeView()
    {
        ImageViewCreateInfo info = new()
        {
            SType = StructureType.ImageViewCreateInfo,
            Image = Handle,
            ViewType = ImageViewType.Type2D,
            Format = Format,
            SubresourceRange = new(Aspect, 0, 1, 0, 1)
        };
        _device.Api.CreateImageView(_device.Handle, &info, null, out ImageView view).ThrowOnError("vkCreateImageView");
        return view;
    }
}
