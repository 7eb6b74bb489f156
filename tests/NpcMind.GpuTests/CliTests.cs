using System.Diagnostics;
using System.Text.Json;
using NpcMind.Reference;

namespace NpcMind.GpuTests;

/// <summary>The command line as scripts use it, on a tiny model with tokenizer and chat template.</summary>
internal sealed class CliTests
{
    private static readonly TinyModelOptions Model = TinyModelOptions.Mixture with { Tokenizer = true, ChatTemplate = true };

    private static string ModelPath => TinyEngines.Path(Model);

    [Test]
    public void Inspect_SoundModel_NamesTensorsAndMemory()
    {
        JsonElement json = Json("inspect", ModelPath, "--json");
        Assert.That(json.GetProperty("tensors").GetArrayLength(), Is.GreaterThan(20));
        Assert.That(json.GetProperty("quantisation").TryGetProperty("F16", out _));
        Assert.That(json.GetProperty("memory")[0].GetProperty("total_bytes").GetInt64(), Is.Positive);
        Assert.That(json.GetProperty("trouble").ValueKind, Is.EqualTo(JsonValueKind.Null));
        Assert.That(Run("inspect", ModelPath).Output, Does.Contain("blk.0.ffn_gate_exps.weight").And.Contain("NpcMind can run this."));
        Assert.That(Run("inspect", TestData.Golden("vision", "llama4", "mmproj.gguf")).Output, Does.Contain("NpcMind can see with this"));
    }

    [Test]
    public void Inspect_UnsupportedModel_SaysWhatCannotRun()
    {
        string path = Path.Combine(Folder, "other.gguf");
        byte[] bytes = File.ReadAllBytes(ModelPath), name = "llama"u8.ToArray();
        int at = bytes.AsSpan().IndexOf("general.architecture"u8) + "general.architecture".Length + 12; // type and length of the value
        Assert.That(bytes.AsSpan(at, 5).SequenceEqual(name));
        "llamo"u8.CopyTo(bytes.AsSpan(at));
        File.WriteAllBytes(path, bytes);
        Assert.That(Run("inspect", path).Output, Does.Contain("NpcMind cannot run this: ").And.Contain("the architecture 'llamo'"));
    }

    [Test]
    public void Inspect_FileWithoutATensor_SaysWhatCannotRun()
    {
        string path = Path.Combine(Folder, "without.gguf");
        foreach ((string model, string tensor) in ((string, string)[])[(ModelPath, "output_norm.weight"),
            (TestData.Golden("vision", "llama4", "mmproj.gguf"), "v.blk.1.attn_out.weight")])
        {
            ModelCopies.Write(model, path, [], (t, data) => t.Name == tensor ? null : data);
            Assert.That(Run("inspect", path).Output, Does.Contain("NpcMind cannot run this: ").And.Contain($"a tensor '{tensor}'"));
            Assert.That(Json("inspect", path, "--json").GetProperty("trouble").GetString(), Does.Contain(tensor));
        }
    }

    [Test]
    public void Inspect_ModelsOfAllTemplates_SaysWhatATryShows()
    {
        TinyModelOptions model = Runtime.Sizes.Chat;
        Assert.That(
            Run("inspect", TinyEngines.Path(model)).Output, Does.Contain("NpcMind can run this.").And.Not.Contain("no chat template"));
        foreach (TinyModelOptions none in (TinyModelOptions[])[model with { ChatTemplate = false }, model with { Template = "" }])
        {
            Assert.That(
                Run("inspect", TinyEngines.Path(none)).Output, Does.Contain("NpcMind can run this.").And.Contain("no chat template"));
            Assert.That(Json("inspect", TinyEngines.Path(none), "--json").GetProperty("warnings").GetArrayLength(), Is.EqualTo(1));
        }

        string[] failing = ["{{ 1 // 0 }}{{ messages }}", "{% for m in messages %}{{ loop.index }}{{ m.content }}{% endfor %}",
            "{{ raise_exception('no') }}", "nothing of {it"];
        foreach (string template in failing)
            Assert.That(Run("inspect", TinyEngines.Path(model with { Template = template })).Output,
                Does.Contain("NpcMind cannot run this: ").And.Contain("tokenizer.chat_template"));
    }

