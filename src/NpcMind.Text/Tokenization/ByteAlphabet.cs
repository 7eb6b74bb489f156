using System.Text;

namespace NpcMind.Text.Tokenization;

/// <summary>
/// The visible characters that byte-level vocabularies write bytes with: 0x21-0x7E, 0xA1-0xAC and 0xAE-0xFF stand for themselves, the other
/// 68 bytes in order are U+0100, U+0101, ... Source: Radford et al. 2019, GPT-2's published encoder.
/// </summary>
internal static class ByteAlphabet
{
    private const int FirstExtra = 0x100;
    private static readonly short[] Bytes = Build(); // by character, -1 for none

    /// <summary>Writes the bytes that UTF-8 <paramref name="text"/> stands for; false when a character of it stands for none.</summary>
    /// <param name="text">Token text as in the file.</param>
    /// <param name="bytes">At least as long as <paramref name="text"/>.</param>
    /// <param name="count">Bytes written.</param>
    public static bool TryDecode(ReadOnlySpan<byte> text, Span<byte> bytes, out int count)
    {
        count = 0;
        while (!text.IsEmpty)
        {
            if (Rune.DecodeFromUtf8(text, out Rune rune, out int length) != System.Buffers.OperationStatus.Done
                || rune.Value >= Bytes.Length || Bytes[rune.Value] < 0) return false;
            bytes[count++] = (byte)Bytes[rune.Value];
            text = text[length..];
        }

        return true;
    }

    private static short[] Build()
    {
        short[] bytes = new short[FirstExtra + 68];
        Array.Fill(bytes, (short)-1);
        int extra = FirstExtra;
        for (int value = 0; value < 256; value++)
            bytes[value is (>= 0x21 and <= 0x7E) or (>= 0xA1 and <= 0xAC) or >= 0xAE ? value : extra++] = (short)value;
        return bytes;
    }
}
