using System.Runtime.InteropServices;
using Silk.NET.Vulkan;

namespace Tavern.Renderer;

/// <summary>
/// Brings pixels to the host. Record it after the drawing; read once the commands have finished. The images end in TRANSFER_SRC_OPTIMAL.
/// </summary>
public sealed unsafe class Readback : IDisposable
{
    private readonly RenderDevice _device;
    private readonly DeviceImage _colourImage;
    private readonly DeviceImage? _idImage;
    private readonly DeviceBuffer _colour;
    private readonly DeviceBuffer? _ids;

    public Readback(RenderDevice device, DeviceImage colour, DeviceImage? ids = null)
    {
        ArgumentNullException.ThrowIfNull(colour);
        _device = device;
        _colourImage = colour;
        _idImage = ids;
        _colour = new DeviceBuffer(device, colour.Width * colour.Height * 4, BufferUsageFlags.TransferDstBit, isReadByHost: true);
        if (ids is not null)
            _ids = new DeviceBuffer(device, ids.Width * ids.Height * 4, BufferUsageFlags.TransferDstBit, isReadByHost: true);
    }

    /// <summary>[height, width, 4] bytes of sRGB, rows from top to bottom.</summary>
    public ReadOnlySpan<byte> Rgba => _colour.Span;

    /// <summary>[height, width] numbers of parts; empty when there is no id image.</summary>
    public ReadOnlySpan<uint> Ids => _ids is null ? [] : MemoryMarshal.Cast<byte, uint>(_ids.Span);

    public void Record(CommandBuffer commands)
    {
        Copy(commands, _colourImage, _colour);
        if (_idImage is not null && _ids is not null) Copy(commands, _idImage, _ids);
    }

    public void Dispose()
    {
        _colour.Dispose();
        _ids?.Dispose();
    }

    private void Copy(CommandBuffer commands, DeviceImage image, DeviceBuffer buffer)
    {
        image.Transition(commands, ImageLayout.TransferSrcOptimal);
        BufferImageCopy region = new()
        { ImageSubresource = new(ImageAspectFlags.ColorBit, 0, 0, 1), ImageExtent = new((uint)image.Width, (uint)image.Height, 1) };
        _device.Api.CmdCopyImageToBuffer(commands, image.Handle, ImageLayout.TransferSrcOptimal, buffer.Handle, 1, &region);
        MemoryBarrier2 toHost = new()
        {
            SType = StructureType.MemoryBarrier2,
            SrcStageMask = PipelineStageFlags2.CopyBit,
            SrcAccessMask = AccessFlags2.TransferWriteBit,
            DstStageMask = PipelineStageFlags2.HostBit,
            DstAccessMask = AccessFlags2.HostReadBit,
        };
        DependencyInfo info = new() { SType = StructureType.DependencyInfo, MemoryBarrierCount = 1, PMemoryBarriers = &toHost };
        _device.Api.CmdPipelineBarrier2(commands, &info);
    }
}