    [Test]
    public void Template_OfAModel_IsWhatItsCharactersGet()
    {
        string messages = Path.Combine(Folder, "dated.json");
        File.WriteAllText(messages, """[{"role":"user","content":"Hello"}]""");
        string path = TinyEngines.Path(Runtime.Sizes.Chat with
        {
            Template = "{{ strftime_now('%d %b %Y %H:%M') }} {% for t in tools %}"
                + "{{ t }}{% endfor %}{% for m in messages %}{{ m.content }}{% endfor %}"
        });
        Assert.That(Run("template", path, "--messages", messages, "--now", "1348-05-01").Output, Is.EqualTo("01 May 1348 00:00 Hello"));
        Assert.That(Run("template", path, "--messages", messages).Output, Does.EndWith(" 00:00 Hello").And.Not.Contain("1970"),
            "the day, as a character has it");
    }

    [Test]
    public void Detokenize_TokenizedText_GivesItBack()
    {
        JsonElement json = Json("tokenize", ModelPath, "--text", "Grüß Gott 🍺", "--json");
        string ids = string.Join(',', json.GetProperty("ids").EnumerateArray().Select(e => e.GetInt32()));
        Assert.That(Run("detokenize", ModelPath, "--tokens", ids).Output.TrimEnd('\n'), Is.EqualTo("Grüß Gott 🍺"));
        Assert.That(Run("detokenize", ModelPath, "--tokens", ids, "--hex").Output.TrimEnd('\n'),
            Is.EqualTo(Convert.ToHexStringLower(System.Text.Encoding.UTF8.GetBytes("Grüß Gott 🍺"))));
    }

    [Test]
    public void Template_Messages_PrintsPromptOnly()
    {
        string messages = Write("messages.json", """[{"role":"user","content":"Hello"}]""");
        string jinja = Write("template.jinja",
            "{% for m in messages %}[{{ m.role }}] {{ m.content }}{% endfor %}|{{ place }}|{{ strftime_now('%Y') }}");
        string vars = Write("vars.json", """{"place":"inn"}""");
        Assert.That(Run("template", "--jinja", jinja, "--messages", messages, "--vars", vars, "--now", "2026-11-23T10:30:00").Output,
            Is.EqualTo("[user] Hello|inn|2026"));
        Assert.That(Run("template", ModelPath, "--messages", messages, "--add-generation-prompt").Output, Does.Contain("Hello"));
    }

    [Test]
    public void Logits_OneGoOrTokenByToken_AreTheSame()
    {
        string all = Path.Combine(Folder, "all.bin"), single = Path.Combine(Folder, "single.bin");
        Assert.That(Run("logits", ModelPath, "--tokens", "1 2 3 4 5 6 7", "--out", all).Code, Is.Zero);
        Assert.That(Run("logits", ModelPath, "--tokens", "1,2,3,4,5,6,7", "--from", "2", "--one-at-a-time", "--validate", "--out", single)
            .Code, Is.Zero);
        byte[] whole = File.ReadAllBytes(all);
        Assert.That(File.ReadAllBytes(single), Is.EqualTo(whole[(whole.Length / 7 * 2)..]));
    }

    [Test]
    public void Generate_SameSeed_RepeatsItself()
    {
        string[] arguments = ["generate", ModelPath, "--prompt", "Hello", "--max-tokens", "12", "--temperature", "1.5", "--ignore-end",
            "--json"];
        string first = Ids([.. arguments, "--seed", "7"]), again = Ids([.. arguments, "--seed", "7"]),
            other = Ids([.. arguments, "--seed", "8"]);
        Assert.That(again, Is.EqualTo(first));
        Assert.That(other, Is.Not.EqualTo(first));
    }

    [Test]
    public void Bench_Model_ReportsEveryOperation()
    {
        JsonElement json = Json("bench", ModelPath, "--prompt-tokens", "20", "--generate-tokens", "3", "--sequences", "3", "--json");
        Assert.That(json.GetProperty("ops").EnumerateArray().Select(o => o.GetProperty("name").GetString()),
            Does.Contain("attention").And.Contain("ffn_gate_up_exps").And.Contain("sample"));
        Assert.That(json.GetProperty("prefill_ops").EnumerateArray().Select(o => o.GetProperty("name").GetString()),
            Does.Contain("attention").And.Contain("ffn_gate_up_exps").And.Not.Contain("sample"));
        Assert.That(json.GetProperty("prefill_rows").GetInt32(), Is.EqualTo(20));
        foreach (string figure in (string[])["prefill_tokens_per_s", "decode_tokens_per_s", "weight_gb_per_s", "copy_gb_per_s", "load_s",
            "peak_bytes", "sequences_to_one"])
            Assert.That(json.GetProperty(figure).GetDouble(), Is.Positive, figure);
    }

