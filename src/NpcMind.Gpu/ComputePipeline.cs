using Silk.NET.Vulkan;

namespace NpcMind.Gpu;

/// <summary>A named 4-byte number for a push or specialization constant.</summary>
/// <param name="Name">Name in the shader.</param>
/// <param name="Bits">The value's 32 bits.</param>
internal readonly record struct Constant(string Name, uint Bits)
{
    /// <summary>An unsigned integer.</summary>
    public static implicit operator Constant((string Name, uint Value) of) => new(of.Name, of.Value);

    /// <summary>A binary32 number.</summary>
    public static implicit operator Constant((string Name, float Value) of) => new(of.Name, BitConverter.SingleToUInt32Bits(of.Value));
}

/// <summary>
/// A compiled compute shader with its specialization constants. Layouts come from the SPIR-V; a node binds tensors and push constants by
/// the names in the shader and throws when they do not agree. Owned by its creator; freed before the device.
/// </summary>
internal sealed unsafe class ComputePipeline : IDisposable
{
    private readonly GpuDevice _device;
    private readonly DescriptorSetLayout _setLayout;
    private readonly Stack<DescriptorSet> _freeSets = [];
    private readonly uint _subgroupSize;
    private readonly uint[] _specialization;
    private Pipeline _handle;
    private const PipelineCreateFlags CaptureFlags =
        PipelineCreateFlags.CreateCaptureStatisticsBitKhr | PipelineCreateFlags.CreateCaptureInternalRepresentationsBitKhr;

