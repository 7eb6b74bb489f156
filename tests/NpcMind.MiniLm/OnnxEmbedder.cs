using Microsoft.ML.OnnxRuntime;
using Microsoft.ML.OnnxRuntime.Tensors;

namespace NpcMind.MiniLm;

/// <summary>Embeddings by ONNX Runtime: the mean of the last hidden state, of length 1.</summary>
internal sealed class OnnxEmbedder(byte[] model) : IDisposable
{
    private readonly InferenceSession _session = new(model);

    public float[] Embed(int[] tokens)
    {
        Dictionary<string, DenseTensor<long>> inputs = new()
        {
            ["input_ids"] = Row(tokens.Select(t => (long)t)),
            ["attention_mask"] = Row(tokens.Select(_ => 1L)),
            ["token_type_ids"] = Row(tokens.Select(_ => 0L)),
        };
        using IDisposableReadOnlyCollection<DisposableNamedOnnxValue> results = _session.Run(
            [.. _session.InputNames.Select(name => NamedOnnxValue.CreateFromTensor(name, inputs[name]))]);
        Tensor<float> hidden = results.First(r => r.AsTensor<float>().Rank == 3).AsTensor<float>();
        int width = hidden.Dimensions[2];
        double[] sums = new double[width];
        for (int row = 0; row < tokens.Length; row++)
            for (int i = 0; i < width; i++) sums[i] += hidden[0, row, i];
        double length = Math.Sqrt(sums.Sum(s => s * s));
        return [.. sums.Select(s => (float)(s / length))];
    }

    private static DenseTensor<long> Row(IEnumerable<long> values)
    {
        long[] all = [.. values];
        return new DenseTensor<long>(all.AsMemory(), [1, all.Length]);
    }

    public void Dispose() => _session.Dispose();
}