    [Test]
    public void Chat_InputEnds_AnswersAndStops()
    {
        (int code, string output, string error) = Start("Hello\nAnd you?\n", "chat", ModelPath, "--system", "Be brief.", "--max-tokens",
            "8", "--context", "512");
        Assert.That(code, Is.Zero, error);
        Assert.That(output.Split('\n'), Has.Length.GreaterThanOrEqualTo(2));
    }

    [Test]
    public void Frames_Minds_ReportsAndPlotsFrameTimes()
    {
        string plot = Path.Combine(Folder, "frames.png");
        File.Delete(plot);
        JsonElement json = Json("frames", ModelPath, "--npcs", "2", "--budget-ms", "4", "--frames", "90", "--fps", "60", "--json", "--plot",
            plot, "--warmup", "60", "--noise-frames", "30", "--context", "512", "--validate");
        foreach (JsonElement figures in (JsonElement[])[json.GetProperty("gpu_ms"), json.GetProperty("noise").GetProperty("gpu_ms"),
            json.GetProperty("tick_cpu_ms")])
        {
            double[] quantiles = [.. ((string[])["p50", "p95", "p99", "max"]).Select(q => figures.GetProperty(q).GetDouble())];
            Assert.That(quantiles, Is.Ordered.And.All.Positive);
        }

        Assert.That(json.GetProperty("gpu_ms").EnumerateObject().Select(p => p.Name), Is.EqualTo((string[])["p50", "p95", "p99", "max"]));
        Assert.That(json.GetProperty("overruns").GetInt32(), Is.InRange(0, json.GetProperty("gpu_frames").GetInt32()));
        Assert.That(json.GetProperty("quantum_ms").GetDouble(), Is.EqualTo(0.5));
        Assert.That(json.GetProperty("allocated_bytes_per_tick").GetDouble(), Is.Zero);
        // In so many frames a step need not come to its end on a busy machine.
        Assert.That(json.GetProperty("dispatches_per_tick").GetDouble(), Is.Positive, "the characters think");
        Assert.That(json.GetProperty("tokens_per_s_per_npc").GetDouble(), Is.GreaterThanOrEqualTo(0));
        Assert.That(json.GetProperty("first_word_ms").TryGetProperty("p50", out _));
        Assert.That(File.ReadAllBytes(plot).AsSpan(0, 8).ToArray(),
            Is.EqualTo((byte[])[0x89, (byte)'P', (byte)'N', (byte)'G', 13, 10, 26, 10]));
    }

    [Test]
    [Category("Shared")]
    public void Vision_Picture_WritesPixelsAndFeaturesPrintsTokens()
    {
        foreach (string family in (string[])["llama4", "idefics3"])
        {
            string Path(string name) => TestData.Shared("golden", "vision", family, name);
            string pixels = System.IO.Path.Combine(Folder, "pixels.bin"), features = System.IO.Path.Combine(Folder, "features.bin");
            string[] arguments = ["vision", Path("model.gguf"), "--mmproj", Path("mmproj.gguf"), "--image", Path("image-wide.png")];
            Assert.That(Run([.. arguments, "--pixels", pixels, "--features", features, "--validate"]).Output,
                Does.Contain("7 tiles, 63 features of 64"));
            Assert.That(TestData.Nmse(TestData.Floats(pixels), TestData.Floats(Path("wide.pixels.bin"))), Is.LessThan(1e-12));
            Assert.That(TestData.Nmse(TestData.Floats(features), TestData.Floats(Path("wide.features.bin"))), Is.LessThan(1e-6));

            using JsonDocument golden = JsonDocument.Parse(File.ReadAllText(Path("case.json")));
            JsonElement picture = golden.RootElement.GetProperty("images").EnumerateArray()
                .Single(i => i.GetProperty("name").GetString() == "wide");
            int slot = golden.RootElement.GetProperty("image_token_id").GetInt32();
            int[] ids = [.. Json([.. arguments, "--tokens"]).EnumerateArray()
                .SelectMany(p => p.TryGetProperty("ids", out JsonElement text)
                    ? text.EnumerateArray().Select(e => e.GetInt32()) : Enumerable.Repeat(slot, p.GetProperty("count").GetInt32()))];
            string all = string.Join(' ', picture.GetProperty("input_ids").EnumerateArray().Select(e => e.GetInt32()));
            Assert.That(all, Does.Contain(string.Join(' ', ids)));
        }
    }

