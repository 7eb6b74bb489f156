using System.Runtime.CompilerServices;
using Silk.NET.Core.Native;
using Silk.NET.Vulkan;

namespace Tavern.Renderer;

/// <summary>The three pipelines of a scene and what they have in common.</summary>
internal sealed unsafe class ScenePipelines : IDisposable
{
    /// <summary>Matrix, eye and viewport.</summary>
    public const uint ViewBytes = 64 + 16 + 16;
    private readonly RenderDevice _device;
    private readonly SampleCountFlags _samples;

    public ScenePipelines(RenderDevice device, SampleCountFlags samples)
    {
        (_device, _samples) = (device, samples);
        DescriptorSetLayoutBinding* bindings = stackalloc DescriptorSetLayoutBinding[2]
        {
            new(0, DescriptorType.UniformBufferDynamic, 1, ShaderStageFlags.VertexBit | ShaderStageFlags.FragmentBit),
            new(1, DescriptorType.CombinedImageSampler, 1, ShaderStageFlags.FragmentBit),
        };
        DescriptorSetLayoutCreateInfo setInfo = new()
        { SType = StructureType.DescriptorSetLayoutCreateInfo, BindingCount = 2, PBindings = bindings };
        device.Api.CreateDescriptorSetLayout(device.Handle, &setInfo, null, out DescriptorSetLayout set)
            .ThrowOnError("vkCreateDescriptorSetLayout");
        SetLayout = set;
        PushConstantRange range = new(ShaderStageFlags.VertexBit | ShaderStageFlags.FragmentBit, 0, ViewBytes);
        PipelineLayoutCreateInfo layoutInfo = new()
        {
            SType = StructureType.PipelineLayoutCreateInfo,
            SetLayoutCount = 1,
            PSetLayouts = &set,
            PushConstantRangeCount = 1,
            PPushConstantRanges = &range
        };
        device.Api.CreatePipelineLayout(device.Handle, &layoutInfo, null, out PipelineLayout layout).ThrowOnError("vkCreatePipelineLayout");
        Layout = layout;
        Rebuild();
    }

    public DescriptorSetLayout SetLayout { get; }

    public PipelineLayout Layout { get; }

    public Pipeline Colour { get; private set; }

    public Pipeline ColourAndIds { get; private set; }

    public Pipeline Shadow { get; private set; }

    /// <summary>Makes the pipelines from the shaders there are now; the device must be idle.</summary>
    public void Rebuild()
    {
        Pipeline colour = Make("scene.vert", "scene.frag", [RenderTarget.ColourFormat], _samples);
        Pipeline colourAndIds = Make("scene.vert", "scene_ids.frag", [RenderTarget.ColourFormat, RenderTarget.IdFormat], _samples);
        Pipeline shadow = Make("shadow.vert", null, [], SampleCountFlags.Count1Bit);
        DestroyPipelines();
        (Colour, ColourAndIds, Shadow) = (colour, colourAndIds, shadow);
    }

    public void Dispose()
    {
        DestroyPipelines();
        _device.Api.DestroyPipelineLayout(_device.Handle, Layout, null);
        _device.Api.DestroyDescriptorSetLayout(_device.Handle, SetLayout, null);
    }

    private void DestroyPipelines()
    {
        foreach (Pipeline pipeline in (ReadOnlySpan<Pipeline>)[Colour, ColourAndIds, Shadow])
            _device.Api.DestroyPipeline(_device.Handle, pipeline, null);
    }

    private Pipeline Make(string vertexShader, string? fragmentShader, ReadOnlySpan<Format> formats, SampleCountFlags samples)
    {
        bool isShadow = fragmentShader is null;
        using ShaderModuleFile vertex = new(_device, typeof(ScenePipelines).Assembly, vertexShader);
        using ShaderModuleFile? fragment = isShadow ? null : new(_device, typeof(ScenePipelines).Assembly, fragmentShader!);
        byte* main = (byte*)SilkMarshal.StringToPtr("main");
        PipelineShaderStageCreateInfo* stages = stackalloc PipelineShaderStageCreateInfo[2]
        {
            new() { SType = StructureType.PipelineShaderStageCreateInfo, Stage = ShaderStageFlags.VertexBit, Module = vertex.Handle,
                PName = main },
            new() { SType = StructureType.PipelineShaderStageCreateInfo, Stage = ShaderStageFlags.FragmentBit,
                Module = fragment?.Handle ?? default, PName = main },
        };
        VertexInputBindingDescription* bindings = stackalloc VertexInputBindingDescription[2]
        {
            new(0, (uint)Unsafe.SizeOf<Vertex>(), VertexInputRate.Vertex),
            new(1, (uint)Unsafe.SizeOf<Instance3D>(), VertexInputRate.Instance),
        };
        // Those that shadows need come first.
        VertexInputAttributeDescription* attributes = stackalloc VertexInputAttributeDescription[9]
        {
            new(0, 0, Format.R32G32B32Sfloat, 0),
            new(4, 1, Format.R32G32B32A32Sfloat, 0),
            new(5, 1, Format.R32G32B32A32Sfloat, 16),
            new(6, 1, Format.R32G32B32A32Sfloat, 32),
            new(1, 0, Format.R32G32B32Sfloat, 12),
            new(2, 0, Format.R8G8B8A8Unorm, 24),
            new(3, 0, Format.R8G8B8A8Unorm, 28),
            new(7, 1, Format.R32G32B32A32Sfloat, 48),
            new(8, 1, Format.R32Uint, 64),
        };
        PipelineVertexInputStateCreateInfo input = new()
        {
            SType = StructureType.PipelineVertexInputStateCreateInfo,
            VertexBindingDescriptionCount = 2,
            PVertexBindingDescriptions = bindings,
            VertexAttributeDescriptionCount = isShadow ? 4u : 9u,
            PVertexAttributeDescriptions = attributes,
        };
        PipelineRasterizationStateCreateInfo raster = new()
        {
            SType = StructureType.PipelineRasterizationStateCreateInfo,
            CullMode = isShadow ? CullModeFlags.None : CullModeFlags.BackBit,
            FrontFace = FrontFace.CounterClockwise,
            LineWidth = 1,
            DepthBiasEnable = isShadow,
            DepthBiasConstantFactor = 2,
            DepthBiasSlopeFactor = 2,
        };
        PipelineDepthStencilStateCreateInfo depth = new()
        {
            SType = StructureType.PipelineDepthStencilStateCreateInfo,
            DepthTestEnable = true,
            DepthWriteEnable = true,
            DepthCompareOp = CompareOp.Less
        };
        PipelineColorBlendAttachmentState* opaque = stackalloc PipelineColorBlendAttachmentState[2];
        const ColorComponentFlags All = ColorComponentFlags.RBit | ColorComponentFlags.GBit | ColorComponentFlags.BBit
            | ColorComponentFlags.ABit;
        opaque[0] = opaque[1] = new() { ColorWriteMask = All };
        PipelineColorBlendStateCreateInfo blend = new()
        { SType = StructureType.PipelineColorBlendStateCreateInfo, AttachmentCount = (uint)formats.Length, PAttachments = opaque };
        Pipeline pipeline = GraphicsPipeline.Make(_device, Layout, stages, isShadow
            ? 1u : 2u, input, raster, depth, blend, samples, formats, RenderTarget.DepthFormat);
        SilkMarshal.Free((nint)main);
        return pipeline;
    }
}
