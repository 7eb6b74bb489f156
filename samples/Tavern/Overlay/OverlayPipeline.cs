using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Silk.NET.Core.Native;
using Silk.NET.Vulkan;
using Tavern.Renderer;

namespace Tavern.Overlay;

/// <summary>Draws quads over a picture: one pipeline, one draw.</summary>
internal sealed unsafe class OverlayPipeline : IDisposable
{
    private readonly RenderDevice _device;
    private readonly DescriptorSetLayout _setLayout;
    private readonly DescriptorPool _pool;
    private readonly Sampler _sampler;
    private readonly DescriptorSet _set;
    private readonly PipelineLayout _layout;
    private readonly Format _format;
    private Pipeline _pipeline;

    public OverlayPipeline(RenderDevice device, Format format, DeviceImage atlas)
    {
        (_device, _format) = (device, format);
        Vk vk = device.Api;
        DescriptorSetLayoutBinding binding = new(0, DescriptorType.CombinedImageSampler, 1, ShaderStageFlags.FragmentBit);
        DescriptorSetLayoutCreateInfo setInfo = new()
        { SType = StructureType.DescriptorSetLayoutCreateInfo, BindingCount = 1, PBindings = &binding };
        vk.CreateDescriptorSetLayout(device.Handle, &setInfo, null, out _setLayout).ThrowOnError("vkCreateDescriptorSetLayout");
        SamplerCreateInfo samplerInfo = new() { SType = StructureType.SamplerCreateInfo };
        vk.CreateSampler(device.Handle, &samplerInfo, null, out _sampler).ThrowOnError("vkCreateSampler");
        DescriptorPoolSize size = new(DescriptorType.CombinedImageSampler, 1);
        DescriptorPoolCreateInfo poolInfo = new()
        { SType = StructureType.DescriptorPoolCreateInfo, MaxSets = 1, PoolSizeCount = 1, PPoolSizes = &size };
        vk.CreateDescriptorPool(device.Handle, &poolInfo, null, out _pool).ThrowOnError("vkCreateDescriptorPool");
        DescriptorSetLayout setLayout = _setLayout;
        DescriptorSetAllocateInfo allocateInfo = new()
        { SType = StructureType.DescriptorSetAllocateInfo, DescriptorPool = _pool, DescriptorSetCount = 1, PSetLayouts = &setLayout };
        vk.AllocateDescriptorSets(device.Handle, &allocateInfo, out _set).ThrowOnError("vkAllocateDescriptorSets");
        DescriptorImageInfo image = new(_sampler, atlas.View, ImageLayout.ShaderReadOnlyOptimal);
        WriteDescriptorSet write = new()
        {
            SType = StructureType.WriteDescriptorSet,
            DstSet = _set,
            DescriptorCount = 1,
            DescriptorType = DescriptorType.CombinedImageSampler,
            PImageInfo = &image
        };
        vk.UpdateDescriptorSets(device.Handle, 1, &write, 0, null);
        PushConstantRange range = new(ShaderStageFlags.VertexBit, 0, 8);
        PipelineLayoutCreateInfo layoutInfo = new()
        {
            SType = StructureType.PipelineLayoutCreateInfo,
            SetLayoutCount = 1,
            PSetLayouts = &setLayout,
            PushConstantRangeCount = 1,
            PPushConstantRanges = &range
        };
        vk.CreatePipelineLayout(device.Handle, &layoutInfo, null, out _layout).ThrowOnError("vkCreatePipelineLayout");
        _pipeline = MakePipeline();
    }

    /// <summary>Draws with the shaders there are now. The device must be idle.</summary>
    public void Rebuild()
    {
        Pipeline made = MakePipeline();
        _device.Api.DestroyPipeline(_device.Handle, _pipeline, null);
        _pipeline = made;
    }

    /// <summary>Records the drawing of quads onto an image, which keeps what is on it and ends in COLOR_ATTACHMENT_OPTIMAL.</summary>
    public void Draw(CommandBuffer commands, DeviceImage image, DeviceBuffer quads, int count)
    {
        Vk vk = _device.Api;
        image.Transition(commands, ImageLayout.ColorAttachmentOptimal);
        RenderingAttachmentInfo colour = new()
        {
            SType = StructureType.RenderingAttachmentInfo,
            ImageView = image.View,
            ImageLayout = ImageLayout.ColorAttachmentOptimal,
            LoadOp = AttachmentLoadOp.Load,
            StoreOp = AttachmentStoreOp.Store,
        };
        Rect2D area = new(default, new((uint)image.Width, (uint)image.Height));
        RenderingInfo info = new()
        {
            SType = StructureType.RenderingInfo,
            RenderArea = area,
            LayerCount = 1,
            ColorAttachmentCount = 1,
            PColorAttachments = &colour
        };
        vk.CmdBeginRendering(commands, &info);
        Viewport viewport = new(0, 0, image.Width, image.Height, 0, 1);
        vk.CmdSetViewport(commands, 0, 1, &viewport);
        vk.CmdSetScissor(commands, 0, 1, &area);
        vk.CmdBindPipeline(commands, PipelineBindPoint.Graphics, _pipeline);
        DescriptorSet set = _set;
        vk.CmdBindDescriptorSets(commands, PipelineBindPoint.Graphics, _layout, 0, 1, &set, 0, null);
        float* size = stackalloc float[2] { image.Width, image.Height };
        vk.CmdPushConstants(commands, _layout, ShaderStageFlags.VertexBit, 0, 8, size);
        Silk.NET.Vulkan.Buffer buffer = quads.Handle;
        ulong offset = 0;
        vk.CmdBindVertexBuffers(commands, 0, 1, &buffer, &offset);
        vk.CmdDraw(commands, 6, (uint)count, 0, 0);
        vk.CmdEndRendering(commands);
    }

