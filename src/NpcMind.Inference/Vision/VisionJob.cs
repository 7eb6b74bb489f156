using System.Runtime.InteropServices;
using NpcMind.Gpu;
using NpcMind.Vision;

namespace NpcMind.Inference;

/// <summary>
/// One picture on its way through a <see cref="VisionEncoder"/>: its tables, pixels and results, and the dispatches that only it has. Pass
/// 0 resizes and hashes it, each pass after that encodes a tile. Made by <see cref="VisionEncoder.CreateJob(PicturePlan, Picture)"/>; freed
/// once the device has finished with it. Used by one thread.
/// </summary>
internal sealed class VisionJob : IDisposable
{
    /// <summary>Words that a lane hashes.</summary>
    public const int HashLaneWords = 64;

    private readonly VisionEncoder _encoder;
    private readonly GpuBuffer _upload;
    private readonly ImageView2D? _image;
    private readonly List<GraphNode> _preparation = [];
    private readonly uint[] _places;
    private readonly (long Start, long Bytes)[] _tables;
    private readonly StepShape _shape;
    private readonly VisionPass[] _passes;
    private readonly uint[] _seeds;
    private readonly long[] _canvasStarts;

    internal VisionJob(VisionEncoder encoder, PicturePlan plan, Picture? picture, ExternalImage? image)
    {
        _encoder = encoder;
        Plan = plan;
        Check(plan, encoder.Config);
        (int width, int height) = picture is null ? (image!.Width, image.Height) : (picture.Width, picture.Height);
        if ((width, height) != (plan.Width, plan.Height))
            throw new ArgumentException($"The plan is for {plan.Width} x {plan.Height} pixels; the picture has {width} x {height}.",
                nameof(plan));
        if (picture is not null && picture.Rgba.Length != 4L * width * height)
            throw new ArgumentException(
                $"A picture of {width} x {height} pixels has {4L * width * height} bytes, not {picture.Rgba.Length}.", nameof(picture));
        image?.Check();
        _canvasStarts = Canvases(plan, encoder);
        PatchGrid grid = new(plan.TileWidth / encoder.Config.PatchSize, plan.TileHeight / encoder.Config.PatchSize);
        _shape = encoder.ShapeOf(grid);
        _passes = [.. Enumerable.Range(0, Passes).Select(pass => new VisionPass(this, pass))];
        uint[] tables = ResizeTables(plan, out (int Across, int Down, int Taps)[] steps);
        int resizeWords = tables.Length;
        tables = WithGridTables(tables, grid, encoder.Tables, out _tables);
        long pixelsAt = (tables.Length * 4L + encoder.CanvasAlignment - 1) / encoder.CanvasAlignment * encoder.CanvasAlignment;
        GpuDevice device = encoder.Device;
        _upload = device.Memory.Allocate(pixelsAt + Math.Max(16, picture?.Rgba.Length ?? 0), MemoryKind.Upload, "picture");
        GpuBuffer? readback = null;
        try
        {
            Readback = readback = device.Memory.Allocate(16 + (long)plan.Tiles.Count * RowsPerTile * encoder.Config.OutputWidth * 4,
                MemoryKind.Readback, "features");
            MemoryMarshal.AsBytes(tables.AsSpan()).CopyTo(_upload.Mapped);
            picture?.Rgba.CopyTo(_upload.Mapped[(int)pixelsAt..]);
            device.CountTransfer(tables.Length * 4L + (picture?.Rgba.Length ?? 0));
            _image = image is null ? null : new ImageView2D(device, image);
            Tensor pixels = _upload.Whole.Slice(pixelsAt, _upload.Bytes - pixelsAt),
                table = _upload.Whole.Slice(0, Math.Max(16, (resizeWords * 4 + 15) & ~15)).As(TexelFormat.UInt1);
            for (int i = 0; i < steps.Length; i++) AddResize(i, steps[i], table, pixels);
            uint counted = 0;
            foreach (int step in plan.Tiles.Select(t => t.Step).Distinct()) AddHash(step, ref counted);
        }
        catch
        {
            Free();
            readback?.Dispose();
            throw;
        }

        _places = [.. plan.Tiles.SelectMany(t => new[]
        {
            (uint)(_canvasStarts[t.Step] / 4), (uint)plan.Steps[t.Step].CanvasWidth, (uint)t.X, (uint)t.Y, (uint)grid.Columns,
                (uint)grid.Rows, 0u, 0u,
        })];
        // Sums start from what the words do not tell: the same pixels in other rows are another picture.
        _seeds = [(uint)plan.Rows * 0x9E3779B1, (uint)plan.Columns * 0x85EBCA77, (uint)plan.Steps[^1].CanvasWidth * 0xC2B2AE3D,
            plan.HasGlobal ? 0x27D4EB2Fu : 0x165667B1];
    }

    /// <summary>How the picture is prepared.</summary>
    public PicturePlan Plan { get; }

    /// <summary>Passes: the preparation, then one per tile.</summary>
    public int Passes => 1 + Plan.Tiles.Count;

