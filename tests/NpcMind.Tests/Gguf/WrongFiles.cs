using NpcMind.Gguf;
using NUnit.Framework;

namespace NpcMind.Tests.Gguf;

/// <summary>A file with one fault, where the reader must see it and what it must say it expected.</summary>
internal sealed record WrongFile(byte[] Bytes, long Offset, string Expected);

/// <summary>One file for every check a reader of untrusted files must make.</summary>
internal static class WrongFiles
{
    private const uint F32 = 0, Q4_0 = 2, Q4_K = 12;
    private const int Counts = 8; // byte of the tensor count; the key-value count follows at 16, the first pair or tensor at 24
    private const int First = 24;

    public static IEnumerable<TestCaseData> Cases => Headers().Concat(Values()).Concat(Tensors()).Concat(Layout());

    private static IEnumerable<TestCaseData> Headers()
    {
        yield return Case("An empty file", [], 0, "magic");
        yield return Case("Another magic", new RawGguf().U32(0x12345678).Data(64), 0, "magic 'GGUF'");
        yield return Case("Version 0", RawGguf.Header(0, 0, 0).ToArray(), 4, "version 2 or 3");
        yield return Case("Version 1", RawGguf.Header(0, 0, 1).ToArray(), 4, "version 2 or 3");
        yield return Case("Version 4", RawGguf.Header(0, 0, 4).ToArray(), 4, "version 2 or 3");
        yield return Case("A big-endian version 3", RawGguf.Header(0, 0, 0x03000000).ToArray(), 4, "little-endian");
        yield return Case("More tensors than the file can hold", RawGguf.Header(2, 0).Info("t", F32, 0, 1).ToArray(), Counts,
            "tensor count");
        yield return Case("A negative tensor count", RawGguf.Header(ulong.MaxValue, 0).ToArray(), Counts, "tensor count");
        yield return Case("More pairs than the file can hold", RawGguf.Header(0, 3).Pair("k", 1).ToArray(), 16, "key-value count");
        yield return Case("A key-value count that wraps when multiplied", RawGguf.Header(0, 0x4000000000000001).Pair("k", 1).ToArray(), 16,
            "key-value count");
    }

    private static IEnumerable<TestCaseData> Values()
    {
        yield return Case("An empty key", RawGguf.Header(0, 1).Pair("", 1).ToArray(), First, "a key");
        yield return Case("A key longer than the file", RawGguf.Header(0, 1).U64(100).U32(0).U32(0).ToArray(), First, "key length");
        yield return Case("A key longer than any key", RawGguf.Header(0, 1).Pair(new string('k', 70000), 1).ToArray(), First, "key length");
        RawGguf twice = RawGguf.Header(0, 2).Pair("k", 1);
        long second = twice.At;
        yield return Case("A key that occurs twice", twice.Pair("k", 2).ToArray(), second, "keys that occur once");
        yield return Case("An unknown value type", RawGguf.Header(0, 1).Text("k").U32(13).U64(0).ToArray(), First + 9, "value type");
        yield return Case("A string longer than the file", RawGguf.Header(0, 1).Key("k", GgufValueType.String).U64(9).U64(0).ToArray(),
            First + 13, "string length");
        yield return Case("A string of negative length", RawGguf.Header(0, 1).Key("k", GgufValueType.String).U64(ulong.MaxValue).ToArray(),
            First + 13, "string length");
        yield return Case("A number cut off", RawGguf.Header(0, 1).Key("k", GgufValueType.UInt64).U32(0).ToArray(), First + 13, "value");
        yield return Case("An array of arrays", Array(9, 1).U64(0).ToArray(), First + 13, "not arrays");
        yield return Case("An array of an unknown type", Array(77, 1).ToArray(), First + 13, "element type");
        yield return Case("An array longer than the file", Array(4, 3).U64(0).ToArray(), First + 17, "element count");
        yield return Case("An array whose byte length wraps", Array(10, 0x2000000000000001).U64(0).ToArray(), First + 17, "element count");
        yield return Case("An array of more strings than the file can hold", Array(8, 2).U64(0).ToArray(), First + 17, "element count");
        yield return Case("An array with a string longer than the file", Array(8, 2).Text("a").U64(5).U32(0).ToArray(), First + 34,
            "string length");
    }

