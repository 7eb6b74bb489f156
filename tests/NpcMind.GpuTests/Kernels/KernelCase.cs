using System.Runtime.InteropServices;
using NpcMind.Gguf;
using NpcMind.Gpu;
using NpcMind.Inference;

namespace NpcMind.GpuTests;

/// <summary>One operation at one shape: the tests compare it with the reference, the benchmarks time it.</summary>
/// <param name="Op">Operation, e.g. <c>matmul</c>.</param>
/// <param name="Shape">Sizes, for people.</param>
/// <param name="Format">Weight format, or null.</param>
/// <param name="Tolerance">Largest NMSE against the reference.</param>
/// <param name="Bytes">Bytes that must be read and written at least.</param>
/// <param name="Flops">Floating-point operations that must be done at least.</param>
/// <param name="Make">Puts inputs on the device.</param>
internal sealed record KernelCase(string Op, string Shape, TensorType? Format, double Tolerance, double Bytes, double Flops,
    Func<KernelRig, KernelRun> Make)
{
    public override string ToString() => $"{Op}{(Format is { } f ? $" {f}" : "")} {Shape}";
}

/// <summary>
/// A result of a case: f32 values, u32 values when <paramref name="Words"/> is set, or u8 values when <paramref name="Bytes"/> is, from the
/// first byte of a tensor.
/// </summary>
/// <param name="Values">Where they are.</param>
/// <param name="Expected">The reference's values, paddings included.</param>
/// <param name="Words">Integers.</param>
/// <param name="Bytes">Single bytes.</param>
internal sealed record KernelOutput(Tensor Values, Func<float[]> Expected, bool Words = false, bool Bytes = false);

/// <summary>A case on the device.</summary>
/// <param name="Nodes">What to dispatch, in order.</param>
/// <param name="Shape">Step that the nodes' grids are made for.</param>
/// <param name="Outputs">What to compare.</param>
internal sealed record KernelRun(IReadOnlyList<GraphNode> Nodes, StepShape Shape, params KernelOutput[] Outputs)
{
    public KernelRun(IReadOnlyList<GraphNode> nodes, StepShape shape, Tensor output, Func<float[]> expected)
        : this(nodes, shape, new KernelOutput(output, expected))
    {
    }
}

/// <summary>Device memory and pipelines for kernel cases. <see cref="Reset"/> frees the memory of a case; pipelines stay.</summary>
internal sealed class KernelRig : IDisposable
{
    private readonly Uploader _uploader;
    private readonly CommandRecorder _recorder;
    private readonly Timeline _timeline;
    private readonly List<GpuBuffer> _readback = [];
    private readonly HashSet<DispatchNode> _ran = [];
    private TensorArena _arena;
    private bool _makesIntegers;

    public KernelRig(GpuDevice device)
    {
        Device = device;
        Library = new KernelLibrary(device);
        _uploader = new Uploader(device, 16 << 20);
        _recorder = new CommandRecorder(device, "kernel case");
        _timeline = new Timeline(device, "kernel cases");
        _arena = new TensorArena(device, "kernel case", 1 << 20);
        Nothing = Empty(256);
    }

    public GpuDevice Device { get; }

    public KernelLibrary Library { get; private set; }

    /// <summary>How products of the next cases are computed.</summary>
    public void Use(Precision precision, bool integerDot, bool makesIntegers = false, WideTile wideTile = WideTile.None)
    {
        Library = new KernelLibrary(Device, precision, integerDot, wideTile);
        _makesIntegers = makesIntegers;
    }

    /// <summary>Room for the integers of so many rows; null where products make their own.</summary>
    public Func<int, Tensor>? Integers(int rows) => _makesIntegers
        ? words => Empty(4L * CaseData.RoundUp(rows, MatMul.MostWideRows) * words) : null;

    /// <summary>Stands where a kernel does not look.</summary>
    public Tensor Nothing { get; private set; }

    public Tensor Floats(ReadOnlySpan<float> values) => Upload(MemoryMarshal.AsBytes(values).ToArray());

    public Tensor Words(ReadOnlySpan<uint> values) => Upload(MemoryMarshal.AsBytes(values).ToArray());

    /// <summary>Zeros.</summary>
    public Tensor Empty(long bytes)
    {
        Tensor tensor = _arena.Allocate((bytes + 15) & ~15L, "empty");
        _uploader.Clear(tensor);
        return tensor;
    }

