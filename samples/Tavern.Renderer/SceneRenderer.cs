using System.Numerics;
using Silk.NET.Vulkan;
using Tavern.World;

namespace Tavern.Renderer;

public sealed record SceneRendererOptions
{
    /// <summary>Frames that may be on their way to the device at once.</summary>
    public int FramesInFlight { get; init; } = 2;

    /// <summary>Pixels along each side of the shadow map.</summary>
    public int ShadowSize { get; init; } = 1024;

    /// <summary>Samples per pixel, 1 or 4.</summary>
    public int Samples { get; init; } = 4;
}

/// <summary>
/// Records the drawing of scenes. Per frame: <see cref="BeginFrame"/>, then for each scene <see cref="Prepare"/> (instances, lights, shadow
/// map) and any number of <see cref="Draw"/> from different cameras. Recording allocates nothing once a scene's size has been seen.
/// </summary>
public sealed unsafe class SceneRenderer : IDisposable
{
    private const int SlotInstances = 4096;
    private const int SlotScenes = 16;
    private readonly RenderDevice _device;
    private readonly SceneRendererOptions _options;
    private readonly SampleCountFlags _samples;
    private readonly ScenePipelines _pipelines;
    private readonly MeshStore _meshes;
    private readonly SceneBuffers _buffers;
    private readonly DeviceImage _shadowMap;
    private readonly Instances _instances = new();
    private Surroundings _surroundings;

    /// <summary>Whose shadows the map holds; null for nobody's.</summary>
    private Scene? _shadows;

    public SceneRenderer(RenderDevice device, SceneRendererOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(device);
        _device = device;
        _options = options ?? new SceneRendererOptions();
        _samples = _options.Samples switch
        {
            1 => SampleCountFlags.Count1Bit,
            4 => SampleCountFlags.Count4Bit,
            _ => throw new ArgumentException($"{_options.Samples} samples per pixel; 1 or 4 are possible.", nameof(options)),
        };
        _pipelines = new ScenePipelines(device, _samples);
        _meshes = new MeshStore(device);
        _shadowMap = new DeviceImage(device, _options.ShadowSize, _options.ShadowSize, RenderTarget.DepthFormat,
            ImageUsageFlags.DepthStencilAttachmentBit | ImageUsageFlags.SampledBit);
        _buffers = new SceneBuffers(device, _pipelines.SetLayout, _shadowMap, _options.FramesInFlight, SlotScenes, SlotInstances);
    }

    public RenderTarget CreateTarget(int width, int height, bool withIds = false) => new(_device, width, height, withIds, _samples);

    /// <summary>Starts a frame; the frame <see cref="SceneRendererOptions.FramesInFlight"/> ago must have finished on the device.</summary>
    public void BeginFrame() => _buffers.NextSlot();

    /// <summary>
    /// Writes a scene to the device and records its shadow map, unless that is there: a scene does not change. Later draws show it.
    /// </summary>
    public void Prepare(CommandBuffer commands, Scene scene)
    {
        ArgumentNullException.ThrowIfNull(scene);
        _instances.Fill(scene);
        _surroundings = Surroundings.Of(scene);
        _buffers.Write(_surroundings, _instances);
        Scene caster = scene.ShadowsOf ?? scene;
        if (ReferenceEquals(_shadows, caster)) return;
        _shadows = caster;

        _shadowMap.Transition(commands, ImageLayout.DepthAttachmentOptimal, keep: false);
        RenderingAttachmentInfo depth = DepthAttachment(_shadowMap, AttachmentStoreOp.Store);
        Extent2D size = new((uint)_shadowMap.Width, (uint)_shadowMap.Height);
        RenderingInfo info = new()
        { SType = StructureType.RenderingInfo, RenderArea = new(default, size), LayerCount = 1, PDepthAttachment = &depth };
        _device.Api.CmdBeginRendering(commands, &info);
        if (_surroundings.HasShadows)
        {
            Bind(commands, _pipelines.Shadow, size, new(default, size), _surroundings.Shadow, Vector3.Zero);
            DrawShadows(commands);
        }

        _device.Api.CmdEndRendering(commands);
        _shadowMap.Transition(commands, ImageLayout.ShaderReadOnlyOptimal);
    }

