using System.Buffers.Binary;
using System.Text.Json;
using NpcMind.Core;
using NpcMind.Gguf;

namespace NpcMind.Cli;

/// <summary>A tensor of a safetensors file.</summary>
/// <param name="Path">File that holds it.</param>
/// <param name="Type">F32, F16 or BF16.</param>
/// <param name="Shape">Sizes, row length last.</param>
/// <param name="Offset">First byte in the file.</param>
/// <param name="ByteLength">Bytes.</param>
internal sealed record SafeTensor(string Path, TensorType Type, long[] Shape, long Offset, int ByteLength)
{
    /// <summary>Reads its bytes.</summary>
    public byte[] Read()
    {
        using FileStream stream = RegularFile.OpenStream(Path);
        stream.Position = Offset;
        byte[] bytes = new byte[ByteLength];
        stream.ReadExactly(bytes);
        return bytes;
    }
}

/// <summary>
/// Reads the headers of safetensors files (github.com/huggingface/safetensors, "Format"): a length of 8 bytes, that many bytes of JSON,
/// then data.
/// </summary>
internal static class SafetensorsFile
{
    private const long MaxHeaderBytes = 100 << 20; // what the format's own reader allows

    /// <summary>Finds all tensors of a folder's model.safetensors, or of the parts model-NNNNN-of-NNNNN.safetensors.</summary>
    /// <exception cref="CliException">There is no such file, or one is damaged.</exception>
    public static Dictionary<string, SafeTensor> ReadFolder(string folder)
    {
        string whole = Path.Combine(folder, "model.safetensors");
        string[] paths = File.Exists(whole) ? [whole] : Directory.GetFiles(folder, "model-*-of-*.safetensors");
        if (paths.Length == 0)
            throw new CliException(
                $"{folder} has no model.safetensors: a folder with config.json, vocab.json, merges.txt and safetensors files is needed.");
        Dictionary<string, SafeTensor> tensors = new(StringComparer.Ordinal);
        foreach (string path in paths.Order(StringComparer.Ordinal))
            foreach ((string name, SafeTensor tensor) in Read(path))
                if (!tensors.TryAdd(name, tensor))
                    throw new CliException(
                        $"{path}: the tensor '{name}' is in {tensors[name].Path}, too: keep the parts of one model only.");
        return tensors;
    }

    private static List<(string Name, SafeTensor Tensor)> Read(string path)
    {
        using FileStream stream = RegularFile.OpenStream(path);
        byte[] length = new byte[8];
        if (stream.ReadAtLeast(length, 8, throwOnEndOfStream: false) < 8) throw Damaged(path, "it is shorter than its 8 bytes of length");
        ulong headerBytes = BinaryPrimitives.ReadUInt64LittleEndian(length);
        if (headerBytes > (ulong)Math.Min(MaxHeaderBytes, stream.Length - 8))
            throw Damaged(path, $"a header of {headerBytes} bytes in a file of {stream.Length}");
        byte[] header = new byte[headerBytes];
        stream.ReadExactly(header);
        long start = 8 + header.Length, dataBytes = stream.Length - start;
        using JsonDocument json = Parse(path, header);
        List<(string Name, SafeTensor Tensor)> tensors = [];
        foreach (JsonProperty one in json.RootElement.EnumerateObject())
            if (one.Name != "__metadata__") tensors.Add((one.Name, Tensor(path, one, start, dataBytes)));
        return tensors;
    }

    private static JsonDocument Parse(string path, byte[] header)
    {
        try
        {
            JsonDocument json = JsonDocument.Parse(header);
            return json.RootElement.ValueKind == JsonValueKind.Object ? json : throw Damaged(path, "its header is no JSON object");
        }
        catch (JsonException e)
        {
            throw Damaged(path, $"its header is not JSON ({e.Message})");
        }
    }

    private static SafeTensor Tensor(string path, JsonProperty one, long start, long dataBytes)
    {
        if (one.Value.ValueKind != JsonValueKind.Object || !one.Value.TryGetProperty("dtype", out JsonElement kind)
            || !one.Value.TryGetProperty("shape", out JsonElement sizes)
            || !one.Value.TryGetProperty("data_offsets", out JsonElement offsets)
            || kind.ValueKind != JsonValueKind.String || Numbers(sizes) is not { } shape || Numbers(offsets) is not [long from, long to])
            throw Damaged(path, $"the tensor '{one.Name}' lacks its dtype, shape or data_offsets");
        (TensorType type, int size) = kind.GetString() switch
        {
            "F32" => (TensorType.F32, 4),
            "F16" => (TensorType.F16, 2),
            "BF16" => (TensorType.BF16, 2),
            _ => throw new CliException($"{path}: the tensor '{one.Name}' is {kind}: only F32, F16 and BF16 can be converted."),
        };
        long bytes = size;
        foreach (long d in shape)
            bytes = d > 0 && bytes <= int.MaxValue / d ? bytes * d
                : throw Damaged(path, $"the tensor '{one.Name}' has a size of {d}, or more than 2 GiB in all");
        if (from < 0 || to > dataBytes || to - from != bytes)
            throw Damaged(path, $"the tensor '{one.Name}' has data_offsets {from} to {to} where {bytes} bytes of {dataBytes} are expected");
        return new SafeTensor(path, type, shape, start + from, (int)bytes);
    }

    private static long[]? Numbers(JsonElement array)
    {
        if (array.ValueKind != JsonValueKind.Array || array.GetArrayLength() > 4) return null;
        long[] numbers = new long[array.GetArrayLength()];
        int i = 0;
        foreach (JsonElement one in array.EnumerateArray())
            if (one.ValueKind != JsonValueKind.Number || !one.TryGetInt64(out numbers[i++])) return null;
        return numbers;
    }

    private static CliException Damaged(string path, string how) =>
        new($"{path} is not a valid safetensors file: {how}. Download it again.");
}
