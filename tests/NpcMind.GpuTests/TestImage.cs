using NpcMind.Gpu;
using Silk.NET.Vulkan;

namespace NpcMind.GpuTests;

/// <summary>
/// What a game has rendered: a VkImage with given texels, in a given layout, filled by a submission of the game's own that nobody waits
/// for.
/// </summary>
internal sealed unsafe class TestImage : IDisposable
{
    private readonly GpuDevice _device;
    private readonly Image _image;
    private readonly DeviceMemory _memory;
    private readonly GpuBuffer _texels;
    private readonly CommandPool _pool;

    /// <summary>Makes and fills an image.</summary>
    /// <param name="device">The game's device.</param>
    /// <param name="width">Texels in a row.</param>
    /// <param name="height">Rows.</param>
    /// <param name="format">Format.</param>
    /// <param name="texels">Bytes of all texels.</param>
    /// <param name="layout">Layout it is left in.</param>
    public TestImage(GpuDevice device, int width, int height, Format format, ReadOnlySpan<byte> texels,
        ImageLayoutKind layout = ImageLayoutKind.ShaderReadOnly)
    {
        _device = device;
        Vk vk = device.Api;
        ImageCreateInfo info = new()
        {
            SType = StructureType.ImageCreateInfo,
            ImageType = ImageType.Type2D,
            Format = format,
            Extent = new Extent3D((uint)width, (uint)height, 1),
            MipLevels = 1,
            ArrayLayers = 1,
            Samples = SampleCountFlags.Count1Bit,
            Usage = ImageUsageFlags.SampledBit | ImageUsageFlags.TransferDstBit,
        };
        Check(vk.CreateImage(device.Handle, in info, null, out _image));
        vk.GetImageMemoryRequirements(device.Handle, _image, out MemoryRequirements needs);
        MemoryAllocateInfo allocate = new()
        {
            SType = StructureType.MemoryAllocateInfo,
            AllocationSize = needs.Size,
            MemoryTypeIndex = uint.TrailingZeroCount(needs.MemoryTypeBits)
        };
        Check(vk.AllocateMemory(device.Handle, in allocate, null, out _memory));
        Check(vk.BindImageMemory(device.Handle, _image, _memory, 0));
        Handle = new ExternalImage(_image.Handle, width, height, (uint)format, layout);
        _texels = device.Memory.Allocate(texels.Length, MemoryKind.Upload, "texels");
        CommandPoolCreateInfo pool = new() { SType = StructureType.CommandPoolCreateInfo, QueueFamilyIndex = device.QueueFamily };
        Check(vk.CreateCommandPool(device.Handle, in pool, null, out _pool));
        Fill(texels);
    }

    public ExternalImage Handle { get; }

    /// <summary>Changes all texels. The last submission must have finished.</summary>
    public void Fill(ReadOnlySpan<byte> texels)
    {
        Vk vk = _device.Api;
        texels.CopyTo(_texels.Mapped);
        Check(vk.ResetCommandPool(_device.Handle, _pool, 0));
        CommandBufferAllocateInfo allocate = new()
        { SType = StructureType.CommandBufferAllocateInfo, CommandPool = _pool, CommandBufferCount = 1 };
        Check(vk.AllocateCommandBuffers(_device.Handle, in allocate, out CommandBuffer commands));
        CommandBufferBeginInfo begin = new()
        { SType = StructureType.CommandBufferBeginInfo, Flags = CommandBufferUsageFlags.OneTimeSubmitBit };
        Check(vk.BeginCommandBuffer(commands, in begin));
        Transition(commands, ImageLayout.Undefined, ImageLayout.TransferDstOptimal, PipelineStageFlags.BottomOfPipeBit,
            PipelineStageFlags.TransferBit, 0, AccessFlags.TransferWriteBit);
        BufferImageCopy copy = new()
        {
            ImageSubresource = new ImageSubresourceLayers(ImageAspectFlags.ColorBit, 0, 0, 1),
            ImageExtent = new Extent3D((uint)Handle.Width, (uint)Handle.Height, 1)
        };
        vk.CmdCopyBufferToImage(commands, _texels.Handle, _image, ImageLayout.TransferDstOptimal, 1, in copy);
        ImageLayout final = Handle.Layout == ImageLayoutKind.General ? ImageLayout.General : ImageLayout.ShaderReadOnlyOptimal;
        // Only as far as a game must: making the texels visible to the fetches is our barrier's part.
        Transition(commands, ImageLayout.TransferDstOptimal, final, PipelineStageFlags.TransferBit, PipelineStageFlags.AllCommandsBit,
            AccessFlags.TransferWriteBit, AccessFlags.MemoryWriteBit);
        Check(vk.EndCommandBuffer(commands));
        SubmitInfo submit = new() { SType = StructureType.SubmitInfo, CommandBufferCount = 1, PCommandBuffers = &commands };
        Check(vk.QueueSubmit(_device.Queue, 1, in submit, default));
    }

    public void Dispose()
    {
        Check(_device.Api.QueueWaitIdle(_device.Queue));
        _device.Api.DestroyCommandPool(_device.Handle, _pool, null);
        _device.Api.DestroyImage(_device.Handle, _image, null);
        _device.Api.FreeMemory(_device.Handle, _memory, null);
        _texels.Dispose();
    }

    private void Transition(CommandBuffer commands, ImageLayout from, ImageLayout to, PipelineStageFlags after, PipelineStageFlags before,
        AccessFlags written, AccessFlags next)
    {
        ImageMemoryBarrier barrier = new()
        {
            SType = StructureType.ImageMemoryBarrier,
            OldLayout = from,
            NewLayout = to,
            SrcAccessMask = written,
            DstAccessMask = next,
            SrcQueueFamilyIndex = Vk.QueueFamilyIgnored,
            DstQueueFamilyIndex = Vk.QueueFamilyIgnored,
            Image = _image,
            SubresourceRange = new ImageSubresourceRange(ImageAspectFlags.ColorBit, 0, 1, 0, 1),
        };
        _device.Api.CmdPipelineBarrier(commands, after, before, 0, 0, null, 0, null, 1, in barrier);
    }

    private static void Check(Result result) => Assert.That(result, Is.EqualTo(Result.Success));
}
