namespace NpcMind.SaveVictim;

/// <summary>A mind that is another one at every save, in all its parts; both the victim and its killer know which.</summary>
internal static class VersionedMind
{
    public const int Blocks = 16;
    public const int BytesPerBlock = 256 << 10;

    public static SavedMind Create(int version) => new()
    {
        Name = $"{version}",
        ModelFingerprint = Fingerprint(version),
        CacheFingerprint = "device, driver, F16, 1",
        PrefixFingerprint = Fingerprint(version + 1),
        PrefixTokens = 2000,
        Persona = "A fisher.",
        Turns = [new(1, "Player", $"Question {version}", 0, 100), new(2, "Mira", $"Answer {version}", 100, 400)],
        Tokens = [.. Enumerable.Range(version, 500)],
        Sampler = new(0.7f, 40, 0.9f, 0.05f, 1.1f, 0, 0, 64, (ulong)version),
        Kv = new(2000, 500, Blocks, BytesPerBlock),
    };

    public static void WriteBlock(int version, int block, Span<byte> bytes) => bytes.Fill(Pattern(version, block));

    public static bool IsBlock(int version, int block, ReadOnlySpan<byte> bytes) => !bytes.ContainsAnyExcept(Pattern(version, block));

    private static byte Pattern(int version, int block) => (byte)(version * 31 + block);

    private static byte[] Fingerprint(int version)
    {
        byte[] bytes = new byte[SavedMind.FingerprintBytes];
        bytes.AsSpan().Fill((byte)version);
        return bytes;
    }
}