    [TestCase("--npcs", "frames", "MODEL", "--npcs", "0", "--budget-ms", "2", "--frames", "10")]
    [TestCase("--budget-ms", "frames", "MODEL", "--npcs", "1", "--budget-ms", "0", "--frames", "10")]
    [TestCase("No such file", "inspect", "/nowhere.gguf")]
    [TestCase("magic 'GGUF'", "inspect", "README")]
    [TestCase("vocabulary", "detokenize", "MODEL", "--tokens", "99999")]
    [TestCase("not a token id", "logits", "MODEL", "--tokens", "1,x", "--out", "/dev/null")]
    [TestCase("--from", "logits", "MODEL", "--tokens", "1", "--from", "1", "--out", "/dev/null")]
    [TestCase("Choose one of", "generate", "MODEL", "--prompt", "a", "--max-tokens", "1", "--device", "no such device")]
    [TestCase("--max-tokens", "generate", "MODEL", "--prompt", "a")]
    [TestCase("not JSON", "template", "MODEL", "--messages", "README")]
    [TestCase("belong to different models", "vision", "MODEL", "--mmproj", "MMPROJ", "--image", "PICTURE", "--features", "/dev/null")]
    [TestCase("swapped", "vision", "MMPROJ", "--mmproj", "MODEL", "--image", "PICTURE")]
    [TestCase("README", "vision", "MODEL", "--mmproj", "MMPROJ", "--image", "README")]
    [TestCase("MiB are available", "generate", "MODEL", "--prompt", "a", "--max-tokens", "1", "--context", "16777216")]
    [TestCase("--context 2000000000: must be from 1 to 16777216", "generate", "MODEL", "--prompt", "a", "--max-tokens", "1", "--context",
        "2000000000")]
    [TestCase("--budget-ms -1: must be from 0.001 to 1000", "frames", "MODEL", "--npcs", "1", "--budget-ms", "-1", "--frames", "10")]
    [TestCase("--max-tokens 0: must be from 1 to", "see", "MODEL", "--mmproj", "MMPROJ", "--image", "PICTURE", "--max-tokens", "0")]
    [TestCase("--temperature NaN: must be from 0 to 100", "chat", "MODEL", "--temperature", "NaN")]
    [TestCase("--device-tokens -5: must be from 256 to", "frames", "MODEL", "--npcs", "1", "--budget-ms", "1", "--frames", "10",
        "--device-tokens", "-5")]
    [TestCase("--temperature: '0,7' is not a number; write 0.7.", "generate", "MODEL", "--prompt", "a", "--max-tokens", "1",
        "--temperature", "0,7")]
    [TestCase("--budget-ms: '1,5' is not a number; write 1.5.", "frames", "MODEL", "--npcs", "1", "--frames", "1", "--budget-ms", "1,5")]
    [TestCase("--max-tokens: 'x' is not a whole number.", "generate", "MODEL", "--prompt", "a", "--max-tokens", "x")]
    [TestCase("--length: '6.5' is not a whole number.", "needle", "MODEL", "--length", "100", "6.5")]
    [TestCase("--length 3: must be from 64", "needle", "MODEL", "--length", "100", "3")]
    [TestCase("--seed -1: must be from 0", "needle", "MODEL", "--length", "100", "--seed", "-1")]
    [TestCase("--sequences 1: must be from 2 to 64", "bench", "MODEL", "--prompt-tokens", "1", "--generate-tokens", "1", "--sequences",
        "1")]
    [TestCase("--plot /: this is a folder", "frames", "/nowhere.gguf", "--npcs", "1", "--budget-ms", "1", "--frames", "1", "--plot", "/")]
    [TestCase("--plot /no/x.svg: there is no such folder", "needle", "/nowhere.gguf", "--length", "100", "--plot", "/no/x.svg")]
    [TestCase("--out /: this is a folder", "logits", "/nowhere.gguf", "--tokens", "1", "--out", "/")]
    [TestCase("--out /: this is a folder", "convert", "/nowhere", "--out", "/")]
    [TestCase("--pixels /: this is a folder", "vision", "/nowhere.gguf", "--mmproj", "x", "--image", "x", "--pixels", "/")]
    [TestCase("--features /: this is a folder", "vision", "/nowhere.gguf", "--mmproj", "x", "--image", "x", "--features", "/")]
    [TestCase("message 0 (from 0) is null", "generate", "MODEL", "--messages", "NULLS", "--max-tokens", "1")]
    [TestCase("message 0 (from 0) is null", "template", "MODEL", "--messages", "NULLS")]
    [TestCase("message 0 (from 0) is null", "see", "MODEL", "--mmproj", "MMPROJ", "--image", "PICTURE", "--messages", "NULLS",
        "--max-tokens", "1")]
    [TestCase("there is no verb 'genrate'. The verbs are inspect, ", "genrate", "x")]
    [TestCase("no verb was given. The verbs are inspect, ")]
    [TestCase("MODEL is empty", "tokenize", "", "--text", "x")]
    [TestCase("--file is empty", "tokenize", "MODEL", "--file", "")]
    [TestCase("FILE is empty", "doctor", "")]
    [TestCase("--device is empty", "generate", "MODEL", "--prompt", "a", "--max-tokens", "1", "--device", "")]
    [TestCase("image encoder", "chat", "MMPROJ")]
    [TestCase("image encoder", "generate", "MMPROJ", "--prompt", "a", "--max-tokens", "1")]
    [TestCase("image encoder", "tokenize", "MMPROJ", "--text", "a")]
    [TestCase("image encoder", "template", "MMPROJ", "--messages", "README")]
    [TestCase("image encoder", "logits", "MMPROJ", "--tokens", "1", "--out", "/dev/null")]
    [TestCase("image encoder", "bench", "MMPROJ", "--prompt-tokens", "1", "--generate-tokens", "1")]
    [TestCase("image encoder", "frames", "MMPROJ", "--npcs", "1", "--budget-ms", "1", "--frames", "10")]
    [TestCase("This is a text file", "chat", "README")]
    [TestCase("this is a device", "inspect", "/dev/zero")]
    [TestCase("this is a device", "tokenize", "MODEL", "--file", "/dev/zero")]
    [TestCase("this is a folder", "chat", "/")]
    [TestCase("139", "inspect", "REPORTS/tensor-types-of-others-called-damaged/iq4_k.gguf")]
    [TestCase("Q4_0_4_4", "generate", "REPORTS/tensor-types-of-others-called-damaged/q4_0_4_4.gguf", "--prompt", "a", "--max-tokens", "1")]
    [TestCase("\\u001B", "inspect", "/nowhere/\u001b[31m.gguf")]
    public void Cli_Error_IsOneLineThatNamesTheProblem(string expected, params string[] arguments)
    {
        string[] real = [.. arguments.Select(a => a switch { "MODEL" => ModelPath, "README" => Path.Combine(TestData.Root, "README.md"),
            "MMPROJ" => TestData.Golden("vision", "llama4", "mmproj.gguf"),
            "NULLS" => Write("nulls.json", "[null]"),
            "PICTURE" => TestData.Golden("vision", "llama4", "image-exact.png"),
            _ => a.Replace("REPORTS", TestData.Golden("reports"), StringComparison.Ordinal) })];
        (int code, _, string error) = Start("", real);
        Assert.That(code, Is.EqualTo(1), error);
        Assert.That(error.TrimEnd('\n').Split('\n'), Has.Length.EqualTo(1));
        Assert.That(error, Does.StartWith("npcmind: "));
        Assert.That(error.TrimEnd('\n').Any(char.IsControl), Is.False, error);
        if (expected != "No such file") Assert.That(error, Does.Contain(expected));
        else Assert.That(error, Does.Contain("/nowhere.gguf"));
    }

