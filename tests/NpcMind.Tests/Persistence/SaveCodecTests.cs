using System.Buffers;
using CsCheck;
using MessagePack;
using NUnit.Framework;

namespace NpcMind.Tests.Persistence;

internal sealed class SaveCodecTests
{
    private static readonly SavedMind Mira = new()
    {
        Name = "Mira",
        ModelFingerprint = new byte[32],
        CacheFingerprint = "device",
        PrefixFingerprint = new byte[32],
        PrefixTokens = 10,
        Persona = "A fisher.",
        Turns = [new(1, "Player", "Hello", 0, 2)],
        Tokens = [5, 6, 7],
        Sampler = new(0.7f, 40, 0.9f, 0, 1, 0, 0, 64, 3),
        Kv = new(10, 3, 4, 1000),
    };

    [Test]
    public void Read_WrittenMind_RoundTrips() =>
        SavedMinds.Any.Sample(
            mind =>
            {
                int blocks = 0;
                LoadedMind loaded = SaveCodec.Read(new MemoryStream(SavedMinds.Bytes(mind)), (_, block, bytes) => block == blocks++
                    && SavedMinds.IsBlock(block, bytes));
                return SavedMinds.Describe(loaded.Mind) == SavedMinds.Describe(mind) && !loaded.KvDamaged
                    && loaded.KvBlocks == (mind.Kv?.Blocks ?? 0) && blocks == loaded.KvBlocks;
            },
            iter: 1000);

    [Test]
    public void Read_SeveralMindsFromUnseekableStream_ReadsOneByOne() =>
        SavedMinds.Any.List[1, 4].Sample(
            minds =>
            {
                using OneWayStream stream = new([.. minds.SelectMany(SavedMinds.Bytes), 42]);
                for (int i = 0; i < minds.Count; i++)
                {
                    // Taking all blocks, some blocks or none must end at the same byte.
                    int wanted = i % 3 == 0 ? 0 : i % 3 == 1 ? 2 : int.MaxValue;
                    LoadedMind loaded = SaveCodec.Read(stream, wanted == 0 ? null : (_, block, _) => block < wanted);
                    Assert.That(SavedMinds.Describe(loaded.Mind), Is.EqualTo(SavedMinds.Describe(minds[i])));
                    Assert.That((loaded.KvBlocks, loaded.KvDamaged), Is.EqualTo((Math.Min(wanted, minds[i].Kv?.Blocks ?? 0), false)));
                }

                Assert.That(stream.Left, Is.EqualTo(1));
            },
            iter: 100);

    [Test]
    public void Read_AfterLastMind_SaysItEnded()
    {
        SaveFormatException error = Refused([]);
        Assert.That(error.Message,
            Is.EqualTo("stream: at byte 0: expected a saved mind, which begins with NPCMIND, found the end. Is it a save of NpcMind? If " +
                "it was one, it is damaged; load an earlier one."));
    }

    [Test]
    public void Read_NewerMajorVersion_IsRefusedWithAdvice()
    {
        SaveFormatException error = Refused(Sealed(Body(Mira), major: 2, minor: 7));
        Assert.That(error.Message,
            Is.EqualTo("stream: at byte 8: expected save format 1.x, found 2.7. A newer NpcMind wrote it; update the game, or load a " +
                "save of this version."));
    }

    [Test]
    public void Read_NewerMinorVersion_SkipsUnknownFields()
    {
        byte[] plain = Body(Mira with { Kv = null, Reply = new() { Phase = 1, Text = "Aye", GeneratedTokens = 1, HeardCharacters = 2 } });
        LoadedMind loaded = SaveCodec.Read(new MemoryStream(Sealed(Newer(plain), major: 1, minor: 9)), null);
        Assert.That(Body(loaded.Mind), Is.EqualTo(plain));
    }