    /// <summary>Lays out a pipeline; it is compiled by <see cref="Compile"/>, or when it is first used.</summary>
    /// <param name="device">Device to run on.</param>
    /// <param name="module">Shader.</param>
    /// <param name="subgroupSize">Lanes that its subgroups must have, where the device can be asked; 0 for the driver's choice.</param>
    /// <param name="specialization">Value of every specialization constant, by name.</param>
    /// <exception cref="ArgumentException">A specialization constant is missing or unknown.</exception>
    public ComputePipeline(GpuDevice device, SpirvModule module, uint subgroupSize, params ReadOnlySpan<Constant> specialization)
    {
        ArgumentNullException.ThrowIfNull(device);
        ArgumentNullException.ThrowIfNull(module);
        _device = device;
        Module = module;
        _subgroupSize = subgroupSize;
        _specialization = Match(module.Specializations, specialization, $"Shader {module.Name}: specialization constants");
        if (device.IsDryRun) return;
        Vk vk = device.Api;
        DescriptorSetLayoutBinding* bindings = stackalloc DescriptorSetLayoutBinding[module.Bindings.Count];
        uint bindingCount = 0;
        for (uint i = 0; i < module.Bindings.Count; i++)
            if (module.Bindings[(int)i].Access != BindingAccess.None)
                bindings[bindingCount++] = new DescriptorSetLayoutBinding(i, DescriptorPools.TypeOf(module.Bindings[(int)i].Kind), 1,
                    ShaderStageFlags.ComputeBit);
        DescriptorSetLayoutCreateInfo setInfo = new()
        { SType = StructureType.DescriptorSetLayoutCreateInfo, BindingCount = bindingCount, PBindings = bindings };
        vk.CreateDescriptorSetLayout(device.Handle, in setInfo, null, out _setLayout).ThrowOnError("vkCreateDescriptorSetLayout");

        DescriptorSetLayout setLayout = _setLayout;
        PushConstantBytes = module.PushConstants.Count == 0 ? 0 : module.PushConstants[^1].Location + 4;
        PushConstantRange range = new(ShaderStageFlags.ComputeBit, 0, PushConstantBytes);
        PipelineLayoutCreateInfo layoutInfo = new()
        {
            SType = StructureType.PipelineLayoutCreateInfo,
            SetLayoutCount = 1,
            PSetLayouts = &setLayout,
            PushConstantRangeCount = PushConstantBytes > 0 ? 1u : 0u,
            PPushConstantRanges = &range,
        };
        try
        {
            vk.CreatePipelineLayout(device.Handle, in layoutInfo, null, out PipelineLayout layout).ThrowOnError("vkCreatePipelineLayout");
            Layout = layout;
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    /// <summary>Shader it runs.</summary>
    public SpirvModule Module { get; }

    internal Pipeline Handle
    {
        get
        {
            Compile();
            return _handle;
        }
    }

    internal PipelineLayout Layout { get; }

    internal uint PushConstantBytes { get; }

    /// <summary>A dispatch of this pipeline on fixed tensors with fixed push constants; only the grid is open.</summary>
    /// <param name="label">Label in timings and debuggers, e.g. <c>blk.3.attn_q</c>.</param>
    /// <param name="tensors">One per binding, in binding order.</param>
    /// <param name="constants">Every push constant, by its name in the shader.</param>
    /// <exception cref="ArgumentException">Tensors or constants do not agree with the shader.</exception>
    public DispatchNode Node(string label, ReadOnlySpan<Tensor> tensors, params ReadOnlySpan<Constant> constants) =>
        Node(label, null, tensors, constants);

    /// <summary>The same for a shader that also fetches an image.</summary>
    /// <param name="label">Label in timings and debuggers.</param>
    /// <param name="image">The image of the shader's one image binding; null when it has none.</param>
    /// <param name="tensors">One per binding in binding order, the image left out.</param>
    /// <param name="constants">Every push constant, by its name in the shader.</param>
    /// <exception cref="ArgumentException">Image, tensors or constants do not agree with the shader.</exception>
    public DispatchNode Node(string label, ImageView2D? image, ReadOnlySpan<Tensor> tensors, params ReadOnlySpan<Constant> constants)
    {
        int images = Module.Bindings.Count(b => b.Kind == BindingKind.Image);
        if (images > 1 || images != (image is null ? 0 : 1))
            throw new ArgumentException($"Shader {Module.Name} fetches {images} images; {label} gives {(image is null ? "none" : "one")}.",
                nameof(image));
        if (tensors.Length != Module.Bindings.Count - images)
            throw new ArgumentException($"Shader {Module.Name} has {Module.Bindings.Count} bindings " +
                $"({string.Join(", ", Module.Bindings.Select(b => b.Name))}); {label} gives {tensors.Length} tensors.", nameof(tensors));
        Tensor?[] bound = new Tensor?[Module.Bindings.Count];
        for (int i = 0, next = 0; i < bound.Length; i++)
        {
            if (Module.Bindings[i].Kind == BindingKind.Image) continue;
            Tensor tensor = tensors[next++];
            bound[i] = tensor;
            if (Module.Bindings[i].Access == BindingAccess.None) continue;
            long limit = Module.Bindings[i].Kind == BindingKind.Texels
                ? _device.Limits.MaxTexels * TexelFormats.Bytes(tensor.Format) : _device.Limits.MaxStorageBufferRange;
            if (tensor.Bytes > limit || tensor.Offset % _device.Limits.BindingAlignment != 0)
                throw new ArgumentException($"{label}: tensor '{tensor.Name}' ({tensor.Bytes} bytes at {tensor.Offset}) cannot be bound: " +
                    $"at most {limit} bytes, aligned to {_device.Limits.BindingAlignment}.", nameof(tensors));
        }

        uint[] bits = Match(Module.PushConstants, constants, $"{label}: push constants");
        if (_device.IsDryRun) return new DispatchNode(label, this, bound, default, bits);
        if (!_freeSets.TryPop(out DescriptorSet set)) set = _device.Descriptors.Allocate(_setLayout);
        try
        {
            _device.Descriptors.Write(set, Module.Bindings, bound, image);
        }
        catch
        {
            Reuse(set);
            throw;
        }

        return new DispatchNode(label, this, bound, set, bits);
    }

    /// <summary>Frees the pipeline.</summary>
    public void Dispose()
    {
        if (_handle.Handle != 0) _device.Api.DestroyPipeline(_device.Handle, _handle, null);
        if (Layout.Handle != 0) _device.Api.DestroyPipelineLayout(_device.Handle, Layout, null);
        _device.Api.DestroyDescriptorSetLayout(_device.Handle, _setLayout, null);
    }

    internal void Reuse(DescriptorSet set) => _freeSets.Push(set);

    /// <summary>Compiles the pipeline, if it is not. From any thread, but one at a time for a pipeline.</summary>
    /// <exception cref="VulkanException">The driver failed.</exception>
    internal void Compile()
    {
        if (_handle.Handle != 0) return;
        uint[] values = _specialization;
        SpecializationMapEntry* entries = stackalloc SpecializationMapEntry[values.Length];
        for (int i = 0; i < values.Length; i++) entries[i] = new SpecializationMapEntry(Module.Specializations[i].Location, (uint)i * 4, 4);
        using Utf8Strings strings = new();
        fixed (byte* code = Module.Code)
        fixed (uint* data = values)
        {
            ShaderModuleCreateInfo moduleInfo = new()
            { SType = StructureType.ShaderModuleCreateInfo, CodeSize = (nuint)Module.Code.Length, PCode = (uint*)code };
            _device.Api.CreateShaderModule(_device.Handle, in moduleInfo, null, out ShaderModule shader)
                .ThrowOnError("vkCreateShaderModule");
            uint largest = _subgroupSize > 0 ? _subgroupSize : _device.Limits.MaxSubgroupSize;
            bool isFull = values is [uint size, ..] && size % largest == 0;
            PipelineShaderStageRequiredSubgroupSizeCreateInfo required = new()
            { SType = StructureType.PipelineShaderStageRequiredSubgroupSizeCreateInfo, RequiredSubgroupSize = _subgroupSize };
            SpecializationInfo special = new((uint)values.Length, entries, (nuint)(values.Length * 4), data);
            ComputePipelineCreateInfo info = new()
            {
                SType = StructureType.ComputePipelineCreateInfo,
                Flags = PipelineCreateFlags.CreateDispatchBaseBit | (_device.KeepsStatistics ? CaptureFlags : 0),
                Layout = Layout,
                Stage = new PipelineShaderStageCreateInfo
                {
                    SType = StructureType.PipelineShaderStageCreateInfo,
                    // Clusters count on it: the lanes of a workgroup fill one subgroup after the other.
                    Flags = _device.HasFullSubgroups && isFull ? PipelineShaderStageCreateFlags.RequireFullSubgroupsBit : 0,
                    PNext = _subgroupSize > 0 ? &required : null,
                    Stage = ShaderStageFlags.ComputeBit,
                    Module = shader,
                    PName = strings["main"],
                    PSpecializationInfo = &special,
                },
            };
            Pipeline pipeline = default;
            Result result = _device.Api.CreateComputePipelines(_device.Handle, _device.PipelineCache.Handle, 1, &info, null, &pipeline);
            _device.Api.DestroyShaderModule(_device.Handle, shader, null);
            result.ThrowOnError($"vkCreateComputePipelines for {Module.Name}");
            _device.SetName(ObjectType.Pipeline, pipeline.Handle, Module.Name);
            _handle = pipeline;
        }
    }

    private static uint[] Match(IReadOnlyList<ShaderConstant> declared, ReadOnlySpan<Constant> given, string where)
    {
        uint[] bits = new uint[declared.Count];
        if (given.Length != declared.Count)
            throw new ArgumentException($"{where}: the shader declares {string.Join(", ", declared.Select(c => c.Name))}; {given.Length} " +
                $"were given.", nameof(given));
        for (int i = 0; i < bits.Length; i++)
        {
            bool found = false;
            foreach (Constant constant in given)
            {
                if (constant.Name != declared[i].Name) continue;
                bits[i] = constant.Bits;
                found = true;
            }

            if (!found) throw new ArgumentException($"{where}: '{declared[i].Name}' is missing.", nameof(given));
        }

        return bits;
    }
}

/// <summary>
/// One dispatch of a graph: pipeline, tensors and push constants are fixed, the grid is given when recording. Lives as long as the device,
/// unless it is given back by <see cref="Free"/>.
/// </summary>
internal sealed class DispatchNode
{
    internal DispatchNode(string label, ComputePipeline pipeline, Tensor?[] tensors, DescriptorSet set, uint[] constants)
    {
        Label = label;
        Pipeline = pipeline;
        Tensors = tensors;
        Set = set;
        Constants = constants;
        Ranges = [.. pipeline.Module.Bindings.Zip(tensors).Where(b => b.Second is not null && b.First.Access != BindingAccess.None)
            .Select(b => AccessRange.Of(b.Second!, 0, b.Second!.Bytes, b.First.Access))]; // nothing here writes images
    }

    /// <summary>Label in timings and debuggers.</summary>
    public string Label { get; }

    /// <summary>Pipeline it runs.</summary>
    public ComputePipeline Pipeline { get; }

    /// <summary>One per binding; null for an image.</summary>
    internal Tensor?[] Tensors { get; }

    /// <summary>What it reads and writes.</summary>
    internal AccessRange[] Ranges { get; }

    internal DescriptorSet Set { get; private set; }

    internal uint[] Constants { get; }

    /// <summary>
    /// Gives its descriptor set to the pipeline's next node, so that nodes made for one picture cost no memory after it. The device must
    /// have finished with it, and it cannot be recorded any more. The pipeline must still exist.
    /// </summary>
    public void Free()
    {
        if (Set.Handle != 0) Pipeline.Reuse(Set);
        Set = default;
    }
}
