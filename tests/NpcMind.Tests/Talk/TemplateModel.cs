using NpcMind.Gguf;
using NpcMind.Tests.Gguf;
using NpcMind.Text;

namespace NpcMind.Tests.Talk;

/// <summary>The metadata of a model with a chat template, and the conversations of that template.</summary>
internal static class TemplateModel
{
    public const string ChatMl = "{% for m in messages %}<|im_start|>{{ m.role }}\n{{ m.content }}<|im_end|>\n{% endfor %}"
        + "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}";

    public static GgufMetadata Metadata(string? template, Action<GgufWriter>? more = null)
    {
        using TestFolder folder = new();
        string path = folder.File("model.gguf");
        GgufWriter writer = new GgufWriter().Add("general.architecture", "llama");
        if (template is not null) writer.Add(BuiltInTemplates.Key, template);
        more?.Invoke(writer);
        writer.Save(path);
        using GgufFile file = GgufFile.Open(path);
        return file.Metadata;
    }

    public static ConversationTemplate Create(string? template, ConversationSettings? settings = null) =>
        ConversationTemplate.Create(
            Metadata(template), "model.gguf", settings ?? new ConversationSettings { Date = new DateTime(2026, 11, 28) });

    public static string First(
        this ConversationTemplate template, string system, string heard, bool isAnswered = false, DateTime? date = null) =>
        Text(template.FirstTurn(system, date, heard, 0, isAnswered));

    public static string Next(this ConversationTemplate template, string system, string heard, bool isAnswered = false) =>
        Text(template.NextTurn(system, null, heard, 0, isAnswered));

    public static string Text(ConversationPiece piece) => string.Concat(piece.Segments.Select(s => s.Text));
}
