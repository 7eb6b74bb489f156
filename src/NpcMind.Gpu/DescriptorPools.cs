using Silk.NET.Vulkan;

namespace NpcMind.Gpu;

/// <summary>Allocates descriptor sets of storage and texel buffers from pools that grow; sets live as long as the device.</summary>
internal sealed unsafe class DescriptorPools(GpuDevice device) : IDisposable
{
    private const uint SetsPerPool = 256;
    private const uint BuffersPerPool = SetsPerPool * 8;
    private readonly List<DescriptorPool> _pools = [];

    public DescriptorSet Allocate(DescriptorSetLayout layout, IReadOnlyList<ShaderBinding> bindings, ReadOnlySpan<Tensor> tensors)
    {
        DescriptorSet set = default;
        DescriptorSetAllocateInfo info = new() { SType = StructureType.DescriptorSetAllocateInfo, DescriptorSetCount = 1, PSetLayouts = &layout };
        Result result = Result.ErrorOutOfPoolMemory;
        if (_pools.Count > 0)
        {
            info.DescriptorPool = _pools[^1];
            result = device.Api.AllocateDescriptorSets(device.Handle, &info, &set);
        }

        if (result is Result.ErrorOutOfPoolMemory or Result.ErrorFragmentedPool)
        {
            info.DescriptorPool = Grow();
            result = device.Api.AllocateDescriptorSets(device.Handle, &info, &set);
        }

        result.ThrowOnError("vkAllocateDescriptorSets");
        DescriptorBufferInfo* buffers = stackalloc DescriptorBufferInfo[tensors.Length];
        BufferView* views = stackalloc BufferView[tensors.Length];
        WriteDescriptorSet* writes = stackalloc WriteDescriptorSet[tensors.Length];
        uint count = 0;
        for (int i = 0; i < tensors.Length; i++)
        {
            if (bindings[i].Access == BindingAccess.None) continue;
            bool texels = bindings[i].IsTexels;
            if (texels) views[i] = device.Memory.View(tensors[i]);
            buffers[i] = new DescriptorBufferInfo(tensors[i].Buffer.Handle, (ulong)tensors[i].Offset, (ulong)tensors[i].Bytes);
            writes[count++] = new WriteDescriptorSet
            {
                SType = StructureType.WriteDescriptorSet,
                DstSet = set,
                DstBinding = (uint)i,
                DescriptorCount = 1,
                DescriptorType = texels ? DescriptorType.UniformTexelBuffer : DescriptorType.StorageBuffer,
                PBufferInfo = buffers + i,
                PTexelBufferView = views + i,
            };
        }

        device.Api.UpdateDescriptorSets(device.Handle, count, writes, 0, null);
        return set;
    }

    public void Dispose() => _pools.ForEach(p => device.Api.DestroyDescriptorPool(device.Handle, p, null));

    private DescriptorPool Grow()
    {
        DescriptorPoolSize* sizes = stackalloc DescriptorPoolSize[2] { new(DescriptorType.StorageBuffer, BuffersPerPool), new(DescriptorType.UniformTexelBuffer, BuffersPerPool) };
        DescriptorPoolCreateInfo info = new() { SType = StructureType.DescriptorPoolCreateInfo, MaxSets = SetsPerPool, PoolSizeCount = 2, PPoolSizes = sizes };
        device.Api.CreateDescriptorPool(device.Handle, in info, null, out DescriptorPool pool).ThrowOnError("vkCreateDescriptorPool");
        _pools.Add(pool);
        return pool;
    }
}
