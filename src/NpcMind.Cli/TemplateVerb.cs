using System.CommandLine;
using System.Globalization;
using System.Text;
using System.Text.Json;
using NpcMind.Gguf;
using NpcMind.Inference;
using NpcMind.Text;

namespace NpcMind.Cli;

/// <summary><c>npcmind template</c>: a conversation through a chat template, and nothing else on standard output.</summary>
internal static class TemplateVerb
{
    public static Command Create()
    {
        Argument<string?> model = new("MODEL") { Description = "GGUF file whose template is used.", Arity = ArgumentArity.ZeroOrOne };
        Option<string?> jinja = new("--jinja") { Description = "Template file, instead of a model's." }, vars = new("--vars") { Description = "JSON object of further variables." }, now = new("--now") { Description = "Time for strftime_now, e.g. 2026-11-23T10:30:00." };
        Option<string> messages = new("--messages") { Description = "JSON array of messages.", Required = true };
        Option<bool> prompt = new("--add-generation-prompt") { Description = "Open the assistant's turn." };
        Command command = new("template", "Renders a conversation with a chat template.") { model, jinja, messages, prompt, vars, now };
        command.SetAction(parsed =>
        {
            string? modelPath = parsed.GetValue(model), jinjaPath = parsed.GetValue(jinja);
            if (modelPath is null == jinjaPath is null) throw new CliException("give either MODEL or --jinja FILE.");
            Dictionary<string, JsonElement> variables = new(StringComparer.Ordinal);
            ChatTemplate template;
            if (jinjaPath is not null)
            {
                template = ChatTemplate.Parse(Common.ReadText(jinjaPath), jinjaPath);
            }
            else
            {
                using GgufFile file = GgufFile.Open(modelPath!);
                template = Load(file);
                foreach ((string name, string value) in SpecialTokens(file)) variables[name] = JsonString(value);
            }

            using JsonDocument conversation = Common.ReadJson(parsed.GetRequiredValue(messages));
            if (parsed.GetValue(vars) is { } path)
            {
                JsonElement extra = Common.ReadJson(path).RootElement;
                if (extra.ValueKind != JsonValueKind.Object) throw new CliException($"{path} is not a JSON object.");
                foreach (JsonProperty property in extra.EnumerateObject()) variables[property.Name] = property.Value;
            }

            DateTime? time = null;
            if (parsed.GetValue(now) is { } text)
                time = DateTime.TryParse(text, CultureInfo.InvariantCulture, DateTimeStyles.None, out DateTime value) ? value : throw new CliException($"--now {text}: not a time like 2026-11-23T10:30:00.");
            using Stream output = Console.OpenStandardOutput();
            output.Write(Encoding.UTF8.GetBytes(Common.ForTerminal(template.Render(conversation.RootElement, parsed.GetValue(prompt),
                variables, time))));
            return 0;
        });
        return command;
    }

    public static ChatTemplate Load(GgufFile file)
    {
        ModelKind.RequireVocabulary(file);
        return Parse(file);
    }

    private static ChatTemplate Parse(GgufFile file) => ChatTemplate.Parse(
        file.Metadata.String("tokenizer.chat_template") ?? throw new CliException($"{file.Path} has no chat template (tokenizer.chat_template). Use --prompt, or a model tuned for conversation."),
        file.Path + " tokenizer.chat_template");

    /// <summary>bos_token, eos_token and the like, as templates know them.</summary>
    public static Dictionary<string, string> SpecialTokens(GgufFile file)
    {
        Dictionary<string, string> tokens = new(StringComparer.Ordinal);
        GgufValue? texts = file.Metadata.Strings("tokenizer.ggml.tokens");
        foreach ((string variable, string key) in (ReadOnlySpan<(string, string)>)[("bos_token", "bos"), ("eos_token", "eos"), ("unk_token", "unknown"), ("pad_token", "padding")])
            if (file.Metadata.Integer($"tokenizer.ggml.{key}_token_id") is { } id && texts is not null && id >= 0 && id < texts.Count) tokens[variable] = texts.Text((int)id);
        return tokens;
    }

    public static JsonElement JsonString(string text)
    {
        using MemoryStream stream = new();
        using (Utf8JsonWriter writer = new(stream)) writer.WriteStringValue(text);
        return JsonDocument.Parse(stream.ToArray()).RootElement;
    }
}
