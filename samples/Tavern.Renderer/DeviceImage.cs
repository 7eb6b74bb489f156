using Silk.NET.Vulkan;

namespace Tavern.Renderer;

/// <summary>A two-dimensional image with its memory and a view of all of it. Remembers the layout that the commands recorded so far leave it in.</summary>
public sealed unsafe class DeviceImage : IDisposable
{
    private readonly RenderDevice _device;
    private readonly DeviceMemory _memory;

    public DeviceImage(RenderDevice device, int width, int height, Format format, ImageUsageFlags usage, SampleCountFlags samples = SampleCountFlags.Count1Bit)
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
        ImageViewCreateInfo viewInfo = new() { SType = StructureType.ImageViewCreateInfo, Image = image, ViewType = ImageViewType.Type2D, Format = format, SubresourceRange = new(Aspect, 0, 1, 0, 1) };
        device.Api.CreateImageView(device.Handle, &viewInfo, null, out ImageView view).ThrowOnError("vkCreateImageView");
        View = view;
    }

    public Image Handle { get; }

    public ImageView View { get; }

    public int Width { get; }

    public int Height { get; }

    public Format Format { get; }

    public ImageLayout Layout { get; private set; } = ImageLayout.Undefined;

    private ImageAspectFlags Aspect => Format == Format.D32Sfloat ? ImageAspectFlags.DepthBit : ImageAspectFlags.ColorBit;

    /// <summary>Records that everything before is waited for and the image goes to a layout; with <paramref name="keep"/> off its content is let go.</summary>
    public void Transition(CommandBuffer commands, ImageLayout layout, bool keep = true)
    {
        Barriers.Transition(_device.Api, commands, Handle, Aspect, keep ? Layout : ImageLayout.Undefined, layout);
        Layout = layout;
    }

    public void Dispose()
    {
        _device.Api.DestroyImageView(_device.Handle, View, null);
        _device.Api.DestroyImage(_device.Handle, Handle, null);
        _device.Api.FreeMemory(_device.Handle, _memory, null);
    }
}

public static unsafe class Barriers
{
    /// <summary>A full barrier: a frame has a dozen of them, and finer ones gain nothing.</summary>
    public static void Transition(Vk api, CommandBuffer commands, Image image, ImageAspectFlags aspect, ImageLayout from, ImageLayout to)
    {
        ArgumentNullException.ThrowIfNull(api);
        ImageMemoryBarrier2 barrier = new()
        {
            SType = StructureType.ImageMemoryBarrier2,
            SrcStageMask = PipelineStageFlags2.AllCommandsBit,
            SrcAccessMask = AccessFlags2.MemoryWriteBit,
            DstStageMask = PipelineStageFlags2.AllCommandsBit,
            DstAccessMask = AccessFlags2.MemoryReadBit | AccessFlags2.MemoryWriteBit,
            OldLayout = from,
            NewLayout = to,
            SrcQueueFamilyIndex = Vk.QueueFamilyIgnored,
            DstQueueFamilyIndex = Vk.QueueFamilyIgnored,
            Image = image,
            SubresourceRange = new(aspect, 0, 1, 0, 1),
        };
        DependencyInfo info = new() { SType = StructureType.DependencyInfo, ImageMemoryBarrierCount = 1, PImageMemoryBarriers = &barrier };
        api.CmdPipelineBarrier2(commands, &info);
    }
}
