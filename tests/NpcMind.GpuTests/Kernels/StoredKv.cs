using NpcMind.Inference;
using NpcMind.Reference;

namespace NpcMind.GpuTests;

/// <summary>Keys and values as the quantised formats of the cache keep them (shaders/kv, shaders/lib/kv_layout.glsl).</summary>
internal static class StoredKv
{
    private const int Block = KvCache.BlockTokens;

    /// <summary>What the names of kernels end in.</summary>
    public static string Suffix(KvFormat format) => format == KvFormat.Q8 ? "q8_0" : format.ToString().ToLowerInvariant();

    /// <summary>32-bit words of a head of one token.</summary>
    public static int Words(KvFormat format, int headDim) => format switch
    {
        KvFormat.Q8 => headDim / 4 + headDim / 32,
        KvFormat.Q4 => headDim / 8 + (headDim + 63) / 64,
        _ => headDim,
    };

    /// <summary>What attention sees of them.</summary>
    public static float[] Seen(float[] x, int headDim, KvFormat format) => format switch
    {
        KvFormat.Q8 => QuantizeKv.RoundTrip(x),
        KvFormat.Q4 => QuantizeKv.RoundTripQ4(x, headDim),
        _ => x,
    };

    /// <summary>[tokens, kvHeads, headDim] in a cache: each head of a token, followed by its scales.</summary>
    public static uint[] Pack(float[] x, int kvHeads, int headDim, uint[] table, bool byToken, KvFormat format)
    {
        uint[][] heads = format == KvFormat.Q4 ? HeadsQ4(x, headDim) : HeadsQ8(x, headDim);
        int rows = Words(format, headDim);
        uint[] cache = new uint[table.Length * Block * kvHeads * rows];
        for (int i = 0; i < heads.Length; i++)
        {
            int token = i / kvHeads, start = ((int)table[token / Block] * kvHeads + i % kvHeads) * rows * Block;
            for (int row = 0; row < rows; row++)
                cache[start + (byToken ? token % Block * rows + row : row * Block + token % Block)] = heads[i][row];
        }

        return cache;
    }

    private static uint[][] HeadsQ8(float[] x, int headDim)
    {
        (sbyte[] codes, float[] scales) = QuantizeKv.Q8_0(x);
        return [.. Enumerable.Range(0, x.Length / headDim).Select(head =>
        {
            uint[] words = new uint[Words(KvFormat.Q8, headDim)];
            for (int i = 0; i < headDim; i++) words[i / 4] |= (uint)(byte)codes[head * headDim + i] << (8 * (i % 4));
            for (int i = 0; i < headDim / 32; i++)
                words[headDim / 4 + i] = BitConverter.SingleToUInt32Bits(scales[head * (headDim / 32) + i]);
            return words;
        })];
    }

    private static uint[][] HeadsQ4(float[] x, int headDim)
    {
        (sbyte[] codes, Half[] scales) = QuantizeKv.Q4(x, headDim);
        int perHead = (headDim + 31) / 32;
        return [.. Enumerable.Range(0, x.Length / headDim).Select(head =>
        {
            uint[] words = new uint[Words(KvFormat.Q4, headDim)];
            for (int i = 0; i < headDim; i++) words[i / 8] |= (uint)(codes[head * headDim + i] & 15) << (4 * (i % 8));
            for (int i = 0; i < perHead; i++)
                words[headDim / 8 + i / 2] |= (uint)BitConverter.HalfToUInt16Bits(scales[head * perHead + i]) << (16 * (i % 2));
            return words;
        })];
    }
}
