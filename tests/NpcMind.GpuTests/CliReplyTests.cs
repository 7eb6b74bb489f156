using System.Text.Json;
using NpcMind.Gguf;
using NpcMind.Reference;

namespace NpcMind.GpuTests;

/// <summary>What <c>generate</c>, <c>chat</c> and <c>see</c> print as a model's answer.</summary>
internal sealed class CliReplyTests
{
    private static readonly string ModelPath =
        TinyEngines.Path(TinyModelOptions.Mixture with { Tokenizer = true, ChatTemplate = true });

    private static string Folder => Directory.CreateDirectory(Path.Combine(AppContext.BaseDirectory, "cli-tests")).FullName;

    /// <summary>The model always says its first token, which is the first byte of a character of four.</summary>
    [Test]
    public void Reply_EndsWithinACharacter_LeavesItOut()
    {
        string path = Path.Combine(Folder, "first-byte.gguf");
        ModelCopies.Write(ModelPath, path, new() { ["tokenizer.ggml.tokens"] = FirstByteFirst },
            (tensor, data) => tensor.Name is "output.weight" or "token_embd.weight" ? new byte[data.Length] : data);
        JsonElement json = CliRun.Json("generate", path, "--prompt", "a", "--max-tokens", "2").Report;
        Assert.That(json.GetProperty("ids").EnumerateArray().Select(e => e.GetInt32()), Is.EqualTo((int[])[0, 0]));
        Assert.That(json.GetProperty("text").GetString(), Is.EqualTo("\uFFFD"), "the first byte is followed by another first byte");
        Assert.That(CliRun.Start("generate", path, "--prompt", "a", "--max-tokens", "1").Output, Is.EqualTo("\n"));
        string[] chat = ["chat", path, "--max-tokens", "1", "--temperature", "0", "--repetition-penalty", "1"];
        Assert.That(CliTests.Start("Hello\nAgain\n", chat).Output, Is.EqualTo("\n\n"));
    }

    [TestCase("")]
    [TestCase(" \n")]
    public void See_EmptyTemplate_TakesAPrompt(string template)
    {
        string path = Path.Combine(Folder, "see-empty.gguf");
        ModelCopies.Write(TestData.Golden("vision", "llama4", "model.gguf"), path,
            new() { ["tokenizer.chat_template"] = (w, key) => w.Add(key, template) });
        string[] arguments = ["see", path, "--mmproj", TestData.Golden("vision", "llama4", "mmproj.gguf"), "--image",
            TestData.Golden("vision", "llama4", "image-exact.png"), "--max-tokens", "2"];
        (int code, _, string error) = CliRun.Start([.. arguments, "--prompt", "What is this?"]);
        Assert.That(code, Is.Zero, error);
    }

    private static void FirstByteFirst(GgufWriter writer, string key)
    {
        using GgufFile file = GgufFile.Open(ModelPath);
        GgufValue tokens = file.Metadata.Strings(key)!;
        string[] texts = [.. Enumerable.Range(0, tokens.Count).Select(tokens.Text)];
        int first = Array.IndexOf(texts, "\u00F0");
        (texts[0], texts[first]) = (texts[first], texts[0]);
        writer.Add(key, texts);
    }
}
