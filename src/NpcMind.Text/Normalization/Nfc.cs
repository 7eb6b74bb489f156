using System.Globalization;
using System.Runtime.InteropServices;
using System.Text;

namespace NpcMind.Text.Normalization;

/// <summary>
/// Unicode normalisation forms C and D (UAX #15). <see cref="string.Normalize()"/> cannot be used: with InvariantGlobalization it returns
/// its input, and with ICU it refuses the noncharacter U+FFFE. Ill-formed UTF-16 becomes U+FFFD. Linear in the text but for sorting runs of
/// marks. Safe from any thread.
/// </summary>
internal static class Nfc
{
    private const int SyllableBase = 0xAC00, LeadBase = 0x1100, VowelBase = 0x1161, TrailBase = 0x11A7;
    private const int LeadCount = 19, VowelCount = 21, TrailCount = 28, SyllableCount = LeadCount * VowelCount * TrailCount;
    private static readonly Lazy<Tables> Data = new(() => new Tables());

    /// <summary>The normalised text: <paramref name="text"/> itself when nothing in it can change, else a new array.</summary>
    public static ReadOnlySpan<char> Normalize(ReadOnlySpan<char> text)
    {
        int simple = text.IndexOfAnyExceptInRange('\0', '\u02FF'); // below U+0300 every code point is its own form
        if (simple < 0) return text;
        Tables data = Data.Value;
        bool changes = false;
        foreach (Rune rune in text[simple..].EnumerateRunes())
            if (data.MayChange(rune.Value))
            {
                changes = true;
                break;
            }

        if (!changes) return text;
        List<int> points = new(text.Length + 16);
        foreach (Rune rune in text.EnumerateRunes()) Decompose(data, rune.Value, points);
        Span<int> span = CollectionsMarshal.AsSpan(points);
        Order(data, span);
        span = span[..Compose(data, span)];
        char[] result = new char[span.Length * 2];
        int length = 0;
        foreach (int point in span) length += new Rune(point).EncodeToUtf16(result.AsSpan(length));
        return result.AsSpan(0, length);
    }

    /// <summary>Returns the canonical decomposition (form D) of a text, as code points; ill-formed UTF-16 becomes U+FFFD.</summary>
    public static List<int> Decompose(ReadOnlySpan<char> text)
    {
        Tables data = Data.Value;
        List<int> points = new(text.Length + 16);
        foreach (Rune rune in text.EnumerateRunes()) Decompose(data, rune.Value, points);
        Order(data, CollectionsMarshal.AsSpan(points));
        return points;
    }

    private static void Decompose(Tables data, int point, List<int> points)
    {
        if (point is >= SyllableBase and < SyllableBase + SyllableCount)
        {
            int index = point - SyllableBase;
            points.Add(LeadBase + (index / (VowelCount * TrailCount)));
            points.Add(VowelBase + (index / TrailCount % VowelCount));
            if (index % TrailCount != 0) points.Add(TrailBase + (index % TrailCount));
        }
        else if (data.Decompositions.TryGetValue(point, out (int First, int Second) parts))
        {
            Decompose(data, parts.First, points);
            if (parts.Second != 0) Decompose(data, parts.Second, points);
        }
        else points.Add(point);
    }

    /// <summary>Canonical ordering: within each run of marks, stable by combining class.</summary>
    private static void Order(Tables data, Span<int> points)
    {
        for (int start = 0; start < points.Length; start++)
        {
            if (data.Class(points[start]) == 0) continue;
            int end = start + 1;
            bool sorted = true;
            for (; end < points.Length && data.Class(points[end]) is var mark and not 0; end++)
                sorted &= data.Class(points[end - 1]) <= mark;
            if (!sorted)
            {
                long[] keys = new long[end - start];
                for (int i = 0; i < keys.Length; i++) keys[i] = ((long)data.Class(points[start + i]) << 32) | (uint)i;
                int[] marks = points[start..end].ToArray();
                Array.Sort(keys, marks);
                marks.CopyTo(points[start..]);
            }

            start = end;
        }
    }

