using Silk.NET.Vulkan;
using Buffer = Silk.NET.Vulkan.Buffer;

namespace Tavern.Renderer;

/// <summary>A buffer in memory that both host and device see, mapped for its whole life.</summary>
public sealed unsafe class DeviceBuffer : IDisposable
{
    private readonly RenderDevice _device;
    private readonly DeviceMemory _memory;
    private readonly byte* _mapped;

    public DeviceBuffer(RenderDevice device, int bytes, BufferUsageFlags usage, bool isReadByHost = false)
    {
        ArgumentNullException.ThrowIfNull(device);
        _device = device;
        Bytes = bytes;
        BufferCreateInfo info = new() { SType = StructureType.BufferCreateInfo, Size = (ulong)bytes, Usage = usage };
        device.Api.CreateBuffer(device.Handle, &info, null, out Buffer buffer).ThrowOnError("vkCreateBuffer");
        Handle = buffer;
        device.Api.GetBufferMemoryRequirements(device.Handle, buffer, out MemoryRequirements needed);
        MemoryPropertyFlags flags = MemoryPropertyFlags.HostVisibleBit | MemoryPropertyFlags.HostCoherentBit;
        _memory = device.Allocate(needed, isReadByHost ? flags | MemoryPropertyFlags.HostCachedBit : flags);
        device.Api.BindBufferMemory(device.Handle, buffer, _memory, 0).ThrowOnError("vkBindBufferMemory");
        void* mapped;
        device.Api.MapMemory(device.Handle, _memory, 0, Vk.WholeSize, 0, &mapped).ThrowOnError("vkMapMemory");
        _mapped = (byte*)mapped;
    }

    public Buffer Handle { get; }

    public int Bytes { get; }

    /// <summary>The bytes themselves.</summary>
    public Span<byte> Span => new(_mapped, Bytes);

    public void Dispose()
    {
        _device.Api.DestroyBuffer(_device.Handle, Handle, null);
        _device.Api.FreeMemory(_device.Handle, _memory, null);
    }
}