    /// <summary>Feature rows of a tile.</summary>
    public int RowsPerTile => _shape.Outputs;

    /// <summary>A pass as frames work it off. Always the same object.</summary>
    public IFramePass Pass(int pass) => _passes[pass];

    /// <summary>What decides the grids of a pass.</summary>
    public StepShape Shape(int pass) => pass == 0 ? default : _shape;

    /// <summary>
    /// What tells this picture's prepared tiles from others', whatever it was made from. Valid once the device has finished pass 0.
    /// </summary>
    public UInt128 Hash => MemoryMarshal.Read<UInt128>(Readback.Mapped);

    /// <summary>
    /// [tiles * tokens per tile, width of the language model] f32 in the order the language model receives them. Valid once the device has
    /// finished all passes.
    /// </summary>
    public ReadOnlySpan<float> Features =>
        MemoryMarshal.Cast<byte, float>(Readback.Mapped[16..])[..(Plan.Tiles.Count * RowsPerTile * _encoder.Config.OutputWidth)];

    internal GpuBuffer Readback { get; }

    internal IReadOnlyList<GraphNode> Preparation => _preparation;

    internal bool HasImage => _image is not null;

    internal ReadOnlySpan<byte> Seeds => MemoryMarshal.AsBytes(_seeds.AsSpan());

    internal VisionEncoder Encoder => _encoder;

    /// <summary>Where the tables of <see cref="VisionEncoder.Tables"/> lie for this picture.</summary>
    internal Tensor Tables => _upload.Whole;

    /// <summary>Frees buffers, view and descriptor sets. The device must have finished with the job.</summary>
    public void Dispose()
    {
        Free();
        Readback.Dispose();
    }

    internal ReadOnlySpan<byte> PlaceOf(int tile) =>
        MemoryMarshal.AsBytes(_places.AsSpan(tile * (VisionGraph.PlaceBytes / 4), VisionGraph.PlaceBytes / 4));

    internal long TableStart(int table) => _tables[table].Start;

    internal long TableBytes(int table) => _tables[table].Bytes;

    private void Free()
    {
        foreach (GraphNode node in _preparation) node.Variants[0].Free();
        _preparation.Clear();
        _image?.Dispose();
        _upload.Dispose();
    }

    private void AddResize(int index, (int Across, int Down, int Taps) table, Tensor tables, Tensor pixels)
    {
        PictureStep step = Plan.Steps[index];
        KernelLibrary kernels = _encoder.Kernels;
        Tensor canvases = _encoder.Canvases, canvas = canvases.Slice(_canvasStarts[index], 4L * step.CanvasWidth * step.CanvasHeight);
        // Earlier canvases are fetched through the whole buffer: a view per size would stay behind.
        (int sourceWidth, int sourceHeight) = SourceOf(Plan, step);
        (Tensor source, uint first, int stride) = step.Source < 0
            ? (pixels, 0u, Plan.Width) : (canvases, (uint)(_canvasStarts[step.Source] / 4), Plan.Steps[step.Source].CanvasWidth);
        Constant[] constants =
        [
            ("sourceFirst", first), ("sourceStride", (uint)stride), ("width", (uint)step.Width), ("height", (uint)step.Height),
            ("canvasWidth", (uint)step.CanvasWidth), ("horizontal", (uint)table.Across), ("vertical", (uint)table.Down),
            ("pictureX", (uint)(step.Frame?.X ?? 0)), ("pictureY", (uint)(step.Frame?.Y ?? 0)),
            ("pictureWidth", (uint)sourceWidth), ("pictureHeight", (uint)sourceHeight), ("fill", step.Frame?.Fill ?? 0),
        ];
        DispatchNode node = step.Source < 0 && _image is { } image
            ? kernels.Pipeline("resample_image", ("workgroupSize", kernels.SmallWorkgroup), ("Encode", image.FetchIsLinear ? 1u : 0u))
            .Node("v.resample", image, [tables, canvas], constants)
            : kernels.Pipeline("resample_buffer", ("workgroupSize", kernels.SmallWorkgroup))
            .Node("v.resample", [source.As(TexelFormat.UInt1), tables, canvas], constants);
        int groups = (step.CanvasWidth + (int)kernels.SmallWorkgroup - 1) / (int)kernels.SmallWorkgroup;
        _preparation.Add(new GraphNode([node], _ => new Grid(groups, step.CanvasHeight), Work: _ => table.Taps));
    }

    private void AddHash(int index, ref uint counted)
    {
        KernelLibrary kernels = _encoder.Kernels;
        int words = Plan.Steps[index].CanvasWidth * Plan.Steps[index].CanvasHeight, perGroup = (int)kernels.SmallWorkgroup * HashLaneWords;
        DispatchNode node = kernels.Pipeline("picture_hash", ("workgroupSize", kernels.SmallWorkgroup)).Node(
            "v.hash", [_encoder.Canvases.As(TexelFormat.UInt1), _encoder.HashSums], ("at", (uint)(_canvasStarts[index] / 4)),
            ("count", (uint)words), ("first", counted));
        _preparation.Add(new GraphNode([node], _ => new Grid((words + perGroup - 1) / perGroup)));
        counted += (uint)words;
    }