    /// <summary>Packs a matrix (a stack of <paramref name="slabs"/>) as the loader does, cut into segments of so many row groups.</summary>
    /// <param name="type">Format.</param>
    /// <param name="blocks">[slabs, rows, columns] as in a file.</param>
    /// <param name="rows">Rows of one matrix.</param>
    /// <param name="columns">Columns.</param>
    /// <param name="slabs">Matrices.</param>
    /// <param name="bias">[slabs, rows], or null.</param>
    /// <param name="segmentGroups">Row groups per segment.</param>
    public WeightMatrix Matrix(TensorType type, ReadOnlySpan<byte> blocks, int rows, int columns, int slabs = 1, float[]? bias = null,
        int segmentGroups = int.MaxValue)
    {
        WeightLayout layout = WeightLayout.For(type)!;
        int groupBytes = (int)layout.GroupBytes(columns), rowBytes = blocks.Length / rows / slabs, groups = (rows + 31) / 32;
        byte[] packed = new byte[groups * slabs * groupBytes];
        for (int g = 0; g < groups * slabs; g++)
        {
            int row = g % groups * 32, count = Math.Min(32, rows - row);
            layout.Pack(blocks.Slice((g / groups * rows + row) * rowBytes, count * rowBytes), columns,
                packed.AsSpan(g * groupBytes, groupBytes));
        }

        List<WeightSegment> segments = [];
        for (int first = 0; first < groups * slabs; first += segments[^1].Groups)
        {
            int count = Math.Min(segmentGroups, groups * slabs - first);
            segments.Add(new WeightSegment(Upload(packed.AsSpan(first * groupBytes, count * groupBytes).ToArray()), first, count));
        }

        Tensor? biases = bias is null ? null : Floats(CaseData.Pad(bias, rows, groups * 32, slabs));
        byte[] codebook = Codebooks.For(type);
        Tensor? entries = codebook.Length == 0 ? null : Upload(codebook).As(Codebooks.Format(type));
        return new WeightMatrix("w", layout, columns, groups, slabs, biases, segments, entries);
    }

    /// <summary>A node of one dispatch.</summary>
    public GraphNode Node(string shader, uint lanes, ReadOnlySpan<Tensor> tensors, Grid grid, params ReadOnlySpan<Constant> constants) =>
        new([Library.Pipeline(shader, ("workgroupSize", lanes)).Node(shader, tensors, constants)], _ => grid);

    /// <summary>A node of one dispatch whose shader has more specialization constants than the workgroup size.</summary>
    public GraphNode Node(string shader, ReadOnlySpan<Constant> specialization, ReadOnlySpan<Tensor> tensors, Grid grid,
        params ReadOnlySpan<Constant> constants) =>
        new([Library.Pipeline(shader, specialization).Node(shader, tensors, constants)], _ => grid);

    /// <summary>Runs a case once and waits; with <paramref name="times"/>, timed.</summary>
    public void Run(IEnumerable<GraphNode> nodes, StepShape shape, TimestampQueries? times = null)
    {
        _uploader.Finish();
        _recorder.WaitUntilFree();
        _recorder.Begin(times);
        foreach (GraphNode node in nodes)
        {
            node.Record(_recorder, shape);
            _ran.UnionWith(node.Variants);
        }

        _recorder.End();
        _timeline.Wait(_timeline.Submit(_recorder));
    }

    public float[] ReadFloats(Tensor tensor, int count) => [.. MemoryMarshal.Cast<byte, float>(Read(tensor))[..count]];

    public uint[] ReadWords(Tensor tensor, int count) => [.. MemoryMarshal.Cast<byte, uint>(Read(tensor))[..count]];

    public void Reset()
    {
        _uploader.Finish();
        foreach (DispatchNode node in _ran) node.Free();
        _ran.Clear();
        _arena.Dispose();
        _readback.ForEach(b => b.Dispose());
        _readback.Clear();
        _arena = new TensorArena(Device, "kernel case", 1 << 20);
        Nothing = Empty(256);
    }

    public void Dispose()
    {
        _uploader.Dispose();
        _timeline.Dispose();
        _recorder.Dispose();
        _readback.ForEach(b => b.Dispose());
        _arena.Dispose();
    }

    private Tensor Upload(byte[] bytes)
    {
        Tensor tensor = _arena.Allocate((bytes.Length + 15) & ~15, "input");
        Array.Resize(ref bytes, (int)tensor.Bytes);
        _uploader.Write(tensor, bytes);
        return tensor;
    }

    private Span<byte> Read(Tensor tensor)
    {
        GpuBuffer buffer = Device.Memory.Allocate(tensor.Bytes, MemoryKind.Readback, "readback");
        _readback.Add(buffer);
        _recorder.WaitUntilFree();
        _recorder.Begin();
        _recorder.Copy(tensor, buffer.Whole, tensor.Bytes);
        _recorder.End();
        _timeline.Wait(_timeline.Submit(_recorder));
        return buffer.Mapped[..(int)tensor.Bytes];
    }
}
