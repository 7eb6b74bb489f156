using System.Runtime.InteropServices;
using NpcMind.Gguf;
using NpcMind.Reference;

namespace NpcMind.GpuTests;

/// <summary>A small model that is sound in every respect, and copies of it with something changed.</summary>
internal static class ModelCopies
{
    private const int Layers = 8;

    /// <summary>A template in the form of the tiny models, with the marks of turns as given.</summary>
    private const string Template = "{% for m in messages %}{{ '<|turn|>' + m.role + '\n' + m.content + '<|end|>\n' }}{% endfor %}"
        + "{% if add_generation_prompt %}{{ '<|turn|>assistant\n' }}{% endif %}";

    public static string ChatTemplate => Template;

    /// <summary>
    /// Writes the sound model: of the form of Llama 3.1, with weights whose size depends on row and column as in trained models, because
    /// that is what a shuffle destroys.
    /// </summary>
    public static string WriteSound(string folder)
    {
        string plain = TinyEngines.Path(TinyModelOptions.Dense with
        {
            Blocks = Layers,
            Matrices = TensorType.F32,
            RopeFactors = true,
            Tokenizer = true,
            ChatTemplate = true,
            Template = Template,
        }), path = Path.Combine(folder, "sound.gguf");
        Write(plain, path, new()
        {
            ["tokenizer.ggml.add_bos_token"] = (w, key) => w.Add(key, false),
            ["llama.rope.freq_base"] = (w, key) => w.Add(key, 500000f),
            ["llama.context_length"] = (w, key) => w.Add(key, 131072u),
            ["general.license"] = (w, key) => w.Add(key, "mit"),
        }, Trained);
        return path;
    }

    /// <summary>Writes a copy.</summary>
    /// <param name="from">Model.</param>
    /// <param name="to">Path of the copy.</param>
    /// <param name="keys">What is written in place of keys, or besides; null leaves a key out.</param>
    /// <param name="change">Changes a tensor's data, or returns null to leave it out.</param>
    public static void Write(string from, string to, Dictionary<string, Action<GgufWriter, string>?> keys, Func<GgufTensor, byte[],
        byte[]?>? change = null)
    {
        using GgufFile file = GgufFile.Open(from);
        GgufWriter writer = new();
        foreach (string key in file.Metadata.Keys)
            if (!keys.ContainsKey(key)) writer.Add(key, file.Metadata.Find(key)!);
        foreach ((string key, Action<GgufWriter, string>? write) in keys) write?.Invoke(writer, key);
        foreach (GgufTensor tensor in file.Tensors)
        {
            byte[] data = new byte[tensor.ByteLength];
            file.Read(tensor, 0, data);
            if ((change is null ? data : change(tensor, data)) is { } changed) writer.AddTensor(tensor.Name, tensor.Type,
                [.. tensor.Dimensions], changed);
        }

        writer.Save(to);
    }

    /// <summary>Changes the weights of one F32 tensor.</summary>
    public static Func<GgufTensor, byte[], byte[]?> In(string name, Action<GgufTensor, Memory<float>> change) => (tensor, data) =>
    {
        if (tensor.Name != name) return data;
        float[] weights = MemoryMarshal.Cast<byte, float>(data).ToArray();
        change(tensor, weights);
        return MemoryMarshal.AsBytes(weights.AsSpan()).ToArray();
    };

    /// <summary>Puts the weights into a random order.</summary>
    public static void Shuffle(Span<float> weights)
    {
        TinyRandom random = new(3);
        for (int i = weights.Length - 1; i > 0; i--)
        {
            int other = random.Below(i + 1);
            (weights[i], weights[other]) = (weights[other], weights[i]);
        }
    }

    private static byte[]? Trained(GgufTensor tensor, byte[] data)
    {
        if (tensor.Dimensions.Count < 2 || !tensor.Name.StartsWith("blk.", StringComparison.Ordinal)) return data;
        float[] weights = MemoryMarshal.Cast<byte, float>(data).ToArray();
        bool isDown = tensor.Name.Contains("ffn_down", StringComparison.Ordinal);
        TinyRandom random = new(tensor.Name.Split(
            '.')[1][0]); // the hidden units of a layer are as strong where they are read as where they are written
        float[] strengths = [.. Enumerable.Range(0, (int)(isDown ? tensor.Columns : tensor.Rows))
            .Select(_ => (float)Math.Pow(2, random.Normal()))];
        for (int i = 0; i < weights.Length; i++) weights[i] *= strengths[isDown ? i % tensor.Columns : i / tensor.Columns];
        return MemoryMarshal.AsBytes(weights.AsSpan()).ToArray();
    }
}
