using System.Buffers.Binary;

namespace NpcMind.Tests.Gguf;

/// <summary>
/// Where the integers of a right GGUF header stand, so that mutations can hit them. Written apart from the reader it is used against.
/// </summary>
internal static class GgufFields
{
    /// <summary>Offsets and widths (4 or 8 bytes) of counts, lengths, types, dimensions and tensor offsets.</summary>
    public static List<(int At, int Size)> Find(byte[] file)
    {
        List<(int, int)> fields = [(4, 4), (8, 8), (16, 8)];
        int at = 24;
        ulong pairs = U64(16), tensors = U64(8);
        for (ulong i = 0; i < pairs; i++)
        {
            Text();
            Value(U32());
        }

        for (ulong i = 0; i < tensors; i++)
        {
            Text();
            uint rank = U32();
            for (uint d = 0; d < rank; d++) Field(8);
            Field(4);
            Field(8);
        }

        return fields;

        ulong U64(int from) => BinaryPrimitives.ReadUInt64LittleEndian(file.AsSpan(from));
        int Field(int size)
        {
            fields.Add((at, size));
            at += size;
            return at - size;
        }

        uint U32() => BinaryPrimitives.ReadUInt32LittleEndian(file.AsSpan(Field(4)));
        void Text()
        {
            int length = (int)U64(Field(8));
            at += length;
        }

        void Value(uint type)
        {
            switch (type)
            {
                case 0 or 1 or 7: at += 1; break;
                case 2 or 3: at += 2; break;
                case 4 or 5 or 6: Field(4); break;
                case 8: Text(); break;
                case 9:
                    uint element = U32();
                    ulong count = U64(Field(8));
                    for (ulong i = 0; i < count; i++) Value(element);
                    break;
                default: Field(8); break;
            }
        }
    }
}
