using CsCheck;
using NpcMind.Reference;
using NUnit.Framework;

namespace NpcMind.Tests.Persistence;

/// <summary>
/// 5000 damaged saves: each is refused with place, expectation and finding, or loads as what was saved, KV blocks apart. 5000 more are
/// damaged in the body and sealed again with a right checksum, so that it is the parser that meets the damage. Never another exception,
/// never much memory.
/// </summary>
internal sealed class SaveMutationTests
{
    private const int Saves = 5000;
    private const int Originals = 50;

    [Test]
    public void Load_DamagedSave_IsRefusedOrUnchanged()
    {
        TinyRandom random = new(4);
        (SavedMind Mind, byte[] Bytes, string Description)[] originals = [
            .. Minds().Select(m => (m, SavedMinds.Bytes(m), SavedMinds.Describe(m)))];
        int refused = 0, damaged = 0;
        long most = 0;
        for (int i = 0; i < Saves; i++)
        {
            (SavedMind mind, byte[] original, string description) = originals[i % Originals];
            byte[] bytes = [.. original];
            for (int kinds = random.Below(3); kinds >= 0; kinds--) bytes = Damage(bytes, random);
            (LoadedMind? loaded, long allocated) = Try(bytes, i, sound: true);
            most = Math.Max(most, allocated - (8L * bytes.Length));
            if (loaded is null)
            {
                refused++;
                continue;
            }

            Assert.That(SavedMinds.Describe(loaded.Mind), Is.EqualTo(description), $"save {i}");
            Assert.That(loaded.KvDamaged || loaded.KvBlocks == (mind.Kv?.Blocks ?? 0), $"save {i}");
            if (loaded.KvDamaged) damaged++;
        }

        TestContext.Out.WriteLine($"{Saves} damaged saves: {refused} refused, {damaged} loaded without some KV, " +
            $"{Saves - refused - damaged} whole; at most {most} bytes allocated beyond 8 per byte");
        Assert.That(most, Is.LessThan(512 << 10));
        Assert.That(refused, Is.InRange(Saves / 4, Saves - 100));
        Assert.That(damaged, Is.GreaterThan(Saves / 20));
    }

    [Test]
    public void Load_CraftedBodyWithRightChecksum_IsRefusedOrLoads()
    {
        TinyRandom random = new(5);
        byte[][] bodies = [.. Minds().Select(SaveCodecTests.Body)];
        int refused = 0;
        long most = 0;
        for (int i = 0; i < Saves; i++)
        {
            byte[] body = [.. bodies[i % Originals]];
            for (int kinds = random.Below(3); kinds >= 0; kinds--) body = Damage(body, random);
            byte[] bytes = SaveCodecTests.Sealed(body, 1, 0);
            (LoadedMind? loaded, long allocated) = Try(bytes, i, sound: false);
            most = Math.Max(most, allocated - (16L * bytes.Length));
            if (loaded is null) refused++;
        }

        TestContext.Out.WriteLine($"{Saves} crafted bodies: {refused} refused; at most {most} bytes allocated beyond 16 per byte");
        Assert.That(most, Is.LessThan(512 << 10));
        Assert.That(refused, Is.InRange(Saves / 4, Saves - 100));
    }

    /// <summary>5,000 saves that are sound and lie, or as many as NPCMIND_SAVES_PARSED says.</summary>
    [Test]
    public void Read_LyingSaveWithRightChecksums_IsRefusedOrReadAsWritten()
    {
        int saves = int.TryParse(Environment.GetEnvironmentVariable("NPCMIND_SAVES_PARSED"), out int asked)
            ? asked : Scenarios.Count(5_000);
        SavedMind[] minds = [.. Minds().OrderBy(m => SaveCodecTests.Body(m).Length).Take(Originals / 2)]; // short ones: many can be tried
        int refused = 0;
        long most = 0;
        for (int seed = 0; seed < saves; seed++)
        {
            TinyRandom random = new(seed);
            SavedMind mind = SaveMutations.Mutate(minds[seed % minds.Length], random);
            byte[] body = SaveCodecTests.Body(mind);
            if (random.Below(4) == 0) body = Damage(body, random);
            byte[] bytes = SaveCodecTests.Sealed(body, SaveHeader.CurrentMajor, (ushort)random.Below(SaveHeader.CurrentMinor + 2));
            (LoadedMind? loaded, long allocated) = Try(bytes, seed, sound: false);
            most = Math.Max(most, allocated - (16L * bytes.Length));
            if (loaded is null) refused++;
            else if (!SaveCodecTests.Body(Again(loaded.Mind, seed)).AsSpan().SequenceEqual(SaveCodecTests.Body(loaded.Mind)))
                Assert.Fail($"seed {seed}: what was read cannot be written and read again");
        }

        TestContext.Out.WriteLine($"{saves} lying saves: {refused} refused; at most {most} bytes allocated beyond 16 per byte");
        Assert.That(most, Is.LessThan(512 << 10));
        Assert.That(refused, Is.InRange(saves / 4, saves - saves / 10));
    }

