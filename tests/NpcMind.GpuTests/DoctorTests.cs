using System.Text.Json;
using NpcMind.Gguf;
using NpcMind.Reference;

namespace NpcMind.GpuTests;

/// <summary><c>npcmind doctor</c>: what is broken is named, what is sound is not.</summary>
internal sealed class DoctorTests
{
    private static readonly string Folder = Directory.CreateDirectory(Path.Combine(AppContext.BaseDirectory, "doctor-tests")).FullName;
    private static readonly Lazy<string> Sound = new(() => ModelCopies.WriteSound(Folder));

    [OneTimeTearDown]
    public void DeleteFiles() => Directory.Delete(Folder, recursive: true);

    [Test]
    public void Doctor_SoundModel_FindsNoFaultAndReportsAll()
    {
        (int code, JsonElement report) = CliRun.Json("doctor", Sound.Value, "--budget-ms", "4", "--validate");
        Assert.That(code, Is.Zero, report.ToString());
        Assert.That(report.GetProperty("sound").GetBoolean());
        Assert.That(report.Texts("faults"), Is.Empty);
        Assert.That(report.Texts("warnings"), Is.EqualTo((string[])["high-perplexity"]), "its weights are random");
        Assert.That(report.EnumerateObject().Select(p => p.Name), Is.EqualTo((string[])["path", "sound", "faults", "warnings", "bytes",
            "weights", "licence",
            "sha256", "formats", "checks", "template_probe", "perplexity", "memory", "speed"]));
        Assert.That(report.Texts("sha256"), Is.EqualTo((string[])[Convert.ToHexStringLower(
            System.Security.Cryptography.SHA256.HashData(File.ReadAllBytes(Sound.Value)))]));
        Assert.That(report.GetProperty("licence").GetString(), Is.EqualTo("mit"));
        Assert.That(report.GetProperty("template_probe").GetProperty("text").GetString(), Is.EqualTo(
            "<|turn|>user\nHello!<|end|>\n<|turn|>assistant\nGood day.<|end|>\n<|turn|>user\nWho are you?<|end|>\n<|turn|>assistant\n"));
        double nats = report.GetProperty("perplexity").GetProperty("nats_per_token").GetDouble();
        Assert.That(nats, Is.GreaterThan(Math.Log(515) * 0.9));
        Assert.That(report.GetProperty("memory").GetProperty("minds")[0].GetProperty("minds").GetInt64(), Is.Positive);
        foreach (JsonElement row in report.GetProperty("speed").GetProperty("minds").EnumerateArray())
        {
            Assert.That(row.GetProperty("ms_per_token").GetDouble(), Is.Positive);
            Assert.That(row.GetProperty("tokens_per_s").GetDouble(), Is.Positive.And.AtMost(60 * row.GetProperty("minds").GetInt32()));
        }
    }

    [Test]
    public void Doctor_BrokenCopies_NamesEachFault()
    {
        foreach ((string fault, string path) in Broken())
        {
            (int code, JsonElement report) = CliRun.Json("doctor", path, "--host-only");
            Assert.That(code, Is.EqualTo(1), path);
            Assert.That(report.Texts("faults"), Is.EqualTo((string[])[fault]), path + report.GetProperty("checks"));
        }
    }

    [Test]
    public void Doctor_BrokenFile_SaysSoInALine()
    {
        string path = Copy("nan", [], ModelCopies.In("blk.3.attn_k.weight", (_, w) => w.Span[5] = float.NaN));
        (int code, string output, _) = CliRun.Start("doctor", path, "--host-only");
        Assert.That(code, Is.EqualTo(1));
        Assert.That(output.Split('\n').Single(l => l.StartsWith("FAULT", StringComparison.Ordinal)),
            Does.Contain("nan-weights").And.Contain("blk.3.attn_k.weight"));
        Assert.That(output.TrimEnd('\n'), Does.EndWith("Broken: nan-weights."));
    }

