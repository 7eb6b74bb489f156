using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Silk.NET.Vulkan;

namespace Tavern.Renderer;

/// <summary>A ring of slots, one per frame in flight, each with room for the frame's scenes; bound through dynamic offsets.</summary>
internal sealed unsafe class SceneBuffers : IDisposable
{
    private readonly RenderDevice _device;
    private readonly DeviceBuffer _surroundings;
    private readonly DeviceBuffer _instances;
    private readonly Sampler _sampler;
    private readonly DescriptorPool _pool;
    private readonly DescriptorSet _set;
    private readonly int _slots;
    private readonly int _scenesPerSlot;
    private readonly int _surroundingsStride;
    private readonly int _slotBytes;
    private int _slot = -1;
    private int _scene;
    private int _used;
    private uint _surroundingsOffset;
    private ulong _instancesOffset;

    public SceneBuffers(RenderDevice device, DescriptorSetLayout layout, DeviceImage shadowMap, int slots, int scenesPerSlot,
        int instancesPerSlot)
    {
        _device = device;
        _slots = slots;
        _scenesPerSlot = scenesPerSlot;
        _surroundingsStride = Align(Unsafe.SizeOf<Surroundings>(), device.UniformAlignment);
        _slotBytes = instancesPerSlot * Unsafe.SizeOf<Instance3D>();
        _surroundings = new DeviceBuffer(device, slots * scenesPerSlot * _surroundingsStride, BufferUsageFlags.UniformBufferBit);
        _instances = new DeviceBuffer(device, slots * _slotBytes, BufferUsageFlags.VertexBufferBit);

        SamplerCreateInfo samplerInfo = new()
        {
            SType = StructureType.SamplerCreateInfo,
            MagFilter = Filter.Linear,
            MinFilter = Filter.Linear,
            AddressModeU = SamplerAddressMode.ClampToEdge,
            AddressModeV = SamplerAddressMode.ClampToEdge,
            CompareEnable = true,
            CompareOp = CompareOp.LessOrEqual,
        };
        device.Api.CreateSampler(device.Handle, &samplerInfo, null, out _sampler).ThrowOnError("vkCreateSampler");
        DescriptorPoolSize* sizes = stackalloc DescriptorPoolSize[2] { new(DescriptorType.UniformBufferDynamic, 1),
            new(DescriptorType.CombinedImageSampler, 1) };
        DescriptorPoolCreateInfo poolInfo = new()
        { SType = StructureType.DescriptorPoolCreateInfo, MaxSets = 1, PoolSizeCount = 2, PPoolSizes = sizes };
        device.Api.CreateDescriptorPool(device.Handle, &poolInfo, null, out _pool).ThrowOnError("vkCreateDescriptorPool");
        DescriptorSetAllocateInfo setInfo = new()
        { SType = StructureType.DescriptorSetAllocateInfo, DescriptorPool = _pool, DescriptorSetCount = 1, PSetLayouts = &layout };
        device.Api.AllocateDescriptorSets(device.Handle, &setInfo, out _set).ThrowOnError("vkAllocateDescriptorSets");
        WriteSet(shadowMap);
    }

    public void NextSlot()
    {
        _slot = (_slot + 1) % _slots;
        _scene = 0;
        _used = 0;
    }

    public void Write(in Surroundings surroundings, Instances instances)
    {
        if (_slot < 0) throw new InvalidOperationException("BeginFrame comes first.");
        int bytes = instances.Count * Unsafe.SizeOf<Instance3D>();
        if (_scene == _scenesPerSlot || _used + bytes > _slotBytes)
            throw new RenderException(
                $"A frame has room for {_scenesPerSlot} scenes with {_slotBytes / Unsafe.SizeOf<Instance3D>()} pieces in all.");
        _surroundingsOffset = (uint)(((_slot * _scenesPerSlot) + _scene++) * _surroundingsStride);
        MemoryMarshal.Write(_surroundings.Span[(int)_surroundingsOffset..], surroundings);
        _instancesOffset = (ulong)((_slot * _slotBytes) + _used);
        Span<Instance3D> to = MemoryMarshal.Cast<byte, Instance3D>(_instances.Span.Slice((int)_instancesOffset, bytes));
        foreach (List<Instance3D> list in instances.ByMesh)
        {
            CollectionsMarshal.AsSpan(list).CopyTo(to);
            to = to[list.Count..];
        }

        _used += bytes;
    }

    public void Bind(CommandBuffer commands, PipelineLayout layout)
    {
        DescriptorSet set = _set;
        uint surroundings = _surroundingsOffset;
        _device.Api.CmdBindDescriptorSets(commands, PipelineBindPoint.Graphics, layout, 0, 1, &set, 1, &surroundings);
        Silk.NET.Vulkan.Buffer buffer = _instances.Handle;
        _device.Api.CmdBindVertexBuffers(commands, 1, 1, &buffer, in _instancesOffset);
    }

    public void Dispose()
    {
        _device.Api.DestroyDescriptorPool(_device.Handle, _pool, null);
        _device.Api.DestroySampler(_device.Handle, _sampler, null);
        _surroundings.Dispose();
        _instances.Dispose();
    }

    private static int Align(int value, int to) => (value + to - 1) / to * to;

    private void WriteSet(DeviceImage shadowMap)
    {
        DescriptorBufferInfo surroundings = new(_surroundings.Handle, 0, (ulong)Unsafe.SizeOf<Surroundings>());
        DescriptorImageInfo image = new(_sampler, shadowMap.View, ImageLayout.ShaderReadOnlyOptimal);
        WriteDescriptorSet* writes = stackalloc WriteDescriptorSet[2];
        for (uint i = 0; i < 2; i++)
            writes[i] = new() { SType = StructureType.WriteDescriptorSet, DstSet = _set, DstBinding = i, DescriptorCount = 1 };
        writes[0].DescriptorType = DescriptorType.UniformBufferDynamic;
        writes[0].PBufferInfo = &surroundings;
        writes[1].DescriptorType = DescriptorType.CombinedImageSampler;
        writes[1].PImageInfo = &image;
        _device.Api.UpdateDescriptorSets(_device.Handle, 2, writes, 0, null);
    }
}
