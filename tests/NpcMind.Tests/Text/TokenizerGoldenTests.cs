using System.Text.Json;
using NpcMind.Gguf;
using NpcMind.Text;
using NUnit.Framework;

namespace NpcMind.Tests.Text;

/// <summary>Ids and text of published tokenizers (tests/golden/tokenizers).</summary>
internal sealed class TokenizerGoldenTests
{
    [TestCase("smollm", 32)]
    [TestCase("llama-spm", 36)]
    [TestCase("llama-bpe", 34, Category = "Shared")]
    [TestCase("llama4", 34, Category = "Shared")]
    [TestCase("qwen2", 34, Category = "Shared")]
    [TestCase("deepseek-v3", 34, Category = "Shared")]
    [TestCase("deepseek-llm", 32, Category = "Shared")]
    [TestCase("phi-3", 34, Category = "Shared")]
    [TestCase("mistral-v3", 36, Category = "Shared")]
    public void Encode_GoldenTexts_EqualPublishedTokenizer(string name, int specialCases)
    {
        Tokenizer tokenizer = TokenizerFiles.Load(name);
        int[][] expected = [.. TokenizerFiles.Json($"{name}.ids.json").EnumerateArray().Select(TokenizerFiles.Ids)];
        Assert.That(expected, Has.Length.EqualTo(178).And.Length.EqualTo(TokenizerFiles.Corpus.Length));
        using (Assert.EnterMultipleScope())
        {
            for (int i = 0; i < expected.Length; i++)
            {
                Assert.That(tokenizer.Encode(TokenizerFiles.Corpus[i]), Is.EqualTo(expected[i]), $"text {i}");
                Assert.That(tokenizer.Encode([new PromptSegment(TokenizerFiles.Corpus[i], Trusted: false)]), Is.EqualTo(expected[i]),
                    $"text {i} as a segment");
            }

            JsonElement special = TokenizerFiles.Json($"{name}.special.json");
            Assert.That(special.GetArrayLength(), Is.EqualTo(specialCases));
            foreach (JsonElement item in special.EnumerateArray())
            {
                int[] ids = tokenizer.Encode(item.GetProperty("text").GetString()!, item.GetProperty("add_special").GetBoolean(),
                    item.GetProperty("parse_special").GetBoolean());
                Assert.That(ids, Is.EqualTo(TokenizerFiles.Ids(item.GetProperty("ids"))), item.ToString());
            }

            JsonElement decode = TokenizerFiles.Json($"{name}.decode.json");
            foreach (JsonElement piece in decode.GetProperty("pieces").EnumerateArray())
            {
                int id = piece[0].GetInt32();
                Assert.That(Convert.ToHexStringLower(tokenizer.Bytes(id)), Is.EqualTo(piece[1].GetString()), $"bytes of {id}");
                Assert.That(Convert.ToHexStringLower(tokenizer.Bytes(id, showControl: true)), Is.EqualTo(piece[2].GetString()),
                    $"bytes of {id}, shown");
            }

            foreach (JsonElement stream in decode.GetProperty("streams").EnumerateArray())
            {
                int[] ids = TokenizerFiles.Ids(stream.GetProperty("ids"));
                Assert.That(tokenizer.Decode(ids, showControl: true), Is.EqualTo(stream.GetProperty("text").GetString()));
                Utf8TokenDecoder decoder = new();
                List<string> chunks = [.. ids.Select(id => decoder.Append(tokenizer.Bytes(id, showControl: true)).ToString())];
                chunks.Add(decoder.Flush().ToString());
                Assert.That(chunks, Is.EqualTo(stream.GetProperty("chunks").EnumerateArray().Select(c => c.GetString())));
            }
        }
    }

    [TestCase("smollm", false, 1, 2, "0 2")]
    [TestCase("llama-spm", true, 1, 2, "2")]
    [TestCase("llama-bpe", true, 128000, 128009, "128001 128009", Category = "Shared")]
    [TestCase("llama4", true, 200000, 200008, "200001 200008", Category = "Shared")]
    [TestCase("qwen2", false, null, 151645, "151643 151645 151662", Category = "Shared")]
    [TestCase("deepseek-v3", true, 0, 1, "1", Category = "Shared")]
    [TestCase("deepseek-llm", true, 100000, 100001, "100001", Category = "Shared")]
    [TestCase("phi-3", true, 1, 32000, "32000 32007", Category = "Shared")]
    [TestCase("mistral-v3", true, 1, 2, "2", Category = "Shared")]
    public void SpecialTokens_BeginEndAndStop_AreFound(string name, bool addsBos, int? bos, int eos, string ends)
    {
        Tokenizer tokenizer = TokenizerFiles.Load(name);
        using (Assert.EnterMultipleScope())
        {
            Assert.That(tokenizer.AddsBos, Is.EqualTo(addsBos));
            Assert.That(tokenizer.AddsEos, Is.False);
            Assert.That(tokenizer.BosId, Is.EqualTo(bos));
            Assert.That(tokenizer.EosId, Is.EqualTo(eos));
            Assert.That(string.Join(' ', Enumerable.Range(0, tokenizer.VocabularySize).Where(tokenizer.IsEndOfGeneration)),
                Is.EqualTo(ends));
        }
    }

    [Test]
    [Category("Shared")]
    public void Encode_PiecesBeyondMerges_AreWholeTokensForLlama3Only()
    {
        Tokenizer whole = TokenizerFiles.Load("llama-bpe");
        GgufMetadata source = TokenizerFiles.Metadata("llama-bpe");
        Tokenizer merged = Tokenizer.Create(TinyVocabulary.Write(writer =>
        {
            foreach (string key in source.Keys.Where(k => k != "tokenizer.ggml.pre")) writer.Add(key, source.Find(key)!);
            writer.Add("tokenizer.ggml.pre", "dbrx"); // the same expression without ignore_merges
        }));
        JsonElement cases = TokenizerFiles.Json("llama-bpe.ignore_merges.json");
        Assert.That(cases.GetArrayLength(), Is.GreaterThan(10));
        using (Assert.EnterMultipleScope())
        {
            foreach (JsonElement item in cases.EnumerateArray())
            {
                Assert.That(whole.Encode(item.GetProperty("text").GetString()!), Is.EqualTo(TokenizerFiles.Ids(item.GetProperty("ids"))));
                Assert.That(merged.Encode(item.GetProperty("text").GetString()!),
                    Is.EqualTo(TokenizerFiles.Ids(item.GetProperty("ids_by_merges_only"))));
            }
        }
    }

    [Test]
    [Category("Shared")]
    public void Load_LargestGoldenVocabulary_StaysWithinMemory()
    {
        GgufMetadata metadata = TokenizerFiles.Metadata("llama-bpe");
        Tokenizer.Create(metadata);
        long before = GC.GetAllocatedBytesForCurrentThread();

        Tokenizer.Create(metadata);

        Assert.That(GC.GetAllocatedBytesForCurrentThread() - before, Is.LessThan(30_000_000)); // 18 MB when written
    }
}
