using System.Runtime.InteropServices;
using NpcMind.Gguf;
using NpcMind.Gpu;

namespace NpcMind.Inference;

/// <summary>
/// Reads rows of a matrix in any format as f32. The device expands them, with the kernels that read embeddings, so each weight has the very
/// bits that it has in a product. Waits for the device: for loading.
/// </summary>
internal sealed class WeightDequantizer(GpuDevice device, GgufFile file, KernelLibrary kernels)
{
    /// <summary>Rows expanded at a time: as many as an update of the row table can hold.</summary>
    private const int PieceRows = 4096;

    private const int StagingBytes = 4 << 20;

    /// <summary>Some rows of each slab of a matrix: [slabs * rows of the part, columns].</summary>
    /// <exception cref="GgufFormatException">The tensor is missing or has another shape.</exception>
    /// <exception cref="UnsupportedModelException">There is no kernel for its type.</exception>
    public float[] Rows(MatrixPart part, int columns, int slabs)
    {
        using TensorArena arena = new(device, "rows to expand", 1 << 20);
        using Uploader uploader = new(device, StagingBytes);
        WeightLoader weights = new(device, file, arena, uploader);
        WeightMatrix matrix = weights.Matrix(part, columns, slabs);
        int[] rows = [.. Enumerable.Range(0, slabs * part.Rows).Select(r => r / part.Rows * matrix.OutputColumns + r % part.Rows)];
        int most = Math.Min(rows.Length, PieceRows);
        Tensor table = arena.Allocate(most * 16, "row table"), nothing = arena.Allocate(256, "nothing"),
            log = arena.Allocate(256, "token log"), x = arena.Allocate((long)most * columns * 4, "expanded rows");
        uploader.Clear(nothing);
        uploader.Finish();
        GraphNode[] nodes = [.. new Embed(kernels).Nodes("expand", matrix, table, nothing, x, columns, log, nothing, 1, 1)];
        try
        {
            return Run(rows, columns, table, nodes, x);
        }
        finally
        {
            foreach (GraphNode node in nodes) node.Variants[0].Free();
        }
    }

    private float[] Run(int[] rows, int columns, Tensor table, GraphNode[] nodes, Tensor x)
    {
        using CommandRecorder recorder = new(device, "expand");
        using Timeline timeline = new(device, "expand");
        using GpuBuffer readback = device.Memory.Allocate(x.Bytes, MemoryKind.Readback, "expanded rows");
        float[] all = new float[(long)rows.Length * columns];
        for (int first = 0; first < rows.Length; first += PieceRows)
        {
            int count = Math.Min(PieceRows, rows.Length - first);
            uint[] entries = [.. rows.Skip(first).Take(count).SelectMany(row => new[] { (uint)row, 0u, 0u, 0u })];
            recorder.Begin();
            recorder.Update(table, MemoryMarshal.AsBytes(entries.AsSpan()));
            foreach (GraphNode node in nodes) node.Record(recorder, new StepShape(count, 0, 0, 0, 1));
            recorder.Copy(x, readback.Whole, (long)count * columns * 4);
            recorder.End();
            timeline.Wait(timeline.Submit(recorder));
            MemoryMarshal.Cast<byte, float>(readback.Mapped)[..(count * columns)].CopyTo(all.AsSpan(first * columns));
        }

        return all;
    }
}