    private static (int Width, int Height) SourceOf(PicturePlan plan, PictureStep step) =>
        step.Source < 0 ? (plan.Width, plan.Height) : (plan.Steps[step.Source].Width, plan.Steps[step.Source].Height);

    private static void Check(PicturePlan plan, VisionConfig config)
    {
        int side = config.PatchSize * config.Scale;
        bool fits = config.MaxPatches == 0
            ? plan.TileSize == config.TileSize && plan.TileWidth == plan.TileSize && plan.TileHeight == plan.TileSize
            : plan.TileWidth > 0 && plan.TileHeight > 0 && plan.TileWidth % side == 0 && plan.TileHeight % side == 0
                && (long)plan.TileWidth * plan.TileHeight <= (long)config.MaxPatches * config.PatchSize * config.PatchSize;
        if (!fits)
            throw new ArgumentException(
                $"The plan has tiles of {plan.TileWidth} x {plan.TileHeight} pixels ({plan.TileSize}); "
                + "the encoder takes "
                + (config.MaxPatches == 0 ? $"{config.TileSize}." : $"multiples of {side}, {config.MaxPatches} patches at most."),
                nameof(plan));
        for (int i = 0; i < plan.Steps.Count; i++)
            if (plan.Steps[i] is { } s
                && (!FrameHolds(plan, s) || s.Source < -1 || s.Source >= i || s.Width < 1 || s.Height < 1 || s.CanvasWidth < s.Width
                || s.CanvasHeight < s.Height)) throw new ArgumentException($"Step {i} of the plan cannot be: {s}.", nameof(plan));
        foreach (TilePlace t in plan.Tiles)
            if (t.Step < 0 || t.Step >= plan.Steps.Count || t.X < 0 || t.Y < 0 || t.X + plan.TileWidth > plan.Steps[t.Step].CanvasWidth
                || t.Y + plan.TileHeight > plan.Steps[t.Step].CanvasHeight)
                throw new ArgumentException($"A tile of the plan lies beyond its canvas: {t}.", nameof(plan));
    }

    private static bool FrameHolds(PicturePlan plan, PictureStep step)
    {
        if (step.Frame is not { } frame || step.Source < -1 || step.Source >= plan.Steps.Count) return true;
        (int width, int height) = SourceOf(plan, step);
        return frame.X >= 0 && frame.Y >= 0 && frame.X <= frame.Width - width && frame.Y <= frame.Height - height;
    }

    /// <summary>Where each step's canvas begins, in bytes.</summary>
    private static long[] Canvases(PicturePlan plan, VisionEncoder encoder)
    {
        long[] starts = new long[plan.Steps.Count];
        long at = 0;
        for (int i = 0; i < starts.Length; i++)
        {
            starts[i] = at;
            at += 4L * plan.Steps[i].CanvasWidth * plan.Steps[i].CanvasHeight;
            if (at > encoder.Canvases.Bytes)
                throw new ArgumentException($"The plan's canvases take more than the {encoder.Canvases.Bytes} bytes that a picture of " +
                    $"this encoder can take.", nameof(plan));
            at = (at + encoder.CanvasAlignment - 1) / encoder.CanvasAlignment * encoder.CanvasAlignment;
        }

        return starts;
    }

    /// <summary>The tables of a grid behind those of the resizes, and where each lies, in bytes.</summary>
    private static uint[] WithGridTables(uint[] words, PatchGrid grid, IReadOnlyList<GridTable> tables,
        out (long Start, long Bytes)[] places)
    {
        List<uint> all = [.. words];
        places = new (long, long)[tables.Count];
        for (int i = 0; i < places.Length; i++)
        {
            uint[] made = tables[i].Make(grid);
            places[i] = (all.Count * 4L, made.Length * 4L);
            all.AddRange(made);
        }

        return [.. all];
    }

    /// <summary>All tables as the kernels read them, and where those of each step begin.</summary>
    private static uint[] ResizeTables(PicturePlan plan, out (int Across, int Down, int Taps)[] steps)
    {
        List<uint> words = [];
        steps = new (int, int, int)[plan.Steps.Count];
        for (int i = 0; i < steps.Length; i++)
        {
            PictureStep step = plan.Steps[i];
            (int width, int height) = step.Frame is { } frame ? (frame.Width, frame.Height) : SourceOf(plan, step);
            ResampleTable across = ResampleTable.Create(width, step.Width, step.Filter),
                down = ResampleTable.Create(height, step.Height, step.Filter);
            steps[i] = (Append(across), Append(down), across.Taps * down.Taps);
        }

        return [.. words];

        int Append(ResampleTable table)
        {
            int at = words.Count;
            words.Add((uint)table.Taps);
            words.AddRange(MemoryMarshal.Cast<int, uint>(table.First));
            words.AddRange(MemoryMarshal.Cast<int, uint>(table.Count));
            words.AddRange(MemoryMarshal.Cast<int, uint>(table.Weights));
            return at;
        }
    }
}