    [Test]
    public void Inspect_MergedFile_SaysWhatItSaysOfTheSameWithoutSplitKeys()
    {
        string[] Lines(string name) =>
            [.. Run("inspect",
            TestData.Golden("reports", "gguf-merged-split-count-0", name)).Output.Split('\n').Skip(1).Where(l => !l.StartsWith("  split.",
            StringComparison.Ordinal))];
        Assert.That(Lines("merged.gguf"), Is.EqualTo(Lines("same-without-split-keys.gguf")));
        Assert.That(Lines("merged.gguf"), Does.Contain("NpcMind can run this.").Or.Some.StartsWith("NpcMind cannot run this: "));
    }

    [TestCase(false)]
    [TestCase(true)]
    public void Inspect_ControlCharactersInTheFile_AreEscaped(bool json)
    {
        string path = TestData.Golden("reports", "terminal-escapes-in-metadata", "escape.gguf"),
            output = (json ? Run("inspect", path, "--json") : Run("inspect", path)).Output;
        Assert.That(output.Where(c => c != '\n').Any(c => char.IsControl(c) || c is '\u202E' or '\u2066'), Is.False, output);
        Assert.That(output, Does.Contain("u001B"));
    }

    [Test]
    public void Version_IsThePackages() =>
        Assert.That(Run("--version").Output.Trim(),
        Is.EqualTo(System.Xml.Linq.XDocument.Load(Path.Combine(TestData.Root,
        "Directory.Build.props")).Descendants("Version").Single().Value));