    public void Dispose()
    {
        Vk vk = _device.Api;
        vk.DestroyPipeline(_device.Handle, _pipeline, null);
        vk.DestroyPipelineLayout(_device.Handle, _layout, null);
        vk.DestroyDescriptorPool(_device.Handle, _pool, null);
        vk.DestroySampler(_device.Handle, _sampler, null);
        vk.DestroyDescriptorSetLayout(_device.Handle, _setLayout, null);
    }

    private Pipeline MakePipeline()
    {
        using ShaderModuleFile vertex = new(_device, typeof(OverlayPipeline).Assembly, "overlay.vert"),
        fragment = new(_device, typeof(OverlayPipeline).Assembly, "overlay.frag");
        byte* main = (byte*)SilkMarshal.StringToPtr("main");
        PipelineShaderStageCreateInfo* stages = stackalloc PipelineShaderStageCreateInfo[2]
        {
            new() { SType = StructureType.PipelineShaderStageCreateInfo, Stage = ShaderStageFlags.VertexBit, Module = vertex.Handle,
                PName = main },
            new() { SType = StructureType.PipelineShaderStageCreateInfo, Stage = ShaderStageFlags.FragmentBit, Module = fragment.Handle,
                PName = main },
        };
        VertexInputBindingDescription binding = new(0, (uint)Unsafe.SizeOf<Quad>(), VertexInputRate.Instance);
        VertexInputAttributeDescription* attributes = stackalloc VertexInputAttributeDescription[5]
        {
            new(0, 0, Format.R32G32B32A32Sfloat, Offset(nameof(Quad.Box))),
            new(1, 0, Format.R32G32Sfloat, Offset(nameof(Quad.Shape))),
            new(2, 0, Format.R8G8B8A8Unorm, Offset(nameof(Quad.Fill))),
            new(3, 0, Format.R8G8B8A8Unorm, Offset(nameof(Quad.Border))),
            new(4, 0, Format.R32Uint, Offset(nameof(Quad.Kind))),
        };
        PipelineVertexInputStateCreateInfo input = new()
        {
            SType = StructureType.PipelineVertexInputStateCreateInfo,
            VertexBindingDescriptionCount = 1,
            PVertexBindingDescriptions = &binding,
            VertexAttributeDescriptionCount = 5,
            PVertexAttributeDescriptions = attributes,
        };
        PipelineRasterizationStateCreateInfo raster = new()
        { SType = StructureType.PipelineRasterizationStateCreateInfo, CullMode = CullModeFlags.None, LineWidth = 1 };
        PipelineDepthStencilStateCreateInfo depth = new() { SType = StructureType.PipelineDepthStencilStateCreateInfo };
        PipelineColorBlendAttachmentState over = new()
        {
            BlendEnable = true,
            SrcColorBlendFactor = BlendFactor.One,
            DstColorBlendFactor = BlendFactor.OneMinusSrcAlpha,
            SrcAlphaBlendFactor = BlendFactor.One,
            DstAlphaBlendFactor = BlendFactor.OneMinusSrcAlpha,
            ColorWriteMask = ColorComponentFlags.RBit | ColorComponentFlags.GBit | ColorComponentFlags.BBit | ColorComponentFlags.ABit,
        };
        PipelineColorBlendStateCreateInfo blend = new()
        { SType = StructureType.PipelineColorBlendStateCreateInfo, AttachmentCount = 1, PAttachments = &over };
        Pipeline pipeline = GraphicsPipeline.Make(_device, _layout, stages, 2, input, raster, depth, blend, SampleCountFlags.Count1Bit,
            [_format], Format.Undefined);
        SilkMarshal.Free((nint)main);
        return pipeline;
    }

    /// <summary>Fields lie in the order of the record's parameters, each four bytes or a multiple.</summary>
    private static uint Offset(string field) => (uint)Marshal.OffsetOf<Quad>($"<{field}>k__BackingField");
}
