using System.Runtime.InteropServices;
using NpcMind.Gpu;
using NpcMind.Inference;
using NpcMind.Reference;

namespace NpcMind.GpuTests;

/// <summary>Operations of picture preparation and image encoders.</summary>
internal static class VisionCases
{
    public static IEnumerable<KernelCase> All()
    {
        yield return ResampleBuffer(1, 1, 1, 1, 1, 1);
        yield return ResampleBuffer(20, 13, 20, 13, 20, 13);
        yield return ResampleBuffer(31, 17, 9, 33, 24, 48);
        yield return ResampleBuffer(9, 40, 25, 3, 25, 9);
        yield return ResampleBuffer(31, 17, 9, 33, 24, 48, framed: true);
        yield return Pool(12, 4, 64);
        yield return Pool(6, 3, 20);
        yield return Hash(1, 0);
        yield return Hash(5000, 70_000);
        foreach ((int size, int columns, int width) in new[] { (14, 6, 84), (16, 2, 100), (1, 3, 9) })
            yield return Patches(size, columns, width);
        foreach (int dim in new[] { 24, 64, 1152 })
            foreach (int rows in new[] { 1, 37 })
                yield return LayerNorm(dim, rows, 1);
        yield return LayerNorm(1408, 3, 1000);
        foreach (ActivationForm form in Enum.GetValues<ActivationForm>())
            foreach (float largest in new[] { 3f, 30f }) yield return Activation(form, largest);
        yield return Embed(64, 37, 36, 0);
        yield return Embed(64, 37, 36, 1);
        yield return Embed(96, 4, 4, 0);
        foreach ((int columns, int scale, int width) in new[] { (6, 2, 64), (6, 3, 20), (4, 1, 24),
            (8, 4, 96) }) yield return Shuffle(columns, scale, width, scale % 2);
    }

    /// <summary>
    /// Tables with gaps, overlaps, negative weights and sums beyond a byte, over a source with more columns than are used.
    /// </summary>
    private static KernelCase ResampleBuffer(
        int sourceWidth, int sourceHeight, int width, int height, int canvasWidth, int canvasHeight, bool framed = false) => new(
        "resample_buffer",
            $"{sourceWidth} x {sourceHeight} to {width} x {height} on {canvasWidth} x {canvasHeight}{(framed ? " in a frame" : "")}", null,
            0, 4.0 * (sourceWidth * sourceHeight + canvasWidth * canvasHeight), 0, rig =>
        {
            TinyRandom random = new(width);
            int stride = sourceWidth + 3;
            byte[] rgba = [.. Enumerable.Range(0, stride * sourceHeight * 4).Select(_ => (byte)random.Below(256))];
            ResampleByTable.Table horizontal = Table(random, sourceWidth, width), vertical = Table(random, sourceHeight, height);
            uint[] across = Words(horizontal);
            // What lies beside the picture is not looked at.
            (int X, int Y, int Right, int Lower) frame = framed ? (3, 2, 5, 1) : default;
            const uint Fill = 0xFF_68_74_7A;
            byte[] source = [.. rgba];
            for (int i = 0; framed && i < stride * sourceHeight; i++)
                if (i % stride < frame.X || i % stride >= sourceWidth - frame.Right || i / stride < frame.Y
                    || i / stride >= sourceHeight - frame.Lower)
                    BitConverter.TryWriteBytes(source.AsSpan(i * 4), Fill);
            uint firstPixel = (uint)(frame.Y * stride + frame.X);
            Tensor canvas = rig.Empty(canvasWidth * canvasHeight * 4);
            uint lanes = rig.Library.SmallWorkgroup;
            GraphNode node = rig.Node(
                "resample_buffer", lanes,
                [rig.Words([.. new uint[5], .. MemoryMarshal.Cast<byte, uint>(rgba)]).As(TexelFormat.UInt1),
                    rig.Words([.. across, .. Words(vertical)]).As(TexelFormat.UInt1), canvas],
                new Grid((canvasWidth + (int)lanes - 1) / (int)lanes, canvasHeight),
                ("sourceFirst", 5u + firstPixel), ("sourceStride", (uint)stride), ("width", (uint)width), ("height", (uint)height),
                    ("canvasWidth", (uint)canvasWidth), ("horizontal", 0u), ("vertical", (uint)across.Length),
                ("pictureX", (uint)frame.X), ("pictureY", (uint)frame.Y), ("pictureWidth", (uint)(sourceWidth - frame.X - frame.Right)),
                ("pictureHeight", (uint)(sourceHeight - frame.Y - frame.Lower)), ("fill", Fill));
            return new KernelRun([node], MatMulCases.Step(1),
                new KernelOutput(canvas, () =>
                [.. ResampleByTable.Run(source, stride, sourceHeight, horizontal, vertical, canvasWidth, canvasHeight).Select(b =>
                (float)b)], Bytes: true));
        });