    [Test]
    public void Read_Version10_HasNoPictures()
    {
        SavedMind mind = Mira with { Kv = null };
        byte[] body = Older(Body(mind));
        LoadedMind loaded = SaveCodec.Read(new MemoryStream(Sealed(body, major: 1, minor: 0)), null);
        Assert.That(SavedMinds.Describe(loaded.Mind), Is.EqualTo(SavedMinds.Describe(mind)));
    }

    [Test]
    public void Read_DeepNestingInUnknownField_IsHarmless()
    {
        byte[] body = Body(Mira with { Kv = null });
        Assert.That(body[0], Is.EqualTo(0x9F), "15 fields");
        // One more field, a million arrays of one element in each other.
        LoadedMind loaded = SaveCodec.Read(
            new MemoryStream(Sealed([0xDC, 0, 16, .. body[1..], .. Enumerable.Repeat((byte)0x91, 1_000_000), 1], 1, 1)), null);
        Assert.That(loaded.Mind.Name, Is.EqualTo("Mira"));
    }

    [TestCase(0)]
    [TestCase(2)]
    [TestCase(3)]
    public void Read_DamagedBlock_LosesOnlyBlocksFromThereOn(int damaged)
    {
        byte[] one = SavedMinds.Bytes(Mira), two = [.. one, .. one];
        two[one.Length - ((4 - damaged) * 1004) + 500] ^= 1;
        using MemoryStream stream = new(two);
        List<int> taken = [];
        LoadedMind loaded = SaveCodec.Read(stream, (_, block, bytes) =>
        {
            taken.Add(block);
            return SavedMinds.IsBlock(block, bytes);
        });
        Assert.Multiple(() =>
        {
            Assert.That((loaded.KvBlocks, loaded.KvDamaged), Is.EqualTo((damaged, true)));
            Assert.That(taken, Is.EqualTo(Enumerable.Range(0, damaged)));
            Assert.That(SavedMinds.Describe(loaded.Mind), Is.EqualTo(SavedMinds.Describe(Mira)));
            Assert.That(SaveCodec.Read(stream, (_, _, _) => true).KvDamaged, Is.False);
        });
    }

    [Test]
    public void Read_SwappedOrForeignBlocks_AreDetected()
    {
        byte[] bytes = SavedMinds.Bytes(Mira), swapped = [.. bytes], other = SavedMinds.Bytes(Mira with { Name = "Tom" });
        int kv = bytes.Length - 4016;
        bytes.AsSpan(kv, 1004).CopyTo(swapped.AsSpan(kv + 1004));
        Assert.That(SaveCodec.Read(new MemoryStream(swapped), (_, _, _) => true).KvBlocks, Is.EqualTo(1));
        Assert.That(SaveCodec.Read(new MemoryStream([.. bytes.AsSpan(0, kv), .. other.AsSpan(other.Length - 4016)]), (_, _, _) => true)
            .KvBlocks, Is.Zero);
    }

    [Test]
    public void Skip_TruncatedBlocks_AreDetected([Values] bool positions)
    {
        byte[] cut = SavedMinds.Bytes(Mira)[..^1];
        LoadedMind loaded = SaveCodec.Read(positions ? new MemoryStream(cut) : new OneWayStream(cut), null);
        Assert.That((loaded.KvBlocks, loaded.KvDamaged), Is.EqualTo((0, true)));
    }

