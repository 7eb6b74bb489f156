using System.Runtime.InteropServices;
using NpcMind.Gpu;
using NpcMind.Vision;

namespace NpcMind.Inference;

/// <summary>
/// One picture on its way through a <see cref="VisionEncoder"/>: its tables, pixels and results, and the dispatches that only it has. Pass 0 resizes and hashes it,
/// each pass after that encodes a tile. Made by <see cref="VisionEncoder.CreateJob(PicturePlan, Picture)"/>; freed once the device has finished with it. Used by one thread.
/// </summary>
internal sealed class VisionJob : IDisposable
{
    private const int LaneWords = 64;
    private readonly VisionEncoder _encoder;
    private readonly GpuBuffer _upload;
    private readonly ImageView2D? _image;
    private readonly List<GraphNode> _preparation = [];
    private readonly uint[] _places;
    private readonly uint[] _seeds;
    private readonly long[] _canvasStarts;

    internal VisionJob(VisionEncoder encoder, PicturePlan plan, Picture? picture, ExternalImage? image)
    {
        _encoder = encoder;
        Plan = plan;
        Check(plan, encoder.Config);
        (int width, int height) = picture is null ? (image!.Width, image.Height) : (picture.Width, picture.Height);
        if ((width, height) != (plan.Width, plan.Height)) throw new ArgumentException($"The plan is for {plan.Width} x {plan.Height} pixels; the picture has {width} x {height}.", nameof(plan));
        if (picture is not null && picture.Rgba.Length != 4L * width * height) throw new ArgumentException($"A picture of {width} x {height} pixels has {4L * width * height} bytes, not {picture.Rgba.Length}.", nameof(picture));
        image?.Check();
        _canvasStarts = Canvases(plan, encoder);
        uint[] tables = Tables(plan, out (int Across, int Down, int Taps)[] steps);
        long pixelsAt = (tables.Length * 4L + encoder.CanvasAlignment - 1) / encoder.CanvasAlignment * encoder.CanvasAlignment;
        GpuDevice device = encoder.Device;
        _upload = device.Memory.Allocate(pixelsAt + Math.Max(16, picture?.Rgba.Length ?? 0), MemoryKind.Upload, "picture");
        GpuBuffer? readback = null;
        try
        {
            Readback = readback = device.Memory.Allocate(16 + (long)plan.Tiles.Count * encoder.Config.TokensPerTile * encoder.Config.OutputWidth * 4, MemoryKind.Readback, "features");
            MemoryMarshal.AsBytes(tables.AsSpan()).CopyTo(_upload.Mapped);
            picture?.Rgba.CopyTo(_upload.Mapped[(int)pixelsAt..]);
            device.CountTransfer(tables.Length * 4L + (picture?.Rgba.Length ?? 0));
            _image = image is null ? null : new ImageView2D(device, image);
            Tensor pixels = _upload.Whole.Slice(pixelsAt, _upload.Bytes - pixelsAt), table = _upload.Whole.Slice(0, Math.Max(16, (tables.Length * 4 + 15) & ~15)).As(TexelFormat.UInt1);
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

        _places = [.. plan.Tiles.SelectMany(t => new[] { (uint)(_canvasStarts[t.Step] / 4), (uint)plan.Steps[t.Step].CanvasWidth, (uint)t.X, (uint)t.Y })];
        // Sums start from what the words do not tell: the same pixels in other rows are another picture.
        _seeds = [(uint)plan.Rows * 0x9E3779B1, (uint)plan.Columns * 0x85EBCA77, (uint)plan.Steps[^1].CanvasWidth * 0xC2B2AE3D, plan.HasGlobal ? 0x27D4EB2Fu : 0x165667B1];
    }

    /// <summary>How the picture is prepared.</summary>
    public PicturePlan Plan { get; }

    /// <summary>Passes: the preparation, then one per tile.</summary>
    public int Passes => 1 + Plan.Tiles.Count;

    /// <summary>What tells this picture's prepared tiles from others', whatever it was made from. Valid once the device has finished pass 0.</summary>
    public UInt128 Hash => MemoryMarshal.Read<UInt128>(Readback.Mapped);

    /// <summary>[tiles * tokens per tile, width of the language model] f32 in the order the language model receives them. Valid once the device has finished all passes.</summary>
    public ReadOnlySpan<float> Features => MemoryMarshal.Cast<byte, float>(Readback.Mapped[16..])[..(Plan.Tiles.Count * _encoder.Config.TokensPerTile * _encoder.Config.OutputWidth)];

    internal GpuBuffer Readback { get; }

    internal IReadOnlyList<GraphNode> Preparation => _preparation;

    internal bool HasImage => _image is not null;

    internal ReadOnlySpan<byte> Seeds => MemoryMarshal.AsBytes(_seeds.AsSpan());

    internal VisionEncoder Encoder => _encoder;

    /// <summary>Frees buffers, view and descriptor sets. The device must have finished with the job.</summary>
    public void Dispose()
    {
        Free();
        Readback.Dispose();
    }

    internal ReadOnlySpan<byte> PlaceOf(int tile) => MemoryMarshal.AsBytes(_places.AsSpan(tile * 4, 4));

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
        (Tensor source, uint first, int stride) = step.Source < 0 ? (pixels, 0u, Plan.Width) : (canvases, (uint)(_canvasStarts[step.Source] / 4), Plan.Steps[step.Source].CanvasWidth);
        Constant[] constants =
        [
            ("sourceFirst", first), ("sourceStride", (uint)stride), ("width", (uint)step.Width), ("height", (uint)step.Height),
            ("canvasWidth", (uint)step.CanvasWidth), ("horizontal", (uint)table.Across), ("vertical", (uint)table.Down),
        ];
        DispatchNode node = step.Source < 0 && _image is { } image
            ? kernels.Pipeline("resample_image", ("workgroupSize", kernels.SmallWorkgroup), ("Encode", image.FetchIsLinear ? 1u : 0u)).Node("v.resample", image, [tables, canvas], constants)
            : kernels.Pipeline("resample_buffer", ("workgroupSize", kernels.SmallWorkgroup)).Node("v.resample", [source.As(TexelFormat.UInt1), tables, canvas], constants);
        int groups = (step.CanvasWidth + (int)kernels.SmallWorkgroup - 1) / (int)kernels.SmallWorkgroup;
        _preparation.Add(new GraphNode([node], _ => new Grid(groups, step.CanvasHeight), Work: _ => table.Taps));
    }

