namespace NpcMind.Text.Grammars;

/// <summary>One step of a UTF-8 sequence: any byte from <paramref name="First"/> to <paramref name="Last"/>.</summary>
internal readonly record struct ByteRange(byte First, byte Last);

/// <summary>
/// Character ranges as sequences of byte ranges: each sequence matches exactly the encodings of some of the range, together all of it.
/// </summary>
internal static class Utf8Ranges
{
    private static readonly int[] LastOfLength = [0x7F, 0x7FF, 0xFFFF, CodePointSet.Last];

    public static void Append(int first, int last, List<ByteRange[]> sequences)
    {
        for (int length = 1; length <= 4 && first <= last; length++)
        {
            int end = Math.Min(last, LastOfLength[length - 1]);
            if (first > end) continue;
            Split(first, end, length, sequences);
            first = end + 1;
        }
    }

    /// <summary>Cuts a range of one encoded length until all bytes after the first differing one run through all their values.</summary>
    private static void Split(int first, int last, int length, List<ByteRange[]> sequences)
    {
        for (int trailing = 1; trailing < length; trailing++)
        {
            int mask = (1 << (6 * trailing)) - 1;
            if ((first & ~mask) == (last & ~mask)) break;
            if ((first & mask) != 0)
            {
                Split(first, first | mask, length, sequences);
                Split((first | mask) + 1, last, length, sequences);
                return;
            }

            if ((last & mask) != mask)
            {
                Split(first, (last & ~mask) - 1, length, sequences);
                Split(last & ~mask, last, length, sequences);
                return;
            }
        }

        ByteRange[] sequence = new ByteRange[length];
        for (int i = 0; i < length; i++) sequence[i] = new ByteRange(Byte(first, length, i), Byte(last, length, i));
        sequences.Add(sequence);
    }

    private static byte Byte(int value, int length, int index)
    {
        int bits = value >> (6 * (length - 1 - index));
        if (index > 0) return (byte)(0x80 | (bits & 0x3F));
        return (byte)(length switch { 1 => bits, 2 => 0xC0 | bits, 3 => 0xE0 | bits, _ => 0xF0 | bits });
    }
}