    [TestCase("unsupported-model", "This is a web page")]
    [TestCase("unsupported-model", "version 1")]
    [TestCase("split-model", "this is not the first: give the one named")]
    [TestCase("damaged-file", "share bytes")]
    [TestCase("truncated-file", "The file is empty")]
    public void Doctor_FileThatCannotBeOpened_IsNamedByWhatItIsAndAdvisedOnce(string fault, string text)
    {
        string path = Path.Combine(Folder, "part-00002-of-00002.gguf");
        switch (text)
        {
            case "This is a web page":
                File.WriteAllText(path, "<html></html>");
                break;
            case "version 1":
                File.WriteAllBytes(path, [.. "GGUF"u8, 1, 0, 0, 0, .. new byte[60]]);
                break;
            case "share bytes":
                byte[] bytes = File.ReadAllBytes(Sound.Value), name = "blk.1.attn_k.weight"u8.ToArray();
                int offset = bytes.AsSpan().IndexOf(name) + name.Length + 4 + 2 * 8 + 4; // rank, two sizes, type
                bytes.AsSpan(offset, 8).Clear();
                File.WriteAllBytes(path, bytes);
                break;
            case "The file is empty":
                File.WriteAllBytes(path, []);
                break;
            default:
                new GgufWriter().Add("split.no", (ushort)1).Add("split.count", (ushort)2).AddTensor("a", TensorType.F32, [8], new byte[32])
                    .Save(path);
                break;
        }

        (int code, JsonElement report) = CliRun.Json("doctor", path, "--host-only");
        Assert.That(code, Is.EqualTo(1));
        Assert.That(report.Texts("faults"), Is.EqualTo((string[])[fault]));
        JsonElement check = report.GetProperty("checks").EnumerateArray().Single();
        Assert.That(check.GetProperty("text").GetString(), Does.Contain(text));
        Assert.That(check.GetProperty("advice").ValueKind, Is.EqualTo(JsonValueKind.Null), "the text says what to do");
        bool isSound = fault is "split-model" or "unsupported-model";
        Assert.That(CliRun.Start("doctor", path, "--host-only").Output.TrimEnd('\n'),
            Does.EndWith($"{(isSound ? "Cannot be used" : "Broken")}: {fault}."));
    }

    [TestCase("mixtral_8x2")]
    [TestCase("gemma3-1b-form")]
    [TestCase("quant_llama_q4_k_m")]
    [TestCase("deepseek2-v3")]
    public void Doctor_ModelWithoutVocabulary_FindsNoFault(string name)
    {
        (int code, JsonElement report) = CliRun.Json("doctor", TestData.Golden("architectures", name, "model.gguf"));
        Assert.That(code, Is.Zero, report.GetProperty("checks").ToString());
        Assert.That(report.GetProperty("perplexity").ValueKind, Is.EqualTo(JsonValueKind.Null));
    }

    [Test]
    [Category("Shared")]
    public void Doctor_RealModel_IsSoundAndItsPerplexityThatOfItsFormat()
    {
        (int code, JsonElement report) = CliRun.Json("doctor", TestData.Shared("models", "SmolLM2-135M-Instruct.Q4_1.gguf"));
        Assert.That(code, Is.Zero, report.GetProperty("checks").ToString());
        Assert.That(report.Texts("warnings"), Is.Empty);
        Assert.That(report.GetProperty("perplexity").GetProperty("bits_per_byte").GetDouble(), Is.EqualTo(1.31).Within(0.02));
    }

