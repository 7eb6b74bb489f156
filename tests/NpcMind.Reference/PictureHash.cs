namespace NpcMind.Reference;

/// <summary>Four sums over scrambled (word, index) pairs: equal pictures give equal sums, in whatever order they are added.</summary>
internal static class PictureHash
{
    public static void Add(Span<uint> hash, ReadOnlySpan<uint> words, uint first)
    {
        for (int i = 0; i < words.Length; i++)
            for (uint k = 0; k < 4; k++) hash[(int)k] += Scrambled(words[i] ^ Scrambled(first + (uint)i + k * 0x9E3779B9));
    }

    private static uint Scrambled(uint v)
    {
        v = (v ^ v >> 16) * 0x85EBCA6B;
        v = (v ^ v >> 13) * 0xC2B2AE35;
        return v ^ v >> 16;
    }
}
