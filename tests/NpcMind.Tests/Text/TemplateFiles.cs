using System.Text.Json;
using NpcMind.Reference;
using NpcMind.Text;
using NUnit.Framework;

namespace NpcMind.Tests.Text;

/// <summary>Reads and judges the cases of tests/golden/templates and ../shared/golden/templates.</summary>
internal static class TemplateFiles
{
    public static readonly string[] Committed = ["chatml", "smollm2", "llama-4", "qwen3"];

    /// <summary>What <c>strftime_now</c> says in every case.</summary>
    public static readonly DateTime Now = new(2026, 11, 23, 10, 30, 0);

    private static readonly JsonElement NoMessages = JsonDocument.Parse("[]").RootElement;

    public static string[] SharedNames =>
        [.. Directory.GetDirectories(TestData.Shared("golden", "templates")).Select(path => Path.GetFileName(path))
            .Order(StringComparer.Ordinal)];

    public static string Source(string name) => File.ReadAllText(Path.Combine(FolderOf(name), "template.jinja"));

    public static JsonElement Cases(string name) => Json(Path.Combine(FolderOf(name), "cases.json"));

    public static JsonElement Json(string path) => JsonDocument.Parse(File.ReadAllText(path)).RootElement;

    /// <summary>Messages, prompt flag and variables of a case of either form.</summary>
    public static (JsonElement Messages, bool AddPrompt, Dictionary<string, JsonElement> Variables) Input(JsonElement given)
    {
        Dictionary<string, JsonElement> variables = [];
        JsonElement messages = NoMessages;
        bool addPrompt = false;
        foreach (JsonProperty property in given.EnumerateObject())
        {
            if (property.Name == "messages") messages = property.Value;
            else if (property.Name == "add_generation_prompt") addPrompt = property.Value.GetBoolean();
            else if (property.Name == "extra")
                foreach (JsonProperty extra in property.Value.EnumerateObject()) variables[extra.Name] = extra.Value;
            else if (property.Name is not ("name" or "expected" or "expected_error")) variables[property.Name] = property.Value;
        }

        return (messages, addPrompt, variables);
    }

    /// <summary>Renders a case in both ways and compares with what it expects.</summary>
    public static void Check(string source, JsonElement given, JsonElement outcome, string label)
    {
        (JsonElement messages, bool addPrompt, Dictionary<string, JsonElement> variables) = Input(given);
        if (outcome.TryGetProperty("expected", out JsonElement expected))
        {
            try
            {
                ChatTemplate template = ChatTemplate.Parse(source);
                Assert.That(template.Render(messages, addPrompt, variables, Now), Is.EqualTo(expected.GetString()), label);
                IReadOnlyList<PromptSegment> segments = template.RenderSegments(messages, addPrompt, variables, Now);
                Assert.That(string.Concat(segments.Select(segment => segment.Text)), Is.EqualTo(expected.GetString()), label);
                Assert.That(segments.Select(segment => segment.Text), Has.None.Empty, label);
            }
            catch (ChatTemplateException e)
            {
                Assert.Fail($"{label}: {e.Message}");
            }

            return;
        }

        JsonElement error = outcome.GetProperty("expected_error");
        ChatTemplateException? thrown = Assert.Throws<ChatTemplateException>(
            () => ChatTemplate.Parse(source).Render(messages, addPrompt, variables, Now), label);
        bool raised = error.GetProperty("class").GetString() == "TemplateError";
        Assert.That(thrown?.RaisedMessage, Is.EqualTo(raised ? error.GetProperty("message").GetString() : null), label);
    }

    private static string FolderOf(string name) => Committed.Contains(name)
        ? TestData.Golden("templates", name) : TestData.Shared("golden", "templates", name);
}
