using NpcMind.Gguf;

namespace NpcMind.Reference;

/// <summary>Draws the tensors of a tiny model, in the order of the calls.</summary>
internal sealed class TinyWeights(GgufWriter writer, int seed)
{
    private readonly TinyRandom _random = new(seed);

    /// <summary>
    /// Tensor <c>name.weight</c> of normal values: <paramref name="gain"/> is by how much it widens what it reads. With a bias,
    /// <c>name.bias</c> as well.
    /// </summary>
    public void Matrix(string name, TensorType type, int rows, int columns, double gain, bool bias = false, int slabs = 0) =>
        Matrix(name, type, slabs > 0 ? [columns, rows, slabs] : [columns, rows], columns, gain, bias ? rows : 0);

    /// <summary>The same with any dimensions, of which those that add up to one product hold <paramref name="columns"/> weights.</summary>
    public void Matrix(string name, TensorType type, long[] dimensions, int columns, double gain, int biases)
    {
        float[] values = Draw(dimensions.Aggregate(1L, (product, d) => product * d), 0, gain / Math.Sqrt(columns));
        writer.AddTensor(name + ".weight", type, dimensions, Quantize.Rows(type, values));
        if (biases > 0) Vector(name + ".bias", Draw(biases, 0, 0.2));
    }

    /// <summary>Weights of a norm, around 1.</summary>
    public void Norm(string name, int width) => Vector(name + ".weight", Draw(width, 1, 0.1));

    /// <summary>Tensor <paramref name="name"/> of normal values around 0.</summary>
    public void Vector(string name, int width, double deviation) => Vector(name, Draw(width, 0, deviation));

    /// <summary>F32 tensor <paramref name="name"/> of <paramref name="rows"/> rows of normal values around 0.</summary>
    public void Table(string name, int width, int rows, double deviation) =>
        writer.AddTensor(name, TensorType.F32, [width, rows], Quantize.Rows(TensorType.F32, Draw((long)width * rows, 0, deviation)));

    /// <summary>From 1 for fast pairs to 8 for slow ones.</summary>
    public void RopeFactors(int headDimension)
    {
        int pairs = headDimension / 2;
        Vector("rope_freqs.weight", [.. Enumerable.Range(0, pairs).Select(k => 1 + (7f * k / Math.Max(1, pairs - 1)))]);
    }

    private void Vector(string name, float[] values) =>
        writer.AddTensor(name, TensorType.F32, [values.Length], Quantize.Rows(TensorType.F32, values));

    private float[] Draw(long count, double mean, double deviation)
    {
        float[] values = new float[count];
        for (int i = 0; i < values.Length; i++) values[i] = (float)(mean + (deviation * _random.Normal()));
        return values;
    }
}