    private static SavedMind Again(SavedMind mind, int seed) =>
        Try(SaveCodecTests.Sealed(SaveCodecTests.Body(mind), SaveHeader.CurrentMajor, SaveHeader.CurrentMinor), seed,
            sound: false).Loaded!.Mind;

    private static List<SavedMind> Minds() => [.. SavedMinds.Any.Array[Originals].Generate(new PCG(1, 4), null, out _)];

    private static (LoadedMind? Loaded, long Allocated) Try(byte[] bytes, int number, bool sound)
    {
        Stream stream = number % 2 == 0 ? new MemoryStream(bytes) : new OneWayStream(bytes);
        int wrongBlocks = 0;
        LoadedMind? loaded = null;
        byte[] expected = new byte[12_000];
        long before = GC.GetAllocatedBytesForCurrentThread();
        try
        {
            loaded = SaveCodec.Read(stream, (_, block, kv) =>
            {
                if (!sound) return true;
                SavedMinds.WriteBlock(block, expected.AsSpan(0, kv.Length));
                if (!kv.SequenceEqual(expected.AsSpan(0, kv.Length))) wrongBlocks++;
                return true;
            });
        }
        catch (SaveFormatException error)
        {
            if (error.Offset < 0 || error.Offset > bytes.Length || error.Expected.Length == 0 || error.Found.Length == 0
                || error.Message.Length > 1000)
                Assert.Fail($"incomplete refusal of save {number}: {error.Message}");
        }
        catch (Exception other)
        {
            Assert.Fail($"save {number}: {other}");
        }

        long allocated = GC.GetAllocatedBytesForCurrentThread() - before;
        Assert.That(wrongBlocks, Is.Zero, $"damaged blocks of save {number} were handed out");
        return (loaded, allocated);
    }

    private static byte[] Damage(byte[] bytes, TinyRandom random)
    {
        if (bytes.Length == 0) return bytes;
        int at = random.Below(bytes.Length), near = random.Below(Math.Min(bytes.Length, 200));
        switch (random.Below(8))
        {
            case 0: return Flip(bytes, at, random);
            case 1: return Flip(bytes, near, random);
            case 2: return bytes[..at];
            case 3: return bytes[..near];
            case 4: return [.. bytes.AsSpan(0, at), .. Noise(1 + random.Below(64), random), .. bytes.AsSpan(at)];
            case 5: return [.. bytes.AsSpan(0, at), .. bytes.AsSpan(at + random.Below(bytes.Length - at))];
            case 6: return Grow(bytes, random.Below(2) == 0 ? at : near, random);
            default: return bytes.Length > 16 ? Grow(bytes, 12, random) : bytes;
        }
    }

    private static byte[] Flip(byte[] bytes, int at, TinyRandom random)
    {
        bytes[at] ^= (byte)(1 << random.Below(8));
        return bytes;
    }

    /// <summary>
    /// Puts a huge number where a length may stand: MessagePack's 32-bit headers of arrays, maps, strings and binaries, or a plain one.
    /// </summary>
    private static byte[] Grow(byte[] bytes, int at, TinyRandom random)
    {
        byte[] headers = [0xDD, 0xDF, 0xDB, 0xC6, 0xCE, 0xC9];
        byte[] huge = [headers[random.Below(headers.Length)], (byte)random.Next(), (byte)random.Next(), (byte)random.Next(),
            (byte)random.Next()];
        if (random.Below(2) == 0) huge = huge[1..];
        huge.AsSpan(0, Math.Min(huge.Length, bytes.Length - at)).CopyTo(bytes.AsSpan(at));
        return bytes;
    }

    private static byte[] Noise(int length, TinyRandom random) => [.. Enumerable.Range(0, length).Select(_ => (byte)random.Next())];
}
