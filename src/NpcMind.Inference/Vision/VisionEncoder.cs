using System.Runtime.InteropServices;
using NpcMind.Gguf;
using NpcMind.Gpu;
using NpcMind.Vision;

namespace NpcMind.Inference;

/// <summary>
/// An image encoder with its projector on a device: pictures in, rows in the embedding space of a language model out. Weights and workspace
/// are fixed at load and shared by jobs, so one job is under way at a time. Whoever drives it records a job's passes in order, in as many
/// pieces as suits. Used by one thread at a time. Owns everything but the device.
/// </summary>
internal sealed class VisionEncoder : IDisposable
{
    private readonly TensorArena _arena;
    private readonly VisionGraph _graph;
    private readonly GraphNode[] _nodes;
    private CommandRecorder? _recorder;
    private Timeline? _timeline;

    private VisionEncoder(GpuDevice device, GgufFile file, VisionConfig config, long bytes)
    {
        Device = device;
        Config = config;
        DeviceBytes = bytes;
        CanvasAlignment = VisionSizes.CanvasAlignment(device);
        Kernels = new KernelLibrary(device);
        _arena = new TensorArena(device, "image encoder");
        try
        {
            using Uploader uploader = new(device, StagingBytes(file));
            WeightLoader weights = new(device, file, _arena, uploader);
            _graph = new VisionGraph(Kernels, config, weights, _arena, uploader);
            config.Family.Build(_graph);
            _nodes = [.. _graph.Nodes];
            weights.CheckLayersAlike();
            UnusedTensors = [.. weights.Unused];
            device.Pipelines.Compile();
            uploader.Finish();
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    /// <summary>Hyper-parameters.</summary>
    public VisionConfig Config { get; }

    /// <summary>Most feature rows of a tile.</summary>
    public int TokensPerTile => Config.TokensPerTile;

    /// <summary>Device bytes of weights and workspace, a little over.</summary>
    public long DeviceBytes { get; }

    /// <summary>Tensors of the file that the encoder has no use for.</summary>
    public IReadOnlyList<string> UnusedTensors { get; }

    /// <summary>Device bytes really taken.</summary>
    internal long UsedBytes => _arena.UsedBytes;

    internal GpuDevice Device { get; }

    internal KernelLibrary Kernels { get; }

    internal Tensor Canvases => _graph.Canvases;

    internal Tensor HashSums => _graph.Hash;

    /// <summary>Tables that each job brings with it.</summary>
    internal IReadOnlyList<GridTable> Tables => _graph.Tables;

    /// <summary>What decides the grids of a tile's pass.</summary>
    internal StepShape ShapeOf(PatchGrid grid) => _graph.Shape(grid);

    internal long CanvasAlignment { get; }

    /// <summary>Device bytes that an encoder takes on this device.</summary>
    /// <exception cref="UnsupportedModelException">As <see cref="VisionConfig.Read"/>.</exception>
    /// <exception cref="GgufFormatException">As <see cref="VisionConfig.Read"/>.</exception>
    public static long Bytes(GpuDevice device, GgufFile mmproj) => Bytes(device, mmproj, VisionConfig.Read(mmproj));

    /// <summary>Width of a language model's embeddings.</summary>
    /// <exception cref="UnsupportedModelException">The file is an image encoder: the two were swapped.</exception>
    /// <exception cref="GgufFormatException">The key is missing or absurd.</exception>
    public static int TextWidth(GgufFile model)
    {
        ArgumentNullException.ThrowIfNull(model);
        if (model.Metadata.String("general.architecture") == "clip")
            throw new UnsupportedModelException(model.Path, "an image encoder (mmproj) as language model",
                "Were the two files swapped? Give the language model as the model and this file as mmproj.");
        string architecture = ModelKind.RequireLanguageModel(model);
        return model.Metadata.Integer($"{architecture}.embedding_length") is { } width and > 0 and <= 1 << 20
            ? (int)width : throw model.Metadata.Wrong($"{architecture}.embedding_length", "the width of the embeddings");
    }

    /// <summary>Loads an encoder.</summary>
    /// <param name="device">Device to run on; must outlive the encoder.</param>
    /// <param name="mmproj">File of image encoder and projector; may be closed afterwards.</param>
    /// <param name="textWidth">Width of the language model's embeddings.</param>
    /// <param name="textModel">Path of the language model, for errors.</param>
    /// <exception cref="GgufFormatException">The file is damaged or inconsistent.</exception>
    /// <exception cref="UnsupportedModelException">Another kind of file, another family, or an encoder made for another language
    /// model.</exception>
    /// <exception cref="InsufficientGpuMemoryException">It does not fit; nothing was allocated.</exception>
    public static VisionEncoder Load(GpuDevice device, GgufFile mmproj, int textWidth, string textModel)
    {
        ArgumentNullException.ThrowIfNull(device);
        ArgumentNullException.ThrowIfNull(mmproj);
        VisionConfig config = VisionConfig.Read(mmproj);
        if (config.OutputWidth != textWidth)
            throw new UnsupportedModelException(mmproj.Path,
                $"a projector to {config.OutputWidth} elements with '{textModel}', whose embeddings have {textWidth},",
                "The two files belong to different models: take the mmproj file that was published with the language model.");
        long bytes = Bytes(device, mmproj, config);
        device.Memory.Check(bytes, $"the image encoder '{mmproj.Path}'");
        CheckBindings(device, mmproj, config);
        return new VisionEncoder(device, mmproj, config, bytes);
    }

    /// <summary>A job for a picture in host memory; its pixels are copied.</summary>
    /// <param name="plan">How it is prepared, made for its size and this encoder's tiles.</param>
    /// <param name="picture">The picture.</param>
    /// <exception cref="ArgumentException">Plan, picture and encoder do not fit each other.</exception>
    public VisionJob CreateJob(PicturePlan plan, Picture picture)
    {
        ArgumentNullException.ThrowIfNull(plan);
        ArgumentNullException.ThrowIfNull(picture);
        return new VisionJob(this, plan, picture, null);
    }

    /// <summary>A job for a picture that the game rendered; its pixels stay on the device. They are read while pass 0 runs.</summary>
    /// <param name="plan">How it is prepared, made for its size and this encoder's tiles.</param>
    /// <param name="image">The image.</param>
    /// <exception cref="ArgumentException">Plan, image and encoder do not fit each other, or the image's format cannot be read.</exception>
    public VisionJob CreateJob(PicturePlan plan, ExternalImage image)
    {
        ArgumentNullException.ThrowIfNull(plan);
        ArgumentNullException.ThrowIfNull(image);
        return new VisionJob(this, plan, null, image);
    }

    /// <summary>The dispatches that encode a tile: of every pass but the first.</summary>
    public IReadOnlyList<GraphNode> TileNodes => _nodes;

    /// <summary>The dispatches of a pass, in order. Their grids depend on the job's <see cref="VisionJob.Shape"/>.</summary>
    public IReadOnlyList<GraphNode> Nodes(VisionJob job, int pass)
    {
        ArgumentNullException.ThrowIfNull(job);
        return pass == 0 ? job.Preparation : _nodes;
    }

    /// <summary>Records what a pass needs before its first dispatch.</summary>
    public void RecordInputs(CommandRecorder recorder, VisionJob job, int pass)
    {
        ArgumentNullException.ThrowIfNull(recorder);
        ArgumentNullException.ThrowIfNull(job);
        if (pass > 0)
        {
            recorder.Update(_graph.Place, job.PlaceOf(pass - 1));
            for (int i = 0; i < _graph.Tables.Count; i++)
                recorder.Copy(job.Tables, _graph.Tables[i].Target, job.TableBytes(i), 0, job.TableStart(i));
            return;
        }

        if (job.HasImage) recorder.AwaitImageWrites();
        recorder.Update(_graph.Hash, job.Seeds);
    }

    /// <summary>Records what brings a pass's result to the host, after its last dispatch.</summary>
    public void RecordResults(CommandRecorder recorder, VisionJob job, int pass)
    {
        ArgumentNullException.ThrowIfNull(recorder);
        ArgumentNullException.ThrowIfNull(job);
        Tensor target = job.Readback.Whole;
        if (pass == 0)
        {
            recorder.Copy(_graph.Hash, target, 16);
            return;
        }

        int rows = job.RowsPerTile;
        long rowBytes = Config.OutputWidth * 4L, strideBytes = _graph.FeatureStride * 4L, at = 16 + (pass - 1) * rows * rowBytes;
        Span<CopyPart> parts = stackalloc CopyPart[CommandRecorder.MaxCopyParts];
        for (int first = 0; first < rows; first += parts.Length)
        {
            int count = Math.Min(parts.Length, rows - first);
            for (int i = 0; i < count; i++) parts[i] = new CopyPart((first + i) * strideBytes, at + (first + i) * rowBytes, rowBytes);
            recorder.Copy(_graph.Features, target, parts[..count]);
        }
    }

    /// <summary>Runs a job as a whole and waits for it: for tools, not within a frame.</summary>
    public void Encode(VisionJob job)
    {
        ArgumentNullException.ThrowIfNull(job);
        for (int pass = 0; pass < job.Passes; pass++) Run(job, pass, Nodes(job, pass).Count);
    }

    /// <summary>
    /// The normalised tiles [tiles, 3, height, width] as the encoder gets them. Runs the preparation and waits for it: for tools and tests.
    /// </summary>
    public float[] ReadPixels(VisionJob job)
    {
        ArgumentNullException.ThrowIfNull(job);
        int size = Config.PatchSize, elements = _graph.PatchElements, stride = Workspace.Stride(elements);
        int width = job.Plan.TileWidth, height = job.Plan.TileHeight, columns = width / size, count = columns * (height / size);
        float[] pixels = new float[job.Plan.Tiles.Count * 3 * width * height];
        using GpuBuffer readback = Device.Memory.Allocate((long)count * stride * 4, MemoryKind.Readback, "patches");
        Run(job, 0, job.Preparation.Count);
        for (int tile = 0; tile < job.Plan.Tiles.Count; tile++)
        {
            Run(job, tile + 1, 1, readback);
            ReadOnlySpan<float> patches = MemoryMarshal.Cast<byte, float>(readback.Mapped);
            for (int patch = 0; patch < count; patch++)
                for (int i = 0; i < elements; i++)
                {
                    int c = i / (size * size), y = patch / columns * size + i / size % size, x = patch % columns * size + i % size;
                    pixels[((tile * 3 + c) * height + y) * width + x] = patches[patch * stride + i];
                }
        }

        return pixels;
    }

    /// <summary>
    /// Waits for what was run here, then frees everything. Jobs are freed before; what others recorded must have finished.
    /// </summary>
    public void Dispose()
    {
        _timeline?.Dispose();
        _recorder?.Dispose();
        _arena.Dispose();
    }

    /// <summary>Runs the first nodes of a pass and waits; the patches they made go to <paramref name="patches"/>, if given.</summary>
    private void Run(VisionJob job, int pass, int nodes, GpuBuffer? patches = null)
    {
        CommandRecorder recorder = _recorder ??= new CommandRecorder(Device, "image encoder");
        Timeline timeline = _timeline ??= new Timeline(Device, "image encoder");
        recorder.WaitUntilFree();
        recorder.Begin();
        RecordInputs(recorder, job, pass);
        for (int i = 0; i < nodes; i++) Nodes(job, pass)[i].Record(recorder, job.Shape(pass));
        if (patches is not null) recorder.Copy(_graph.Patches, patches.Whole, patches.Bytes);
        else RecordResults(recorder, job, pass);
        recorder.End();
        timeline.Wait(timeline.Submit(recorder));
    }

    /// <summary>Holds sizes that follow from several keys against what the device can bind, before anything is allocated.</summary>
    private static void CheckBindings(GpuDevice device, GgufFile file, VisionConfig c)
    {
        (string buffer, long bytes) = VisionSizes.LargestBuffer(c);
        string key = c.MaxPatches > 0 ? "clip.vision.image_max_pixels" : "clip.vision.image_size";
        long storage = device.Limits.MaxStorageBufferRange, texels = device.Limits.MaxTexels * 4;
        if (bytes > storage)
            throw file.Metadata.Wrong(key, $"a size whose {c.EncoderTokens} tokens of {c.PatchSize} x {c.PatchSize} "
                + $"pixels the device can work on: '{buffer}' takes {bytes} bytes, '{device.Limits.Name}' binds at most {storage}");
        if (c.CanvasBytes > texels)
            throw file.Metadata.Wrong(key, "a size whose pictures the device can work on: they take up to "
                + $"{c.CanvasBytes} bytes, '{device.Limits.Name}' binds at most {texels}");
    }

    private static long Bytes(GpuDevice device, GgufFile file, VisionConfig config) =>
        WeightLoader.DeviceBytes(file) + VisionSizes.WorkspaceBytes(device, config);

    /// <summary>A staging buffer must hold a whole row group.</summary>
    private static int StagingBytes(GgufFile file) =>
        (int)Math.Clamp(file.Tensors.Max(t => t.ByteLength / t.Dimensions[^1]) * 40, 4 << 20, 1 << 30);
}
