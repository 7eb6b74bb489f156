using NpcMind.Text.PreTokenization;

namespace NpcMind.Text.Tokenization;

/// <summary>Buffers of one call to encode, lent from call to call. One thread at a time.</summary>
internal sealed class EncodeScratch
{
    private const int KeptLength = 1 << 16;

    public byte[] Utf8 { get; private set; } = new byte[1024];

    public char[] Chars { get; private set; } = new char[1024];

    public CodePoint[] Points { get; private set; } = new CodePoint[1024];

    /// <summary>Index in <see cref="Utf8"/> of each code point, and of the end.</summary>
    public int[] Offsets { get; private set; } = new int[1025];

    public List<int> Ends { get; } = [];

    public List<int> SpareEnds { get; } = [];

    public MergeList Symbols { get; } = new();

    /// <summary>False after an unusually long text: then the buffers are better left to the collector.</summary>
    public bool WorthKeeping => Utf8.Length <= KeptLength * 4 && Symbols.Capacity <= KeptLength && Ends.Capacity <= KeptLength
        && Points.Length <= KeptLength;

    public void ReserveUtf8(int length)
    {
        if (Utf8.Length < length) Utf8 = new byte[Math.Max(length, Math.Min(Utf8.Length * 2L, Array.MaxLength))];
    }

    public void ReserveChars(int length)
    {
        if (Chars.Length < length) Chars = new char[Math.Max(length, Math.Min(Chars.Length * 2L, Array.MaxLength))];
    }

    public void ReservePoints(int length)
    {
        if (Points.Length >= length) return;
        length = (int)Math.Max(length, Math.Min(Points.Length * 2L, KeptLength));
        Points = new CodePoint[length];
        Offsets = new int[length + 1];
    }
}
