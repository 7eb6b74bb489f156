using System.Buffers.Binary;
using System.Text.Json;
using NpcMind.Gguf;
using NpcMind.Inference;
using NpcMind.Reference;

namespace NpcMind.GpuTests;

/// <summary><c>npcmind convert</c>: OPT as it is published, made of the golden model, back to GGUF.</summary>
internal sealed class ConvertTests : GpuTest
{
    private static readonly JsonSerializerOptions Plain =
        new() { Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    private static readonly (string From, string To)[] Names =
    [
        ("token_embd", "model.decoder.embed_tokens"), ("position_embd", "model.decoder.embed_positions"),
        ("project_in", "model.decoder.project_in"), ("project_out", "model.decoder.project_out"),
        ("output_norm", "model.decoder.final_layer_norm"), ("attn_norm", "self_attn_layer_norm"), ("attn_q", "self_attn.q_proj"),
        ("attn_k", "self_attn.k_proj"), ("attn_v", "self_attn.v_proj"), ("attn_output", "self_attn.out_proj"),
        ("ffn_norm", "final_layer_norm"), ("ffn_up", "fc1"), ("ffn_down", "fc2"),
    ];

    [Test]
    public void Convert_PublishedForm_GivesTheGoldenLogitsAndATokenizer() => Check(TestData.Golden("architectures", "opt-postnorm-proj"));

    [Test]
    [Category("Shared")]
    public void Convert_PublishedFormWithNormsBefore_GivesTheGoldenLogits() =>
        Check(TestData.Shared("golden", "architectures", "opt-prenorm"));

    [TestCase("config.json", "\"relu\"", "\"gelu\"", "activation_function")]
    [TestCase("config.json", "\"hidden_size\"", "\"hidden\"", "hidden_size")]
    [TestCase("config.json", "96", "95", "embed_positions.weight")]
    [TestCase("vocab.json", "\"</s>\":2", "\"</s>\":512", "</s>")]
    [TestCase("merges.txt", "h e", "h e y", "h e y")]
    [TestCase("model.safetensors", "fc1.bias", "fc3.bias", "fc3.bias")]
    [TestCase("model.safetensors", "\"dtype\":\"F16\"", "\"dtype\":\"I16\"", "I16")]
    [TestCase("model.safetensors", "\"data_offsets\":[0,", "\"data_offsets\":[8,", "data_offsets")]
    public void Convert_WhatIsWrong_IsNamedAndNothingIsWritten(string file, string from, string to, string expected)
    {
        string folder = Publish(TestData.Golden("architectures", "opt-postnorm-proj"), out string output);
        string path = Path.Combine(folder, file);
        byte[] bytes = File.ReadAllBytes(path);
        string text = System.Text.Encoding.Latin1.GetString(bytes);
        Assert.That(text, Does.Contain(from));
        File.WriteAllBytes(path, System.Text.Encoding.Latin1.GetBytes(text.Replace(from, to, StringComparison.Ordinal)));
        (int code, _, string error) = CliTests.Start("", "convert", folder, "--out", output);
        Assert.That(code, Is.EqualTo(1));
        Assert.That(error, Does.StartWith("npcmind: ").And.Contain(expected).And.Contain(file));
        Assert.That(File.Exists(output), Is.False);
        Directory.Delete(folder, recursive: true);
    }

    private static void Check(string golden)
    {
        string folder = Publish(golden, out string output);
        (int code, _, string error) = CliTests.Start("", "convert", folder, "--out", output);
        Assert.That(code, Is.Zero, error);
        using ArchitectureCase model = new(golden);
        using (GgufFile file = GgufFile.Open(output))
        using (InferenceEngine engine = InferenceEngine.Load(Device, file, TinyEngines.Options with { ContextTokens = model.Longest }))
        {
            GoldenSequence sequence = model.Sequences[0];
            double nmse = ArchitectureCase.Nmse(sequence, engine.ReadFresh(sequence.Ids, 16), engine.Config.Vocabulary);
            Assert.That(nmse, Is.LessThanOrEqualTo(ArchitectureCase.Tolerance));
            Text.Tokenizer tokenizer = Text.Tokenizer.Create(file.Metadata);
            int[] ids = tokenizer.Encode("he", true, false);
            Assert.That(ids.Select(tokenizer.Piece), Is.EqualTo(new[] { "</s>", "he" }));
        }

        Directory.Delete(folder, recursive: true);
    }

    /// <summary>A folder as the model hub has it; the folder's name is the test's.</summary>
    private static string Publish(string golden, out string output)
    {
        string folder = Path.Combine(AppContext.BaseDirectory, "opt-tests", Guid.NewGuid().ToString("N"));
        Directory.CreateDirectory(folder);
        output = Path.Combine(folder, "out.gguf");
        using JsonDocument json = JsonDocument.Parse(File.ReadAllText(Path.Combine(golden, "case.json")));
        Dictionary<string, object> config = json.RootElement.GetProperty("config").EnumerateObject()
            .ToDictionary(p => p.Name, p => (object)p.Value);
        config["model_type"] = "opt";
        config["activation_function"] = "relu";
        File.WriteAllText(Path.Combine(folder, "config.json"), JsonSerializer.Serialize(config));
        string[] tokens = ["<s>", "<pad>", "</s>", "<unk>", .. Enumerable.Range('!', 94).Select(c => $"{(char)c}"), "he"];
        File.WriteAllText(Path.Combine(folder, "vocab.json"), JsonSerializer.Serialize(
            tokens.Select((t, id) => (t, id)).ToDictionary(p => p.t, p => p.id), Plain));
        File.WriteAllText(Path.Combine(folder, "merges.txt"), "#version: 0.2\nh e\n");
        using GgufFile file = GgufFile.Open(Path.Combine(golden, "model.gguf"));
        WriteSafetensors(file, Path.Combine(folder, "model.safetensors"));
        return folder;
    }

    private static void WriteSafetensors(GgufFile file, string path)
    {
        Dictionary<string, object> header = [];
        using MemoryStream data = new();
        foreach (GgufTensor tensor in file.Tensors)
        {
            byte[] bytes = new byte[tensor.ByteLength];
            file.Read(tensor, 0, bytes);
            header[Published(tensor.Name)] = new
            {
                dtype = tensor.Type.ToString(),
                shape = tensor.Dimensions.Reverse(),
                data_offsets = new[] { data.Length, data.Length + bytes.Length },
            };
            data.Write(bytes);
        }

        byte[] text = JsonSerializer.SerializeToUtf8Bytes(header), length = new byte[8];
        BinaryPrimitives.WriteInt64LittleEndian(length, text.Length);
        File.WriteAllBytes(path, [.. length, .. text, .. data.ToArray()]);
    }

    private static string Published(string name)
    {
        string[] parts = name.Split('.');
        string to = Array.Find(Names, n => n.From == parts[^2]).To;
        return parts[0] == "blk" ? $"model.decoder.layers.{parts[1]}.{to}.{parts[^1]}" : $"{to}.{parts[^1]}";
    }
}
