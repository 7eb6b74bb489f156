using System.Text;
using CsCheck;
using NpcMind.Text;
using NUnit.Framework;

namespace NpcMind.Tests.Text;

internal sealed class Utf8TokenDecoderTests
{
    [Test]
    public void Decode_BytesCutAnywhere_GivesWholeTextAndNoHalfCharacter() =>
        Gen.Select(Gen.OneOf(Gen.Byte, Gen.Byte[0x80, 0xBF],
            Gen.OneOfConst<byte>(0x41, 0xC3, 0xE2, 0xE0, 0xED, 0xF0, 0xF4, 0x9F, 0x98, 0x80)).Array[0, 30], Gen.Int[0, 4].Array[30])
            .Sample((bytes, sizes) =>
        {
            Utf8TokenDecoder decoder = new();
            StringBuilder text = new();
            int at = 0;
            foreach (int size in (int[])[.. sizes, bytes.Length])
            {
                int end = Math.Min(bytes.Length, at + size);
                ReadOnlySpan<char> chars = decoder.Append(bytes.AsSpan(at, end - at));
                if (chars.Length > 0 && (char.IsHighSurrogate(chars[^1]) || char.IsLowSurrogate(chars[0]))) return false;
                text.Append(chars);
                at = end;
            }

            text.Append(decoder.Flush());
            return text.ToString() == Encoding.UTF8.GetString(bytes) && !decoder.HasPending;
        });

    [Test]
    public void Decode_Character_AppearsWithLastByte()
    {
        Utf8TokenDecoder decoder = new();
        Assert.That(decoder.Append([(byte)'a', 0xF0, 0x9F]).ToString(), Is.EqualTo("a"));
        Assert.That(decoder.HasPending);
        Assert.That(decoder.Append([0x98]).ToString(), Is.Empty);
        Assert.That(decoder.Append([0x80, (byte)'b']).ToString(), Is.EqualTo("\U0001F600b"));
        Assert.That(decoder.HasPending, Is.False);
        Assert.That(decoder.Flush().ToString(), Is.Empty);
    }

    [Test]
    public void Decode_MaximalIllFormedPart_IsOneReplacementCharacter()
    {
        Utf8TokenDecoder decoder = new();
        Assert.That(decoder.Append([0xE2, 0x82]).ToString(), Is.Empty);
        Assert.That(decoder.Append([(byte)'x', 0x80, 0xE0, 0x80, 0xED, 0xA0, 0x80, 0xF4]).ToString(),
            Is.EqualTo("\uFFFDx" + new string('\uFFFD', 6)));
        Assert.That(decoder.Flush().ToString(), Is.EqualTo("\uFFFD"));
        decoder.Append([0xC3]);
        decoder.Reset();
        Assert.That(decoder.Append("ok"u8).ToString(), Is.EqualTo("ok"));
    }

    [Test]
    public void Decode_Warm_AllocatesNothing()
    {
        Tokenizer tokenizer = TokenizerFiles.Load("smollm");
        int[] ids = tokenizer.Encode(string.Concat(TokenizerFiles.Corpus.Take(60)));
        Utf8TokenDecoder decoder = new();
        long before = 0;
        for (int round = 0; round < 2; round++)
        {
            before = GC.GetAllocatedBytesForCurrentThread();
            foreach (int id in ids) decoder.Append(tokenizer.Bytes(id));
            decoder.Flush();
        }

        Assert.That(GC.GetAllocatedBytesForCurrentThread() - before, Is.Zero);
    }
}