    /// <summary>Canonical composition in place; returns the new length.</summary>
    private static int Compose(Tables data, Span<int> points)
    {
        int starter = -1, length = 0;
        byte last = 0; // class of the last mark kept after the starter
        for (int i = 0; i < points.Length; i++)
        {
            int point = points[i];
            byte mark = data.Class(point);
            bool blocked = starter < 0 || (length > starter + 1 && (last == 0 || last >= mark));
            if (!blocked && TryPair(data, points[starter], point) is var whole and not 0)
            {
                points[starter] = whole;
                continue;
            }

            if (mark == 0) starter = length;
            last = mark;
            points[length++] = point;
        }

        return length;
    }

    private static int TryPair(Tables data, int first, int second)
    {
        if (first is >= LeadBase and < LeadBase + LeadCount && second is >= VowelBase and < VowelBase + VowelCount)
            return SyllableBase + ((((first - LeadBase) * VowelCount) + second - VowelBase) * TrailCount);
        if (first is >= SyllableBase and < SyllableBase + SyllableCount && (first - SyllableBase) % TrailCount == 0
            && second is > TrailBase and < TrailBase + TrailCount)
            return first + second - TrailBase;
        return data.Compositions.GetValueOrDefault((first, second));
    }

    private sealed class Tables
    {
        private const int Limit = 0x30000; // above every code point in the data
        private readonly ulong[] _mayChange = new ulong[Limit / 64];
        private readonly Dictionary<int, byte> _classes = [];

        public Tables()
        {
            foreach ((int point, int first, int second) in Read(NfcData.Composites))
            {
                Decompositions[point] = (first, second);
                Compositions[(first, second)] = point;
                Mark(second);
            }

            foreach ((int point, int first, int second) in Read(NfcData.Excluded + " " + NfcData.Singletons))
            {
                Decompositions[point] = (first, second);
                Mark(point);
            }

            foreach (Range entry in NfcData.Classes.AsSpan().Split(' '))
            {
                ReadOnlySpan<char> text = NfcData.Classes.AsSpan()[entry];
                if (text.IsEmpty) continue;
                int equals = text.IndexOf('='), dash = text.IndexOf('-');
                int from = Hex(text[..(dash < 0 ? equals : dash)]), to = dash < 0 ? from : Hex(text[(dash + 1)..equals]);
                byte value = byte.Parse(text[(equals + 1)..], CultureInfo.InvariantCulture);
                for (int point = from; point <= to; point++)
                {
                    _classes[point] = value;
                    Mark(point);
                }
            }

            for (int vowel = VowelBase; vowel < VowelBase + VowelCount; vowel++) Mark(vowel);
            for (int trail = TrailBase + 1; trail < TrailBase + TrailCount; trail++) Mark(trail);
        }

        public Dictionary<int, (int First, int Second)> Decompositions { get; } = [];

        public Dictionary<(int First, int Second), int> Compositions { get; } = [];

        /// <summary>False for a code point that normalisation leaves as it is whatever stands beside it.</summary>
        public bool MayChange(int point) => point < Limit && (_mayChange[point >> 6] >> (point & 63) & 1) != 0;

        public byte Class(int point) => point < 0x300 ? (byte)0 : _classes.GetValueOrDefault(point);

        private void Mark(int point) => _mayChange[point >> 6] |= 1ul << (point & 63);

        private static IEnumerable<(int Point, int First, int Second)> Read(string data)
        {
            foreach (string entry in data.Split(' ', StringSplitOptions.RemoveEmptyEntries))
            {
                int equals = entry.IndexOf('=', StringComparison.Ordinal), plus = entry.IndexOf('+', StringComparison.Ordinal);
                yield return plus < 0
                    ? (Hex(entry.AsSpan(0, equals)), Hex(entry.AsSpan(equals + 1)), 0)
                    : (Hex(entry.AsSpan(0, equals)), Hex(entry.AsSpan(equals + 1, plus - equals - 1)), Hex(entry.AsSpan(plus + 1)));
            }
        }

        private static int Hex(ReadOnlySpan<char> text) => int.Parse(text, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture);
    }
}