    private static IEnumerable<TestCaseData> Tensors()
    {
        const int Rank = First + 9, Size = Rank + 4;
        yield return Case("An empty tensor name", RawGguf.Header(1, 0).Info("", F32, 0, 8).Data(32), First, "tensor name");
        yield return Case("A tensor name of 2 kB", RawGguf.Header(1, 0).Info(new string('n', 2000), F32, 0, 8).Data(32), First,
            "tensor name length");
        RawGguf twice = RawGguf.Header(2, 0).Info("t", F32, 0, 8);
        long second = twice.At;
        yield return Case("A tensor name that occurs twice", twice.Info("t", F32, 32, 8).Data(64), second, "occur once");
        yield return Case("No dimensions", RawGguf.Header(1, 0).Info("t", F32, 0).Data(32), Rank, "1 to 4 dimensions");
        yield return Case("Five dimensions", RawGguf.Header(1, 0).Info("t", F32, 0, 1, 1, 1, 1, 1).Data(32), Rank, "1 to 4 dimensions");
        yield return Case("A dimension of 0", RawGguf.Header(1, 0).Info("t", F32, 0, 8, 0).Data(32), Size + 8, "dimensions");
        yield return Case("A negative dimension", RawGguf.Header(1, 0).Info("t", F32, 0, ulong.MaxValue).Data(32), Size, "dimensions");
        yield return Case("Dimensions whose product wraps to 0", RawGguf.Header(1, 0).Info("t", F32, 0, 1UL << 32, 1UL << 32).Data(32),
            Size + 8, "together below 2^48");
        yield return Case("An unknown tensor type", RawGguf.Header(1, 0).Info("t", uint.MaxValue, 0, 32).Data(32), Size + 8,
            "known ggml type");
        yield return Case("Rows that are not whole blocks", RawGguf.Header(1, 0).Info("t", Q4_0, 0, 48, 2).Data(64), Size + 16,
            "whole Q4_0 blocks of 32");
        yield return Case("Rows that are not whole superblocks", RawGguf.Header(1, 0).Info("t", Q4_K, 0, 128, 2).Data(160), Size + 16,
            "whole Q4_K blocks of 256");
    }

    private static IEnumerable<TestCaseData> Layout()
    {
        const int Offset = First + 9 + 4 + 8 + 4; // of a tensor 't' of one dimension
        yield return Case("An alignment of 0", Alignment(0).Data(32), First + 29, "power of two");
        yield return Case("An alignment of 48", Alignment(48).Data(32), First + 29, "power of two");
        yield return Case("An alignment that is a string", RawGguf.Header(0, 1).Pair("general.alignment", "32").ToArray(), First + 29,
            "an integer");
        yield return Case("An offset that is not aligned", RawGguf.Header(1, 0).Info("t", F32, 16, 8).Data(64), Offset, "a multiple of 32");
        yield return Case("An offset behind the file", RawGguf.Header(1, 0).Info("t", F32, 1 << 20, 8).Data(64), Offset, "inside the file");
        yield return Case("A negative offset", RawGguf.Header(1, 0).Info("t", F32, ulong.MaxValue - 31, 8).Data(64), Offset,
            "inside the file");
        yield return Case("A tensor that ends behind the file", RawGguf.Header(1, 0).Info("t", F32, 0, 8).Data(31), First,
            "32 bytes of tensor 't'");
        yield return Case("A tensor far larger than the file", RawGguf.Header(1, 0).Info("t", F32, 0, 1UL << 47).Data(64), First,
            "bytes of tensor 't'");
        RawGguf overlapping = RawGguf.Header(2, 0).Info("a", F32, 0, 16).Info("b", F32, 32, 8);
        long data = (overlapping.At + 31) / 32 * 32;
        yield return Case("Tensors that overlap", overlapping.Data(64), data + 32, "do not overlap");
        RawGguf split = RawGguf.Header(0, 1).Key("split.count", GgufValueType.Int16).Bytes(0xFF, 0xFF);
        yield return Case("A split count of -1", split.ToArray(), First + 23, "shards");
    }

    private static RawGguf Array(uint elementType, ulong count) =>
        RawGguf.Header(0, 1).Key("k", GgufValueType.Array).U32(elementType).U64(count);

    private static RawGguf Alignment(uint value) => RawGguf.Header(1, 1).Pair("general.alignment", value).Info("t", F32, 0, 8);

    private static TestCaseData Case(string name, byte[] bytes, long offset, string expected) =>
        new TestCaseData(new WrongFile(bytes, offset, expected)).SetArgDisplayNames(name);
}
