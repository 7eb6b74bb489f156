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
        Option<string?> jinja = new("--jinja") { Description = "Template file, instead of a model's." },
            vars = new("--vars") { Description = "JSON object of further variables." },
            now = new("--now") { Description = "Time for strftime_now, e.g. 2026-11-23T10:30:00." };
        Option<string> messages = new("--messages") { Description = "JSON array of messages.", Required = true };
        Option<bool> prompt = new("--add-generation-prompt") { Description = "Open the assistant's turn." };
        Command command = new("template", "Renders a conversation with a chat template.") { model, jinja, messages, prompt, vars, now };
        command.SetAction(parsed =>
        {
            string? modelPath = parsed.GetValue(model), jinjaPath = parsed.GetValue(jinja);
            if (modelPath is null == jinjaPath is null) throw new CliException("give either MODEL or --jinja FILE.");
            using GgufFile? file = modelPath is null ? null : GgufFile.Open(modelPath);
            if (file is not null) ModelKind.RequireVocabulary(file); // first: another kind of file is to be called what it is
            Dictionary<string, JsonElement> variables = new(StringComparer.Ordinal);
            using JsonDocument conversation = Common.ReadMessages(parsed.GetRequiredValue(messages));
            if (parsed.GetValue(vars) is { } path)
            {
                JsonElement extra = Common.ReadJson(path).RootElement;
                if (extra.ValueKind != JsonValueKind.Object) throw new CliException($"{path} is not a JSON object.");
                foreach (JsonProperty property in extra.EnumerateObject()) variables[property.Name] = property.Value;
            }

            DateTime? time = null;
            if (parsed.GetValue(now) is { } text)
                time = DateTime.TryParse(text, CultureInfo.InvariantCulture, DateTimeStyles.None, out DateTime value)
                    ? value : throw new CliException($"--now {text}: not a time like 2026-11-23T10:30:00.");
            bool opens = parsed.GetValue(prompt);
            string rendered;
            if (file is null)
                rendered = ChatTemplate.Parse(Common.ReadText(jinjaPath!), jinjaPath!)
                    .Render(conversation.RootElement, opens, variables, time);
            else rendered = string.Concat(Load(file, time).Render(conversation.RootElement, opens, variables).Select(s => s.Text));

            using Stream output = Console.OpenStandardOutput();
            output.Write(Encoding.UTF8.GetBytes(Common.ForTerminal(rendered)));
            return 0;
        });
        return command;
    }

    /// <summary>The conversations of a model, as its characters have them: today's date, unless another is given.</summary>
    public static ConversationTemplate Load(GgufFile file, DateTime? date = null)
    {
        if (BuiltInTemplates.Of(file.Metadata) is null)
            throw new CliException(
                $"{file.Path} has no chat template ({BuiltInTemplates.Key}). Take a model tuned for conversation, or use --prompt "
                    + "(generate, see).");
        return ConversationTemplate.CreateUntried(file.Metadata, file.Path, Settings(file, date));
    }

    /// <summary>What conversations are given.</summary>
    public static ConversationSettings Settings(GgufFile file, DateTime? date = null)
    {
        Dictionary<string, JsonElement> variables = new(StringComparer.Ordinal);
        TemplateVariables.AddTokens(file.Metadata, variables);
        return new ConversationSettings
        {
            Date = date ?? TimeProvider.System.GetLocalNow().Date,
            DateIsChosen = date is not null,
            Variables = variables,
        };
    }
}
