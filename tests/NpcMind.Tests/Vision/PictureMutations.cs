using System.Buffers.Binary;

namespace NpcMind.Tests.Vision;

/// <summary>Damages picture files the way disks, downloads and attackers do.</summary>
internal static class PictureMutations
{
    /// <summary>
    /// A damaged copy: one to four changes, each a byte, a bit, a range lost, doubled or filled, bytes of another file, or the end cut off.
    /// </summary>
    /// <param name="file">What is damaged.</param>
    /// <param name="other">Where foreign bytes come from; at least one.</param>
    /// <param name="random">Decides everything.</param>
    /// <param name="keepLength">Only changes that leave every byte in its place, so that more of the file's structure stays sound.</param>
    public static byte[] Damage(byte[] file, byte[] other, Random random, bool keepLength = false)
    {
        List<byte> bytes = [.. file];
        for (int changes = random.Next(1, 5); changes > 0 && bytes.Count > 4; changes--)
        {
            // Headers are few bytes of many: half of the changes go there.
            int at = random.Next(random.Next(2) == 0 ? Math.Min(bytes.Count, 160) : bytes.Count),
            length = Math.Min(random.Next(1, 40), bytes.Count - at);
            switch (random.Next(keepLength ? 4 : 8))
            {
                case 0: bytes[at] ^= (byte)(1 << random.Next(8)); break;
                case 1: bytes[at] = (byte)random.Next(256); break;
                case 2: bytes[at] = (byte)(random.Next(2) * 255); break;
                case 3: for (int i = 0; i < length; i++) bytes[at + i] = (byte)(random.Next(2) * 255); break;
                case 4: bytes.RemoveRange(at, length); break;
                case 5: bytes.InsertRange(at, bytes.GetRange(at, length)); break;
                case 6:
                    int from = random.Next(other.Length);
                    bytes.InsertRange(at, other.AsSpan(from, Math.Min(length, other.Length - from)).ToArray());
                    break;
                default: bytes.RemoveRange(at, bytes.Count - at); break;
            }
        }

        return [.. bytes];
    }

    /// <summary>Gives every chunk of a PNG file the length and checksum that its bytes demand, so that damage gets past them.</summary>
    public static void RepairChunks(byte[] png)
    {
        for (int at = 8; at + 12 <= png.Length;)
        {
            uint length = BinaryPrimitives.ReadUInt32BigEndian(png.AsSpan(at));
            if (length > png.Length - at - 12) BinaryPrimitives.WriteUInt32BigEndian(png.AsSpan(at), length = (uint)(png.Length - at - 12));
            BinaryPrimitives.WriteUInt32BigEndian(png.AsSpan(at + 8 + (int)length), Crc(png.AsSpan(at + 4, 4 + (int)length)));
            at += 12 + (int)length;
        }
    }

    public static uint Crc(ReadOnlySpan<byte> bytes)
    {
        uint crc = uint.MaxValue;
        foreach (byte b in bytes)
        {
            crc ^= b;
            for (int bit = 0; bit < 8; bit++) crc = (crc >> 1) ^ ((crc & 1) * 0xEDB88320);
        }

        return ~crc;
    }
}
