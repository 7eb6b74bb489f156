using NpcMind.Gguf;

namespace NpcMind.Reference;

/// <summary>
/// A matrix with its optional bias, expanded to binary32: [rows, columns] and [rows]. With several slabs (experts) they lie back to back.
/// </summary>
internal sealed record Matrix(float[] Weights, int Rows, int Columns, float[] Bias)
{
    /// <summary>y[n, rows] = W x + bias.</summary>
    public float[] Times(ReadOnlySpan<float> x) => MatMul.Run(Weights, x, Columns, Bias);

    /// <summary>The same with slab <paramref name="index"/>.</summary>
    public float[] Times(int index, ReadOnlySpan<float> x) =>
        MatMul.Run(Weights.AsSpan(index * Rows * Columns, Rows * Columns), x, Columns, Bias.Length == 0
            ? default : Bias.AsSpan(index * Rows, Rows));
}

/// <summary>Matrices of a gated feed-forward unit, with one slab or one per expert: down (silu(gate x) * up x).</summary>
internal sealed record GatedUnit(Matrix Gate, Matrix Up, Matrix Down)
{
    /// <summary>The unit of slab <paramref name="index"/> on [n, columns].</summary>
    public float[] Run(ReadOnlySpan<float> x, int index = 0) => Down.Times(index, SwiGlu.Run(Gate.Times(index, x), Up.Times(index, x)));
}

/// <summary>Reads tensors by name, expanded to binary32.</summary>
internal sealed class ReferenceTensors(GgufFile file)
{
    public bool Has(string name) => file.Find(name) is not null;

    /// <summary>Tensor <c>name.weight</c> and, where there is one, <c>name.bias</c>.</summary>
    public Matrix Matrix(string name)
    {
        GgufTensor tensor = file.Find(name + ".weight") ?? throw Missing(name + ".weight");
        return new Matrix(Dequantize.Tensor(file, tensor), (int)tensor.Rows, (int)tensor.Columns, Optional(name + ".bias") ?? []);
    }

    /// <summary>Tensors <c>name_gate</c>, <c>name_up</c> and <c>name_down</c>, each followed by <paramref name="suffix"/>.</summary>
    public GatedUnit GatedUnit(string name, string suffix = "") =>
        new(Matrix($"{name}_gate{suffix}"), Matrix($"{name}_up{suffix}"), Matrix($"{name}_down{suffix}"));

    public float[] Vector(string name) => Optional(name) ?? throw Missing(name);

    public float[]? Optional(string name) => file.Find(name) is { } tensor ? Dequantize.Tensor(file, tensor) : null;

    private static InvalidDataException Missing(string name) => new($"Tensor '{name}' is missing.");
}