    [Test]
    public void WriteAndRead_MindThatBreaksRule_IsRefused()
    {
        SavedReply reply = new() { Phase = 1, Text = "Aye", GeneratedTokens = 1, HeardCharacters = 2 };
        (SavedMind Mind, string Field)[] wrong =
        [
            (Mira with { ModelFingerprint = new byte[31] }, "model fingerprint"),
            (Mira with { PrefixFingerprint = [] }, "prefix fingerprint"),
            (Mira with { PrefixTokens = -1 }, "prefix tokens"),
            (Mira with { DroppedTokens = -1 }, "dropped tokens"),
            (Mira with { Tokens = [5, 6, -7] }, "token 2"),
            (Mira with { Turns = [new(1, "", "", 1, 3)] }, "turn 0"),
            (Mira with { Turns = [new(1, "", "", 0, 2), new(1, "", "", 1, 1)] }, "turn 1"),
            (Mira with { Turns = [new(1, "", "", 1, int.MaxValue)] }, "turn 0"),
            (Mira with { Turns = [new(0, "", "Hello", 0, 2) { OverheardCharacters = 6 }] }, "turn 0's overheard characters"),
            (Mira with { Sampler = Mira.Sampler with { Temperature = float.NaN } }, "sampler"),
            (Mira with { Sampler = Mira.Sampler with { Temperature = -1 } }, "temperature"),
            (Mira with { Sampler = Mira.Sampler with { Temperature = -0f } }, "temperature"),
            (Mira with { Sampler = Mira.Sampler with { TopP = -0f } }, "top p"),
            (Mira with { Sampler = Mira.Sampler with { MinP = -0f } }, "min p"),
            (Mira with { Sampler = Mira.Sampler with { TopK = -1 } }, "top k"),
            (Mira with { Sampler = Mira.Sampler with { TopP = float.NaN } }, "top p"),
            (Mira with { Sampler = Mira.Sampler with { MinP = 2 } }, "min p"),
            (Mira with { Sampler = Mira.Sampler with { RepetitionPenalty = 0 } }, "repetition penalty"),
            (Mira with { Sampler = Mira.Sampler with { PenaltyTokens = -1 } }, "penalty tokens"),
            (Mira with { Reply = reply with { GeneratedTokens = -1 } }, "generated tokens"),
            (Mira with { Reply = reply with { MaximumTokens = -1 } }, "maximum tokens"),
            (Mira with { Reply = reply with { HeardCharacters = 4 } }, "heard characters"),
            (Mira with { Reply = reply with { ReadCharacters = -1 } }, "read characters"),
            (Mira with { Reply = reply with { PendingTokens = [-1] } }, "pending token 0"),
            (Mira with { Kv = Mira.Kv! with { Tokens = 4 } }, "KV tokens"),
            (Mira with { Kv = Mira.Kv with { Blocks = -1 } }, "KV blocks"),
            (Mira with { Kv = Mira.Kv with { BytesPerBlock = int.MaxValue } }, "bytes per KV block"),
        ];
        Assert.Multiple(() =>
        {
            foreach ((SavedMind mind, string field) in wrong)
            {
                ArgumentException refusal = Assert.Throws<ArgumentException>(() => SavedMinds.Bytes(mind), field)!;
                Assert.That(refusal.Message, Does.Contain($"{field}: expected"));
                Assert.That(Refused(Sealed(Body(mind), 1, 0)).Expected, Does.StartWith(field));
            }
        });
    }

    [Test]
    public void Read_CountsBeyondContent_AllocateNothing()
    {
        // A huge KV block and a huge body, both with right checksums and no bytes behind them.
        byte[] kv = Sealed(Body(Mira with { Kv = new(0, 0, SavedKv.MaximumBlocks, SavedKv.MaximumBytesPerBlock) }), 1, 0);
        byte[] body = [.. Sealed(new byte[SaveCodec.MaximumBodyBytes], 1, 0).AsSpan(0, SaveHeader.Bytes)];
        byte[] tokens = Sealed([0x9C, 0xA0, 0xC4, 0, 0xA0, 0xC4, 0, 0, 0xA0, 0x90, 0xDD, 0x7F, 0xFF, 0xFF, 0xFF], 1, 0);
        foreach (byte[] bytes in new[] { kv, body, tokens })
        {
            long before = GC.GetAllocatedBytesForCurrentThread();
            try
            {
                Assert.That(SaveCodec.Read(new MemoryStream(bytes), (_, _, _) => true).KvDamaged);
            }
            catch (SaveFormatException)
            {
                Assert.That(bytes, Is.Not.SameAs(kv));
            }

            Assert.That(GC.GetAllocatedBytesForCurrentThread() - before, Is.LessThan(512 << 10));
        }
    }