    private static IEnumerable<(string Fault, string Path)> Broken()
    {
        yield return ("nan-weights", Copy("inf", [], ModelCopies.In("blk.2.attn_norm.weight", (_, w) => w.Span[0] =
            float.PositiveInfinity)));
        yield return ("zero-weights", Copy("zero", [], ModelCopies.In("blk.5.ffn_down.weight", (_, w) => w.Span.Clear())));
        yield return ("zero-weights", Copy("hole", [], ModelCopies.In("blk.5.ffn_up.weight", (_, w) => w.Span[9600..19200].Clear())));
        yield return ("scaled-weights", Copy("scaled", [], ModelCopies.In("blk.4.attn_q.weight", (_, w) => Scale(w.Span, 10))));
        yield return ("shuffled-weights", Copy("shuffled", [], ModelCopies.In("blk.4.attn_q.weight", (_, w) =>
            ModelCopies.Shuffle(w.Span))));
        yield return ("shuffled-weights", Copy("rows", [], ModelCopies.In("blk.4.ffn_up.weight", ReverseRows)));
        yield return ("missing-rope-freqs", Copy("rope", [], (t, data) => t.Name == "rope_freqs.weight" ? null : data));
        yield return ("wrong-pre-tokenizer", Copy("pre", new() { ["tokenizer.ggml.pre"] = (w, key) => w.Add(key, "default") }));
        yield return ("wrong-pre-tokenizer", Copy("no-pre", new() { ["tokenizer.ggml.pre"] = null }));
        yield return ("permuted-vocabulary", Copy("permuted", new() { ["tokenizer.ggml.tokens"] = Permuted }));
        yield return ("template-tokens", Copy("tokens", Template(ModelCopies.ChatTemplate.Replace("<|turn|>", "<|im_start|>",
            StringComparison.Ordinal))));
        yield return ("broken-template", Copy("template", Template("{% for m in messages %}{{ m.role")));
        yield return ("broken-template", Copy("deaf", Template("{% for m in messages %}{{ m.role }}{% endfor %}")));
        yield return ("double-bos", Copy("bos", new(Template("<|start|>" + ModelCopies.ChatTemplate))
        {
            ["tokenizer.ggml.add_bos_token"] = (w, key) => w.Add(key, true),
        }));
        yield return ("no-end-token", Copy("no-eos", new() { ["tokenizer.ggml.eos_token_id"] = null }));
        yield return ("no-end-token", Copy("eos", new() { ["tokenizer.ggml.eos_token_id"] = (w, key) => w.Add(key, 9999u) }));
        yield return ("end-token-not-control", Copy("word", new() { ["tokenizer.ggml.eos_token_id"] = (w, key) => w.Add(key, 65u) }));
        yield return ("endless-answers", Copy("endless", Template(ModelCopies.ChatTemplate.Replace("<|end|>", "<|turn|>",
            StringComparison.Ordinal))));
        yield return ("wrong-head-count", Copy("heads", new() { ["llama.attention.head_count"] = (w, key) => w.Add(key, 12u) }));
        yield return ("wrong-layer-count", Copy("layers", new() { ["llama.block_count"] = (w, key) => w.Add(key, 7u) }));
        yield return ("wrong-shapes", Copy("norm", [], (t, data) => t.Name == "output_norm.weight" ? null : data));
        byte[] whole = File.ReadAllBytes(Sound.Value);
        File.WriteAllBytes(Path.Combine(Folder, "cut.gguf"), whole[..(whole.Length / 2)]);
        yield return ("truncated-file", Path.Combine(Folder, "cut.gguf"));
    }

    private static string Copy(string name, Dictionary<string, Action<GgufWriter, string>?> keys, Func<GgufTensor, byte[],
        byte[]?>? change = null)
    {
        string path = Path.Combine(Folder, name + ".gguf");
        ModelCopies.Write(Sound.Value, path, keys, change);
        return path;
    }

    private static Dictionary<string, Action<GgufWriter, string>?> Template(string template) =>
        new() { ["tokenizer.chat_template"] = (w, key) => w.Add(key, template) };

    private static void Permuted(GgufWriter writer, string key)
    {
        using GgufFile file = GgufFile.Open(Sound.Value);
        GgufValue tokens = file.Metadata.Strings(key)!;
        string[] texts = [.. Enumerable.Range(0, tokens.Count).Select(tokens.Text)];
        Array.Reverse(texts, 256, 200);
        writer.Add(key, texts);
    }

    private static void Scale(Span<float> weights, float factor)
    {
        foreach (ref float weight in weights) weight *= factor;
    }

    private static void ReverseRows(GgufTensor tensor, Memory<float> weights)
    {
        int width = (int)tensor.Columns;
        float[] copy = weights.ToArray();
        for (int row = 0; row < tensor.Rows; row++) copy.AsSpan(row * width, width)
            .CopyTo(weights.Span[(((int)tensor.Rows - 1 - row) * width)..]);
    }
}