    private static KernelCase Hash(int count, uint first) => new("picture_hash", $"{count} words", null, 0, 4.0 * count, 0, rig =>
    {
        TinyRandom random = new(count);
        uint[] words = [.. Enumerable.Range(0, count).Select(_ => (uint)random.Below(1 << 30))], sums = new uint[4];
        Tensor hash = rig.Empty(16);
        uint lanes = rig.Library.SmallWorkgroup;
        GraphNode node = rig.Node("picture_hash", lanes, [rig.Words([7, 7, 7, .. words]).As(TexelFormat.UInt1), hash],
            new Grid((count + (int)lanes * 64 - 1) / ((int)lanes * 64)), ("at", 3u), ("count", (uint)count), ("first", first));
        PictureHash.Add(sums, words, first);
        return new KernelRun([node], MatMulCases.Step(1), new KernelOutput(hash, () => AttentionCases.Bytes(sums), Bytes: true));
    });

    private static KernelCase Patches(int size, int columns, int width) =>
        new("patchify", $"{columns} x {columns} of {size} in {width}", null, 0, 16.0 * columns * columns * size * size, 0, rig =>
    {
        const int Before = 7, X = 2, Y = 1;
        int pixels = 3 * size * size, stride = CaseData.RoundUp(pixels, 64), side = columns * size, canvasWidth = width + X;
        TinyRandom random = new(size);
        byte[] rgba = [.. Enumerable.Range(0, canvasWidth * (side + Y) * 4).Select(_ => (byte)random.Below(256))];
        float[] mean = [0.5f, 0.48f, 0.4f], std = [0.5f, 0.27f, 0.26f];
        uint[] shades = [.. Enumerable.Range(0, 768)
            .Select(i => BitConverter.SingleToUInt32Bits((i % 256 / 255f - mean[i / 256]) / std[i / 256]))];
        Tensor patches = rig.Empty(columns * columns * stride * 4);
        uint lanes = rig.Library.SmallWorkgroup;
        GraphNode node = rig.Node(
            "patchify", lanes,
            [rig.Words([.. new uint[Before], .. MemoryMarshal.Cast<byte, uint>(rgba)]).As(TexelFormat.UInt1),
                rig.Words([Before, (uint)canvasWidth, X, Y, (uint)columns, (uint)columns, 0, 0]), rig.Words(shades).As(TexelFormat.UInt1),
                patches],
            new Grid((size * size + (int)lanes - 1) / (int)lanes, columns * columns), ("size", (uint)size), ("stride", (uint)stride));
        return new KernelRun([node], MatMulCases.Step(1), patches,
            () => CaseData.Pad(Patchify.Run(rgba, canvasWidth, X, Y, size, columns, mean, std), pixels, stride, columns * columns));
    });

    /// <param name="dim">Width.</param>
    /// <param name="rows">Rows.</param>
    /// <param name="offset">Added to every value: a variance from squares would lose what is left.</param>
    private static KernelCase LayerNorm(int dim, int rows, float offset) =>
        new("layer_norm", $"{dim} x{rows} around {offset}", null, offset > 1
            ? 1e-8 : 1e-13, 4.0 * dim * (2 * rows + 2), 6.0 * dim * rows, rig =>
    {
        int stride = CaseData.RoundUp(dim, 64);
        float[] x = [.. CaseData.Normal(1, rows * dim).Select(v => v + offset)], weight = CaseData.Normal(2, dim),
            bias = CaseData.Normal(3, dim);
        Tensor y = rig.Empty((long)rows * stride * 4);
        GraphNode node = new Norm(rig.Library).Layer(
            "layer_norm", rig.Floats(CaseData.Pad(x, dim, stride, rows)), rig.Floats(weight), rig.Floats(bias), y, dim, stride, 1e-5f,
            s => s.Rows);
        return new KernelRun([node], MatMulCases.Step(rows), y,
            () => CaseData.Pad(Reference.LayerNorm.Run(x, weight, bias, 1e-5f), dim, stride, rows));
    });

    private static KernelCase Activation(ActivationForm form, float largest) =>
        new("activation", $"{form} up to {largest}", null, 2e-14, 8.0 * 4096, 0, rig =>
    {
        const int Rows = 2, Width = 2048;
        float[] x = [.. Enumerable.Range(0, Rows * Width).Select(i => largest * (2f * i / (Rows * Width - 1) - 1))];
        Tensor y = rig.Empty(x.Length * 4);
        GraphNode node = new Activation(rig.Library, rig.Nothing).Plain("activation", form, rig.Floats(x), y, Width, s => s.Rows);
        return new KernelRun([node], MatMulCases.Step(Rows), y, () => form switch
        {
            ActivationForm.Gelu => Gelu.Exact(x),
            ActivationForm.GeluTanh => Gelu.Tanh(x),
            ActivationForm.GeluQuick => Gelu.Quick(x),
            _ => [.. x.Select(v => Math.Max(v, 0))],
        });
    });