    [Test]
    public void Write_FullDiskOrFailingBlock_ThrowsThatError()
    {
        using FileStream full = new("/dev/full", FileMode.Open, FileAccess.Write, FileShare.ReadWrite, bufferSize: 0);
        Assert.That(() => SaveCodec.Write(full, Mira, SavedMinds.WriteBlock),
            Throws.InstanceOf<IOException>().With.Message.Contains("No space left"));
        Assert.That(() => SaveCodec.Write(new MemoryStream(), Mira, (_, _) => throw new TimeoutException()),
            Throws.InstanceOf<TimeoutException>());
        Assert.That(() => SaveCodec.Write(new MemoryStream(), Mira, null), Throws.ArgumentException.With.Message.Contains("4 KV blocks"));
    }

    internal static byte[] Sealed(ReadOnlySpan<byte> body, ushort major, ushort minor)
    {
        byte[] bytes = new byte[SaveHeader.Bytes + body.Length];
        SaveHeader.Write(bytes, body, major, minor);
        body.CopyTo(bytes.AsSpan(SaveHeader.Bytes));
        return bytes;
    }

    internal static byte[] Body(SavedMind mind)
    {
        ArrayBufferWriter<byte> body = new();
        SavedMindWriter.Write(body, mind);
        return body.WrittenSpan.ToArray();
    }

    private static SaveFormatException Refused(byte[] bytes) =>
        Assert.Throws<SaveFormatException>(() => SaveCodec.Read(new MemoryStream(bytes), null))!;

    /// <summary>
    /// Appends three fields to every record. Records are the arrays that hold something else than integers or strings alone.
    /// </summary>
    /// <summary>A mind without pictures as version 1.0 wrote it: the mind had 12 fields, a turn 5.</summary>
    private static byte[] Older(byte[] body)
    {
        ArrayBufferWriter<byte> output = new();
        MessagePackReader reader = new(body);
        MessagePackWriter writer = new(output);
        reader.ReadArrayHeader();
        writer.WriteArrayHeader(12);
        for (int field = 0; field < 12; field++)
        {
            if (field != 6)
            {
                writer.WriteRaw(reader.ReadRaw());
                continue;
            }

            int turns = reader.ReadArrayHeader();
            writer.WriteArrayHeader(turns);
            for (int turn = 0; turn < turns; turn++)
            {
                reader.ReadArrayHeader();
                writer.WriteArrayHeader(5);
                for (int i = 0; i < 5; i++) writer.WriteRaw(reader.ReadRaw());
                reader.Skip();
                reader.Skip();
            }
        }

        writer.Flush();
        return output.WrittenSpan.ToArray();
    }

    private static byte[] Newer(byte[] body)
    {
        ArrayBufferWriter<byte> output = new();
        MessagePackReader reader = new(body);
        MessagePackWriter writer = new(output);
        Copy(ref reader, ref writer, depth: 0, field: 0);
        writer.Flush();
        return output.WrittenSpan.ToArray();
    }

    private static void Copy(ref MessagePackReader reader, ref MessagePackWriter writer, int depth, int field)
    {
        if (reader.NextMessagePackType != MessagePackType.Array)
        {
            writer.WriteRaw(reader.ReadRaw());
            return;
        }

        // The lists of the format: turns, tokens, pictures and slots of the mind, stop strings and pending tokens of the reply, pictures of
        // a turn, pieces of a picture.
        bool list = depth == 1 && field is 6 or 7 or 12 or 13 || depth == 2 && field is 7 or 11 || depth == 3 && field is 0 or 5;
        int count = reader.ReadArrayHeader();
        writer.WriteArrayHeader(list ? count : count + 3);
        for (int i = 0; i < count; i++) Copy(ref reader, ref writer, depth + 1, i);
        if (list) return;
        writer.Write("new");
        writer.WriteMapHeader(1);
        writer.Write(1);
        writer.WriteArrayHeader(2);
        writer.WriteNil();
        writer.Write(1.5);
        writer.Write(new byte[300]);
    }
}
