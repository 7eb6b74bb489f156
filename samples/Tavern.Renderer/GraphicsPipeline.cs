using System.Reflection;
using Silk.NET.Vulkan;

namespace Tavern.Renderer;

/// <summary>
/// SPIR-V as a module, needed only while pipelines are made: what <see cref="RenderDevice.Shaders"/> has compiled, or else a resource of an
/// assembly.
/// </summary>
public sealed unsafe class ShaderModuleFile : IDisposable
{
    private readonly RenderDevice _device;

    public ShaderModuleFile(RenderDevice device, Assembly assembly, string name)
    {
        ArgumentNullException.ThrowIfNull(device);
        ArgumentNullException.ThrowIfNull(assembly);
        _device = device;
        byte[] code = device.Shaders?.Find(name) ?? BuiltIn(assembly, name);
        fixed (byte* p = code)
        {
            ShaderModuleCreateInfo info = new()
            { SType = StructureType.ShaderModuleCreateInfo, CodeSize = (nuint)code.Length, PCode = (uint*)p };
            device.Api.CreateShaderModule(device.Handle, &info, null, out ShaderModule module).ThrowOnError("vkCreateShaderModule");
            Handle = module;
        }
    }

    public ShaderModule Handle { get; }

    public void Dispose() => _device.Api.DestroyShaderModule(_device.Handle, Handle, null);

    private static byte[] BuiltIn(Assembly assembly, string name)
    {
        using Stream stream = assembly.GetManifestResourceStream(name + ".spv")
            ?? throw new RenderException($"The shader {name} is not in {assembly.GetName().Name}.");
        byte[] code = new byte[stream.Length];
        stream.ReadExactly(code);
        return code;
    }
}

/// <summary>What all graphics pipelines have in common: triangles, dynamic viewport and scissor, dynamic rendering.</summary>
public static unsafe class GraphicsPipeline
{
    public static Pipeline Make(
        RenderDevice device,
        PipelineLayout layout,
        PipelineShaderStageCreateInfo* stages,
        uint stageCount,
        PipelineVertexInputStateCreateInfo input,
        PipelineRasterizationStateCreateInfo raster,
        PipelineDepthStencilStateCreateInfo depth,
        PipelineColorBlendStateCreateInfo blend,
        SampleCountFlags samples,
        ReadOnlySpan<Format> colours,
        Format depthFormat)
    {
        ArgumentNullException.ThrowIfNull(device);
        PipelineInputAssemblyStateCreateInfo assembly = new()
        { SType = StructureType.PipelineInputAssemblyStateCreateInfo, Topology = PrimitiveTopology.TriangleList };
        PipelineViewportStateCreateInfo viewport = new()
        { SType = StructureType.PipelineViewportStateCreateInfo, ViewportCount = 1, ScissorCount = 1 };
        PipelineMultisampleStateCreateInfo multisample = new()
        { SType = StructureType.PipelineMultisampleStateCreateInfo, RasterizationSamples = samples };
        DynamicState* states = stackalloc DynamicState[2] { DynamicState.Viewport, DynamicState.Scissor };
        PipelineDynamicStateCreateInfo dynamics = new()
        { SType = StructureType.PipelineDynamicStateCreateInfo, DynamicStateCount = 2, PDynamicStates = states };
        fixed (Format* formats = colours)
        {
            PipelineRenderingCreateInfo rendering = new()
            {
                SType = StructureType.PipelineRenderingCreateInfo,
                ColorAttachmentCount = (uint)colours.Length,
                PColorAttachmentFormats = formats,
                DepthAttachmentFormat = depthFormat
            };
            GraphicsPipelineCreateInfo info = new()
            {
                SType = StructureType.GraphicsPipelineCreateInfo,
                PNext = &rendering,
                StageCount = stageCount,
                PStages = stages,
                PVertexInputState = &input,
                PInputAssemblyState = &assembly,
                PViewportState = &viewport,
                PRasterizationState = &raster,
                PMultisampleState = &multisample,
                PDepthStencilState = &depth,
                PColorBlendState = &blend,
                PDynamicState = &dynamics,
                Layout = layout,
            };
            Pipeline pipeline;
            device.Api.CreateGraphicsPipelines(device.Handle, default, 1, &info, null, &pipeline).ThrowOnError("vkCreateGraphicsPipelines");
            return pipeline;
        }
    }
}
