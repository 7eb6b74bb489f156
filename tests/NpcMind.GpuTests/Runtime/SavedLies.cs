using System.Buffers;
using System.Buffers.Binary;
using NpcMind.Reference;
using NpcMind.Tests.Persistence;

namespace NpcMind.GpuTests.Runtime;

/// <summary>Saves taken apart and put together again with right checksums, whatever they say.</summary>
internal sealed class SavedLies
{
    private const int MaxBlocks = 64;
    private readonly List<byte[]> _blocks = [];

    public SavedLies(byte[] sound) => Mind = SaveCodec.Read(new MemoryStream(sound), (_, _, bytes) =>
    {
        _blocks.Add(bytes.ToArray());
        return true;
    }).Mind;

    /// <summary>What the save says.</summary>
    public SavedMind Mind { get; }

    /// <summary>A save that says something else.</summary>
    public byte[] Write(SavedMind mind, TinyRandom? random = null)
    {
        ArrayBufferWriter<byte> body = new();
        SavedMindWriter.Write(body, mind);
        byte[] header = new byte[SaveHeader.Bytes];
        uint checksum = SaveHeader.Write(header, body.WrittenSpan);
        using MemoryStream stream = new();
        stream.Write(header);
        stream.Write(body.WrittenSpan);
        if (mind.Kv is not { BytesPerBlock: > 0 and < 1 << 20 } kv || _blocks.Count == 0) return stream.ToArray();
        for (int i = 0; i < Math.Min(kv.Blocks, MaxBlocks); i++)
        {
            byte[] block = new byte[kv.BytesPerBlock], source = _blocks[Math.Min(i, _blocks.Count - 1)], sum = new byte[4];
            source.AsSpan(0, Math.Min(source.Length, block.Length)).CopyTo(block);
            if (random?.Below(40) == 0) block[random.Below(block.Length)] ^= (byte)(1 << random.Below(8));
            BinaryPrimitives.WriteUInt32LittleEndian(sum, SaveHeader.BlockChecksum(checksum, i, block));
            stream.Write(block);
            stream.Write(sum);
        }

        return stream.ToArray();
    }

    /// <summary>A save that lies.</summary>
    public byte[] Mutate(TinyRandom random) => Write(SaveMutations.Mutate(Mind, random), random);
}