    [TestCase("bert")]
    [TestCase("nomic-bert")]
    public void Embed_Texts_PrintsEmbeddingsAndSimilarities(string architecture)
    {
        string path = TinyEngines.Path(new TinyBertOptions { Architecture = architecture });
        string texts = Write("texts.txt", "the miller\r\n\nthe gate\n");
        JsonElement json = Json("embed", path, "the miller", "--file", texts, "--json", "--validate");
        Assert.That(json.GetProperty("dimensions").GetInt32(), Is.EqualTo(96));
        JsonElement[] all = [.. json.GetProperty("embeddings").EnumerateArray()];
        Assert.That(all.Select(e => e.GetProperty("text").GetString()), Is.EqualTo((string[])["the miller", "the miller", "the gate"]));
        float[][] values = [.. all.Select(e => e.GetProperty("values").EnumerateArray().Select(v => v.GetSingle()).ToArray())];
        int[] ids = [.. all[0].GetProperty("tokens").EnumerateArray().Select(t => t.GetInt32())];
        Assert.That(TestData.Nmse(values[0], BertReference.Open(path).Embed(ids)), Is.LessThan(1e-10));
        Assert.That(values[1], Is.EqualTo(values[0]));
        Assert.That(Run("embed", path, "a", "a", "b").Output.Split('\n')[1], Does.Match(@"^ 1\.000  1\.000  a$"));
        Assert.That(Run("inspect", path).Output, Does.Contain("NpcMind can embed texts with this").And.Not.Contain("chat template"));
    }

    [Test]
    public void Embed_WhatCannotBe_SaysSo()
    {
        string path = TinyEngines.Path(new TinyBertOptions());
        Assert.That(Start("", "embed", path, new string('x', 95)),
            Is.EqualTo((1, "", "npcmind: text 1 has 97 tokens; the model reads at most 96.\n")));
        Assert.That(Start("", "embed", path), Is.EqualTo((1, "", "npcmind: there are no texts.\n")));
        Assert.That(Start("", "embed", ModelPath, "a").Error, Does.Contain("as embedding model").And.Contain("bge"));
    }

    private static string Folder => Directory.CreateDirectory(Path.Combine(AppContext.BaseDirectory, "cli-tests")).FullName;

    private static string Write(string name, string text)
    {
        string path = Path.Combine(Folder, name);
        File.WriteAllText(path, text);
        return path;
    }

    private static string Ids(string[] arguments) => Json(arguments).GetProperty("ids").ToString();

    private static JsonElement Json(params string[] arguments) => JsonDocument.Parse(Run(arguments).Output).RootElement;

    private static (int Code, string Output) Run(params string[] arguments)
    {
        (int code, string output, string error) = Start("", arguments);
        Assert.That(code, Is.Zero, error);
        return (code, output);
    }

    /// <summary>The program built beside these tests, in the same configuration.</summary>
    internal static (int Code, string Output, string Error) Start(string input, params string[] arguments)
    {
        string configuration = AppContext.BaseDirectory.Contains("/Release/", StringComparison.Ordinal) ? "Release" : "Debug";
        ProcessStartInfo info = new(Path.Combine(TestData.Root, "src", "NpcMind.Cli", "bin", configuration, "net10.0", "NpcMind.Cli"),
            arguments)
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        using Process process = Process.Start(info)!;
        Task<string> error = process.StandardError.ReadToEndAsync();
        process.StandardInput.Write(input);
        process.StandardInput.Close();
        string output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        return (process.ExitCode, output, error.GetAwaiter().GetResult());
    }
}
