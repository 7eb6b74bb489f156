using Silk.NET.Vulkan;

namespace NpcMind.Gpu;

/// <summary>
/// Allocates descriptor sets from pools that grow, and fills them. Sets live as long as the device; pipelines hand theirs on
/// (<see cref="DispatchNode.Free"/>).
/// </summary>
internal sealed unsafe class DescriptorPools(GpuDevice device) : IDisposable
{
    private const uint SetsPerPool = 256;
    private const uint BuffersPerPool = SetsPerPool * 8;
    private readonly List<DescriptorPool> _pools = [];

    /// <summary>Pools made so far.</summary>
    public int Pools => _pools.Count;

    public static DescriptorType TypeOf(BindingKind kind) => kind switch
    {
        BindingKind.Texels => DescriptorType.UniformTexelBuffer,
        BindingKind.Image => DescriptorType.SampledImage,
        _ => DescriptorType.StorageBuffer,
    };

    public DescriptorSet Allocate(DescriptorSetLayout layout)
    {
        DescriptorSet set = default;
        DescriptorSetAllocateInfo info = new()
        { SType = StructureType.DescriptorSetAllocateInfo, DescriptorSetCount = 1, PSetLayouts = &layout };
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
        return set;
    }

    /// <summary>Fills a set that the device is not using.</summary>
    /// <param name="set">The set.</param>
    /// <param name="bindings">What the shader declares.</param>
    /// <param name="tensors">One per binding; null for the image.</param>
    /// <param name="image">The image, if there is one.</param>
    public void Write(DescriptorSet set, IReadOnlyList<ShaderBinding> bindings, ReadOnlySpan<Tensor?> tensors, ImageView2D? image)
    {
        DescriptorBufferInfo* buffers = stackalloc DescriptorBufferInfo[tensors.Length];
        BufferView* views = stackalloc BufferView[tensors.Length];
        WriteDescriptorSet* writes = stackalloc WriteDescriptorSet[tensors.Length];
        DescriptorImageInfo imageInfo = new() { ImageView = image?.View ?? default, ImageLayout = image?.Layout ?? ImageLayout.Undefined };
        uint count = 0;
        for (int i = 0; i < tensors.Length; i++)
        {
            if (bindings[i].Access == BindingAccess.None) continue;
            if (tensors[i] is { } tensor)
            {
                if (bindings[i].Kind == BindingKind.Texels) views[i] = device.Memory.View(tensor);
                buffers[i] = new DescriptorBufferInfo(tensor.Buffer.Handle, (ulong)tensor.Offset, (ulong)tensor.Bytes);
            }

            writes[count++] = new WriteDescriptorSet
            {
                SType = StructureType.WriteDescriptorSet,
                DstSet = set,
                DstBinding = (uint)i,
                DescriptorCount = 1,
                DescriptorType = TypeOf(bindings[i].Kind),
                PBufferInfo = buffers + i,
                PTexelBufferView = views + i,
                PImageInfo = &imageInfo,
            };
        }

        device.Api.UpdateDescriptorSets(device.Handle, count, writes, 0, null);
    }

    public void Dispose() => _pools.ForEach(p => device.Api.DestroyDescriptorPool(device.Handle, p, null));

    private DescriptorPool Grow()
    {
        const int Kinds = 3;
        DescriptorPoolSize* sizes = stackalloc DescriptorPoolSize[Kinds]
        {
            new(DescriptorType.StorageBuffer, BuffersPerPool), new(DescriptorType.UniformTexelBuffer, BuffersPerPool),
            new(DescriptorType.SampledImage, SetsPerPool),
        };
        DescriptorPoolCreateInfo info = new()
        { SType = StructureType.DescriptorPoolCreateInfo, MaxSets = SetsPerPool, PoolSizeCount = Kinds, PPoolSizes = sizes };
        device.Api.CreateDescriptorPool(device.Handle, in info, null, out DescriptorPool pool).ThrowOnError("vkCreateDescriptorPool");
        _pools.Add(pool);
        return pool;
    }
}
