using System.Runtime.InteropServices;
using Silk.NET.Vulkan;

namespace Tavern.Renderer;

/// <summary>Brings a target's pixels to the host. Record it after the drawing; read once the commands have finished.</summary>
public sealed unsafe class Readback : IDisposable
{
    private readonly RenderDevice _device;
    private readonly RenderTarget _target;
    private readonly DeviceBuffer _colour;
    private readonly DeviceBuffer? _ids;

    public Readback(RenderDevice device, RenderTarget target)
    {
        ArgumentNullException.ThrowIfNull(target);
        _device = device;
        _target = target;
        _colour = new DeviceBuffer(device, target.Width * target.Height * 4, BufferUsageFlags.TransferDstBit, isReadByHost: true);
        if (target.Ids is not null) _ids = new DeviceBuffer(device, target.Width * target.Height * 4, BufferUsageFlags.TransferDstBit, isReadByHost: true);
    }

    /// <summary>[height, width, 4] bytes of sRGB, rows from top to bottom.</summary>
    public ReadOnlySpan<byte> Rgba => _colour.Span;

    /// <summary>[height, width] numbers of parts; empty when the target has none.</summary>
    public ReadOnlySpan<uint> Ids => _ids is null ? [] : MemoryMarshal.Cast<byte, uint>(_ids.Span);

    public void Record(CommandBuffer commands)
    {
        Copy(commands, _target.Colour, _colour);
        if (_target.Ids is not null && _ids is not null) Copy(commands, _target.Ids, _ids);
    }

    public void Dispose()
    {
        _colour.Dispose();
        _ids?.Dispose();
    }

    private void Copy(CommandBuffer commands, DeviceImage image, DeviceBuffer buffer)
    {
        image.Transition(commands, ImageLayout.TransferSrcOptimal);
        BufferImageCopy region = new() { ImageSubresource = new(ImageAspectFlags.ColorBit, 0, 0, 1), ImageExtent = new((uint)image.Width, (uint)image.Height, 1) };
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