    /// <summary>
    /// Records the prepared scene as a camera sees it, or a strip of that: strips may be drawn in different frames. The target's images end
    /// in COLOR_ATTACHMENT_OPTIMAL.
    /// </summary>
    /// <param name="commands">Recorded into.</param>
    /// <param name="camera">Of the whole picture.</param>
    /// <param name="target">For the whole picture.</param>
    /// <param name="firstRow">Of the strip. With the first strip (0) what was in the target is let go.</param>
    /// <param name="rows">Of the strip; null for all from the first.</param>
    public void Draw(CommandBuffer commands, in Camera camera, RenderTarget target, int firstRow = 0, int? rows = null)
    {
        ArgumentNullException.ThrowIfNull(target);
        target.BeforeDraw(commands, keep: firstRow > 0);
        RenderingAttachmentInfo* colours = stackalloc RenderingAttachmentInfo[2] { target.ColourAttachment(), target.IdAttachment() };
        RenderingAttachmentInfo depth = DepthAttachment(target.Depth, AttachmentStoreOp.DontCare);
        Rect2D area = new(new(0, firstRow), new((uint)target.Width, (uint)(rows ?? target.Height - firstRow)));
        RenderingInfo info = new()
        {
            SType = StructureType.RenderingInfo,
            RenderArea = area,
            LayerCount = 1,
            ColorAttachmentCount = target.Ids is null ? 1u : 2u,
            PColorAttachments = colours,
            PDepthAttachment = &depth,
        };
        _device.Api.CmdBeginRendering(commands, &info);
        Matrix4x4 viewProjection = camera.ViewProjection((float)target.Width / target.Height);
        Bind(commands, target.Ids is null ? _pipelines.Colour : _pipelines.ColourAndIds, new((uint)target.Width, (uint)target.Height), area,
            viewProjection, camera.Eye);
        DrawVisible(commands, new Frustum(viewProjection));
        _device.Api.CmdEndRendering(commands);
    }

    /// <summary>Draws with the shaders there are now (<see cref="RenderDevice.Shaders"/>). The device must be idle.</summary>
    public void Rebuild()
    {
        _pipelines.Rebuild();
        _shadows = null;
    }

    /// <summary>The device must be idle.</summary>
    public void Dispose()
    {
        _buffers.Dispose();
        _shadowMap.Dispose();
        _meshes.Dispose();
        _pipelines.Dispose();
    }

    private static RenderingAttachmentInfo DepthAttachment(DeviceImage image, AttachmentStoreOp store) => new()
    {
        SType = StructureType.RenderingAttachmentInfo,
        ImageView = image.View,
        ImageLayout = ImageLayout.DepthAttachmentOptimal,
        LoadOp = AttachmentLoadOp.Clear,
        StoreOp = store,
        ClearValue = new(null, new ClearDepthStencilValue(1)),
    };

    private void Bind(CommandBuffer commands, Pipeline pipeline, Extent2D size, Rect2D scissor, in Matrix4x4 viewProjection, Vector3 eye)
    {
        Vk vk = _device.Api;
        Viewport viewport = new(0, 0, size.Width, size.Height, 0, 1);
        vk.CmdSetViewport(commands, 0, 1, &viewport);
        vk.CmdSetScissor(commands, 0, 1, &scissor);
        vk.CmdBindPipeline(commands, PipelineBindPoint.Graphics, pipeline);
        _meshes.Bind(commands);
        _buffers.Bind(commands, _pipelines.Layout);
        View view = new(viewProjection, new(eye, 1), new(size.Width, size.Height, 1f / size.Width, 1f / size.Height));
        vk.CmdPushConstants(commands, _pipelines.Layout, ShaderStageFlags.VertexBit | ShaderStageFlags.FragmentBit, 0,
            ScenePipelines.ViewBytes, &view);
    }

    private void DrawShadows(CommandBuffer commands)
    {
        uint first = 0;
        for (int kind = 0; kind < _instances.ByMesh.Count; kind++)
        {
            uint count = (uint)_instances.ByMesh[kind].Count;
            if (count > 0 && MeshStore.CastsShadow((MeshKind)kind)) DrawRun(commands, _meshes[(MeshKind)kind], first, count);
            first += count;
        }
    }

    /// <summary>One draw per run of visible instances of a mesh. The room comes last: what stands before it hides it.</summary>
    private void DrawVisible(CommandBuffer commands, in Frustum frustum)
    {
        uint first = 0;
        for (int kind = 0; kind < _instances.ByMesh.Count; kind++)
        {
            List<Instance3D> list = _instances.ByMesh[kind];
            MeshRange mesh = _meshes[(MeshKind)kind];
            uint run = 0;
            for (int i = 0; i < list.Count; i++)
            {
                if (frustum.Sees(list[i].ToWorld(mesh.Bounds)))
                {
                    run++;
                    continue;
                }

                DrawRun(commands, mesh, first + (uint)i - run, run);
                run = 0;
            }

            first += (uint)list.Count;
            DrawRun(commands, mesh, first - run, run);
        }
    }

    private void DrawRun(CommandBuffer commands, in MeshRange mesh, uint first, uint count)
    {
        if (count > 0) _device.Api.CmdDrawIndexed(commands, mesh.Indices, count, mesh.FirstIndex, mesh.FirstVertex, first);
    }

    private readonly record struct View(Matrix4x4 ViewProjection, Vector4 Eye, Vector4 Viewport);
}
