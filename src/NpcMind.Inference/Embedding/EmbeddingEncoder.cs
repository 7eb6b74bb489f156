using NpcMind.Gguf;
using NpcMind.Gpu;

namespace NpcMind.Inference;

/// <summary>
/// An embedding model on a device: tokens of texts in, a row of length 1 for each text out. Weights and workspace are fixed at load and
/// shared by batches, so one batch is under way at a time. Whoever drives it records a batch's pass in as many pieces as suits; what a
/// text gets depends neither on that nor on the texts beside it. Used by one thread at a time. Owns everything but the device.
/// </summary>
internal sealed class EmbeddingEncoder : IDisposable
{
    private readonly TensorArena _arena;
    private readonly EmbeddingGraph _graph;
    private CommandRecorder? _recorder;
    private Timeline? _timeline;

    private EmbeddingEncoder(GpuDevice device, GgufFile file, EmbeddingConfig config, long bytes)
    {
        Device = device;
        Config = config;
        Sizes = EmbeddingSizes.Of(config);
        DeviceBytes = bytes;
        _arena = new TensorArena(device, "embedding model");
        try
        {
            using Uploader uploader = new(device, StagingBytes(file));
            WeightLoader weights = new(device, file, _arena, uploader);
            _graph = new EmbeddingGraph(new KernelLibrary(device), config, Sizes, weights, _arena, uploader);
            _graph.Build();
            Nodes = [.. _graph.Nodes];
            weights.CheckComplete(config.Architecture);
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
    public EmbeddingConfig Config { get; }

    /// <summary>Device bytes of weights and workspace, a little over.</summary>
    public long DeviceBytes { get; }

    /// <summary>The dispatches of a pass, in order.</summary>
    public IReadOnlyList<GraphNode> Nodes { get; }

    /// <summary>Device bytes really taken.</summary>
    internal long UsedBytes => _arena.UsedBytes;

    internal GpuDevice Device { get; }

    internal EmbeddingSizes Sizes { get; }

    /// <summary>Loads an embedding model.</summary>
    /// <param name="device">Device to run on; must outlive the encoder.</param>
    /// <param name="file">Model file; may be closed afterwards.</param>
    /// <exception cref="GgufFormatException">The file is damaged or inconsistent.</exception>
    /// <exception cref="UnsupportedModelException">Another kind of file, or a family there is no code for.</exception>
    /// <exception cref="InsufficientGpuMemoryException">It does not fit; nothing was allocated.</exception>
    public static EmbeddingEncoder Load(GpuDevice device, GgufFile file)
    {
        ArgumentNullException.ThrowIfNull(device);
        ArgumentNullException.ThrowIfNull(file);
        EmbeddingConfig config = EmbeddingConfig.Read(file);
        EmbeddingSizes sizes = EmbeddingSizes.Of(config);
        IReadOnlyList<(string Name, long Bytes)> buffers = EmbeddingGraph.Buffers(config, sizes);
        (string largest, long size) = buffers.MaxBy(b => b.Bytes);
        if (size > Math.Min(device.Limits.MaxStorageBufferRange, device.Limits.MaxTexels * 16))
            throw new UnsupportedModelException(file.Path, $"an embedding model whose buffer '{largest}' takes {size} bytes",
                $"'{device.Limits.Name}' binds at most {device.Limits.MaxStorageBufferRange}.");
        long bytes = WeightLoader.DeviceBytes(file) + buffers.Sum(b => b.Bytes + 512) + sizes.Rows * 48L + (64 << 10);
        device.Memory.Check(bytes, $"the embedding model '{file.Path}'");
        return new EmbeddingEncoder(device, file, config, bytes);
    }

    /// <summary>Makes an empty batch.</summary>
    public EmbeddingBatch CreateBatch() => new(this);

    /// <summary>Records what a pass needs before its first dispatch.</summary>
    public void RecordInputs(CommandRecorder recorder, EmbeddingBatch batch)
    {
        ArgumentNullException.ThrowIfNull(recorder);
        ArgumentNullException.ThrowIfNull(batch);
        if (batch.Count == 0) throw new ArgumentException("The batch is empty.", nameof(batch));
        recorder.Update(_graph.Rows, batch.Rows);
        recorder.Update(_graph.Attending, batch.Attending);
        recorder.Update(_graph.Tiles, batch.Tiles);
        recorder.Update(_graph.Texts, batch.Texts);
        recorder.Update(_graph.BlockTable, batch.BlockTable);
    }

    /// <summary>Records what brings the embeddings to the host, after the last dispatch.</summary>
    public void RecordResults(CommandRecorder recorder, EmbeddingBatch batch)
    {
        ArgumentNullException.ThrowIfNull(recorder);
        ArgumentNullException.ThrowIfNull(batch);
        long rowBytes = Config.Width * 4L, strideBytes = Workspace.Stride(Config.Width) * 4L;
        Span<CopyPart> parts = stackalloc CopyPart[batch.Count];
        for (int i = 0; i < parts.Length; i++) parts[i] = new CopyPart(i * strideBytes, i * rowBytes, rowBytes);
        recorder.Copy(_graph.Embeddings, batch.Readback, parts);
    }

    /// <summary>Runs a batch as a whole and waits for it: for tools, not within a frame.</summary>
    public void Run(EmbeddingBatch batch)
    {
        ArgumentNullException.ThrowIfNull(batch);
        CommandRecorder recorder = _recorder ??= new CommandRecorder(Device, "embedding model");
        Timeline timeline = _timeline ??= new Timeline(Device, "embedding model");
        recorder.WaitUntilFree();
        recorder.Begin();
        RecordInputs(recorder, batch);
        StepShape shape = batch.Shape;
        foreach (GraphNode node in Nodes) node.Record(recorder, shape);
        RecordResults(recorder, batch);
        recorder.End();
        timeline.Wait(timeline.Submit(recorder));
    }

    /// <summary>
    /// Waits for what was run here, then frees everything. Batches are freed before; what others recorded must have finished.
    /// </summary>
    public void Dispose()
    {
        _timeline?.Dispose();
        _recorder?.Dispose();
        _arena.Dispose();
    }

    /// <summary>A staging buffer must hold a whole row group.</summary>
    private static int StagingBytes(GgufFile file) =>
        (int)Math.Clamp(file.Tensors.Max(t => t.ByteLength / t.Dimensions[^1]) * 40, 4 << 20, 1 << 30);
}