    private void AddHash(int index, ref uint counted)
    {
        KernelLibrary kernels = _encoder.Kernels;
        int words = Plan.Steps[index].CanvasWidth * Plan.Steps[index].CanvasHeight, perGroup = (int)kernels.SmallWorkgroup * LaneWords;
        DispatchNode node = kernels.Pipeline("picture_hash", ("workgroupSize", kernels.SmallWorkgroup)).Node(
            "v.hash", [_encoder.Canvases.As(TexelFormat.UInt1), _encoder.HashSums], ("at", (uint)(_canvasStarts[index] / 4)), ("count", (uint)words), ("first", counted));
        _preparation.Add(new GraphNode([node], _ => new Grid((words + perGroup - 1) / perGroup)));
        counted += (uint)words;
    }

    private static void Check(PicturePlan plan, VisionConfig config)
    {
        if (plan.TileSize != config.TileSize) throw new ArgumentException($"The plan has tiles of {plan.TileSize} pixels; the encoder takes {config.TileSize}.", nameof(plan));
        for (int i = 0; i < plan.Steps.Count; i++)
            if (plan.Steps[i] is { } s && (s.Source < -1 || s.Source >= i || s.Width < 1 || s.Height < 1 || s.CanvasWidth < s.Width || s.CanvasHeight < s.Height)) throw new ArgumentException($"Step {i} of the plan cannot be: {s}.", nameof(plan));
        foreach (TilePlace t in plan.Tiles)
            if (t.Step < 0 || t.Step >= plan.Steps.Count || t.X < 0 || t.Y < 0 || t.X + plan.TileSize > plan.Steps[t.Step].CanvasWidth || t.Y + plan.TileSize > plan.Steps[t.Step].CanvasHeight)
                throw new ArgumentException($"A tile of the plan lies beyond its canvas: {t}.", nameof(plan));
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
            if (at > encoder.Canvases.Bytes) throw new ArgumentException($"The plan's canvases take more than the {encoder.Canvases.Bytes} bytes that a picture of this encoder can take.", nameof(plan));
            at = (at + encoder.CanvasAlignment - 1) / encoder.CanvasAlignment * encoder.CanvasAlignment;
        }

        return starts;
    }

    /// <summary>All tables as the kernels read them, and where those of each step begin.</summary>
    private static uint[] Tables(PicturePlan plan, out (int Across, int Down, int Taps)[] steps)
    {
        List<uint> words = [];
        steps = new (int, int, int)[plan.Steps.Count];
        for (int i = 0; i < steps.Length; i++)
        {
            PictureStep step = plan.Steps[i];
            (int width, int height) = step.Source < 0 ? (plan.Width, plan.Height) : (plan.Steps[step.Source].Width, plan.Steps[step.Source].Height);
            ResampleTable across = ResampleTable.Create(width, step.Width, step.Filter), down = ResampleTable.Create(height, step.Height, step.Filter);
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
