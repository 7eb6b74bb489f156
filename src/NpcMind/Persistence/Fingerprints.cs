using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;
using NpcMind.Gguf;
using NpcMind.Gpu;

namespace NpcMind;

/// <summary>What saves are held against.</summary>
internal static class Fingerprints
{
    /// <summary>Raised when the same model, device and format would no longer give the same keys and values.</summary>
    private const int EngineVersion = 1;
    private const int SampleBytes = 4096;

    /// <summary>
    /// SHA-256 over the metadata (of long arrays a thousand values) and tensors' names, shapes and types, and the ends of each tensor:
    /// reading gigabytes would delay every start.
    /// </summary>
    public static byte[] Model(GgufFile file)
    {
        using IncrementalHash hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        Span<byte> sample = stackalloc byte[SampleBytes];
        foreach (string key in file.Metadata.Keys)
        {
            GgufValue value = file.Metadata.Find(key)!;
            hash.AppendData(Encoding.UTF8.GetBytes($"{key} {value}\n"));
            for (int i = 0; value.Type == GgufValueType.Array && i < value.Count; i += Math.Max(1, value.Count / 1024))
            {
                if (value.IsString) hash.AppendData(value.Utf8(i));
                else hash.AppendData(BitConverter.GetBytes(value.Number(i)));
            }
        }

        foreach (GgufTensor tensor in file.Tensors)
        {
            hash.AppendData(Encoding.UTF8.GetBytes($"{tensor.Name} {tensor.Type} {tensor.Rows} {tensor.Slabs}"));
            BinaryPrimitives.WriteInt64LittleEndian(sample, tensor.ByteLength);
            hash.AppendData(sample[..8]);
            Span<byte> part = sample[..(int)Math.Min(SampleBytes, tensor.ByteLength)];
            file.Read(tensor, 0, part);
            hash.AppendData(part);
            file.Read(tensor, tensor.ByteLength - part.Length, part);
            hash.AppendData(part);
        }

        return hash.GetHashAndReset();
    }

    /// <summary>Where keys and values have the same bits.</summary>
    public static string Cache(GpuDevice device, KvFormat format, Precision precision) =>
        $"{EngineVersion} {format} {(precision == Precision.Exact ? "" : $"{precision} ")}{device.Limits.Name} {device.Limits.Driver}";

    /// <summary>SHA-256 of tokens.</summary>
    public static byte[] Tokens(ReadOnlySpan<int> tokens) => SHA256.HashData(System.Runtime.InteropServices.MemoryMarshal.AsBytes(tokens));
}
