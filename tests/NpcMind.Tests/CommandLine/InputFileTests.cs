using System.Text;
using System.Text.Json;
using NpcMind.Cli;
using NpcMind.Tests.Gguf;
using NUnit.Framework;

namespace NpcMind.Tests.CommandLine;

/// <summary>Files that the command line reads, and paths that it writes to.</summary>
[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
internal sealed class InputFileTests : IDisposable
{
    private readonly TestFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Test]
    public void Read_ByteOrderMark_IsLeftOut()
    {
        Assert.That(Common.ReadText(Write("a.txt", "\uFEFF1 2")), Is.EqualTo("1 2"));
        using JsonDocument json = Common.ReadJson(Write("a.json", "\uFEFF[1]"));
        Assert.That(json.RootElement.GetArrayLength(), Is.EqualTo(1));
    }

    [Test]
    public void Read_AnotherEncoding_SaysToSaveAsUtf8()
    {
        foreach (Encoding encoding in (Encoding[])[Encoding.Unicode, Encoding.BigEndianUnicode])
        {
            string path = _folder.Write("wide.json", [.. encoding.GetPreamble(), .. encoding.GetBytes("[1]")]);
            foreach (Action read in (Action[])[() => Common.ReadText(path), () => Common.ReadJson(path)])
                Assert.That(read, Throws.TypeOf<CliException>().With.Message.EqualTo($"{path} is UTF-16 text. Save it as UTF-8."));
        }

        string latin = _folder.Write("latin.txt", [(byte)'G', 0xFC]);
        Assert.That(() => Common.ReadText(latin), Throws.TypeOf<CliException>().With.Message.Contains("Save it as UTF-8"));
    }

    [TestCase("""[]""")]
    [TestCase("""[{"role":"user","content":"Hello","name":"Ann"}]""")]
    [TestCase("""[{"role":"user","content":[{"type":"image"},{"type":"text","text":"Hello"}]}]""")]
    [TestCase("""[{"role":"assistant","content":null,"tool_calls":[]},{"role":"assistant","tool_calls":[]}]""")]
    public void ReadMessages_WhatTemplatesTake_IsRead(string json)
    {
        using JsonDocument messages = Common.ReadMessages(Write("m.json", json));
        Assert.That(messages.RootElement.ToString(), Is.EqualTo(json));
    }

    [TestCase("\"hi\"", "a string stands where an array of messages is expected")]
    [TestCase("null", "null stands where an array of messages is expected")]
    [TestCase("""{"role":"user","content":"a"}""", "an object stands where an array of messages is expected")]
    [TestCase("[null]", "message 0 (from 0) is null, not an object")]
    [TestCase("""[{"role":"user","content":"a"},"b"]""", "message 1 (from 0) is a string, not an object")]
    [TestCase("""[{"content":"a"}]""", "message 0 (from 0) has no role")]
    [TestCase("""[{"role":1,"content":"a"}]""", "the role of message 0 (from 0) is a number, not a string")]
    [TestCase("""[{"role":"user"}]""", "message 0 (from 0) has no content")]
    [TestCase("""[{"role":"user","content":7}]""", "the content of message 0 (from 0) is a number, not a string or a list of parts")]
    [TestCase("""[{"role":"user","content":["a"]}]""", "the content of message 0 (from 0) is a list, not a string or a list of parts")]
    public void ReadMessages_AnythingElse_IsNamed(string json, string expected)
    {
        string path = Write("m.json", json);
        Assert.That(() => Common.ReadMessages(path), Throws.TypeOf<CliException>()
            .With.Message.StartsWith($"{path}: {expected}").And.Message.Contains("Give messages as [{"));
    }

    [Test]
    public void Check_OutputThatCannotBeWritten_IsRefusedByOptionAndReason()
    {
        string folder = Path.GetDirectoryName(_folder.File("x"))!, lost = _folder.File("no/out.bin");
        string under = Write("file", "a") + "/out.bin";
        Assert.That(() => OutputFile.Check("--out", folder), Throws.TypeOf<CliException>()
            .With.Message.EqualTo($"--out {folder}: this is a folder. Give the path of a file in it."));
        Assert.That(() => OutputFile.Check("--plot", lost), Throws.TypeOf<CliException>()
            .With.Message.EqualTo($"--plot {lost}: there is no such folder. Create it, or give another path."));
        Assert.That(() => OutputFile.Check("--out", under), Throws.TypeOf<CliException>().With.Message.StartsWith($"--out {under}: "));
    }

    [Test]
    public void Check_OutputThatCanBeWritten_LeavesEverythingAsItIs()
    {
        string there = Write("there", "old"), fresh = _folder.File("fresh");
        OutputFile.Check("--out", there);
        OutputFile.Check("--out", fresh);
        OutputFile.Check("--out", "/dev/null");
        OutputFile.Check("--out", null);
        Assert.That(File.ReadAllText(there), Is.EqualTo("old"));
        Assert.That(File.Exists(fresh), Is.False);
    }

    private string Write(string name, string text) => _folder.Write(name, Encoding.UTF8.GetBytes(text));
}