    private static KernelCase Embed(int stride, int rows, int patches, int first) =>
        new("vision_embed", $"{patches} of {rows} rows of {stride} from {first}", null, 0, 12.0 * stride * rows, stride * rows, rig =>
    {
        float[] embedded = CaseData.Normal(1, rows * stride), position = CaseData.Normal(2, rows * stride);
        Tensor x = rig.Empty(rows * stride * 4);
        uint lanes = rig.Library.SmallWorkgroup;
        GraphNode node = rig.Node(
            "vision_embed", lanes, [rig.Floats(embedded).As(TexelFormat.Float4), rig.Floats(position).As(TexelFormat.Float4), x],
                new Grid((stride / 4 + (int)lanes - 1) / (int)lanes, rows), ("quads", (uint)stride / 4), ("first", (uint)first),
                ("patches", (uint)patches));
        return new KernelRun([node], MatMulCases.Step(rows), x, () =>
            [.. position.Select((p, i) => i >= first * stride && i < (first + patches) * stride ? p + embedded[i - first * stride] : p)]);
    });

    private static KernelCase Shuffle(int columns, int scale, int width, int firstRow) =>
        new("pixel_shuffle", $"{columns} x {columns} by {scale} of {width} from {firstRow}", null, 0, 8.0 * columns * columns * width, 0,
        rig =>
    {
        int stride = CaseData.RoundUp(width, 64), joined = scale * scale * width, yStride = CaseData.RoundUp(joined, 64),
        tokens = columns / scale * (columns / scale);
        float[] x = CaseData.Normal(1, columns * columns * width);
        Tensor y = rig.Empty(tokens * yStride * 4);
        uint lanes = rig.Library.SmallWorkgroup;
        GraphNode node = rig.Node(
            "pixel_shuffle", lanes,
                [rig.Floats([.. new float[firstRow * stride],
                .. CaseData.Pad(x, width, stride, columns * columns + 1)]).As(TexelFormat.Float4), y,
                rig.Words([0, 0, 0, 0, (uint)columns, (uint)columns, 0, 0])],
                new Grid((joined / 4 + (int)lanes - 1) / (int)lanes, tokens),
            ("firstRow", (uint)firstRow), ("scale", (uint)scale), ("quads", (uint)width / 4), ("xStride", (uint)stride / 4),
                ("yStride", (uint)yStride / 4));
        return new KernelRun([node], MatMulCases.Step(1), y,
            () => CaseData.Pad(PixelShuffle.Run(x, columns, scale), joined, yStride, tokens));
    });

    private static KernelCase Pool(int columns, int scale, int width) =>
        new("average_pool", $"{columns} x {columns} by {scale} of {width}", null, 1e-13, 8.0 * columns * columns * width, 0, rig =>
    {
        int stride = CaseData.RoundUp(width, 64), side = columns / scale;
        float[] x = CaseData.Normal(1, columns * columns * width), mean = new float[side * side * width];
        for (int i = 0; i < mean.Length; i++)
        {
            double sum = 0;
            int token = i / width;
            for (int part = 0; part < scale * scale; part++)
                sum += x[((token / side * scale + part / scale) * columns + token % side * scale + part % scale) * width + i % width];
            mean[i] = (float)(sum / (scale * scale));
        }

        Tensor y = rig.Empty(side * side * stride * 4);
        uint lanes = rig.Library.SmallWorkgroup;
        GraphNode node = rig.Node(
            "average_pool", lanes,
            [rig.Floats(CaseData.Pad(x, width, stride, columns * columns)).As(TexelFormat.Float4), y,
                rig.Words([0, 0, 0, 0, (uint)columns, (uint)columns, 0, 0])],
            new Grid((stride / 4 + (int)lanes - 1) / (int)lanes, side * side), ("scale", (uint)scale), ("stride", (uint)stride / 4));
        return new KernelRun([node], MatMulCases.Step(1), y, () => CaseData.Pad(mean, width, stride, side * side));
    });

    private static ResampleByTable.Table Table(TinyRandom random, int source, int target)
    {
        int taps = Math.Min(source, 5);
        ResampleByTable.Table table = new(new int[target], new int[target], new int[target * taps], taps);
        for (int i = 0; i < target; i++)
        {
            table.Count[i] = 1 + random.Below(taps);
            table.First[i] = random.Below(source - table.Count[i] + 1);
            for (int j = 0; j < taps; j++) table.Weights[i * taps + j] = random.Below(3 << 20) - (1 << 20);
        }

        return table;
    }

    private static uint[] Words(ResampleByTable.Table table) =>
        [(uint)table.Taps, .. table.First.Select(v => (uint)v), .. table.Count.Select(v => (uint)v), .. table.Weights.Select(v => (uint)v)];
}
