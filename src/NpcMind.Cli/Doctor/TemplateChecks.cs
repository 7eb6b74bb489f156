using System.Text.RegularExpressions;
using NpcMind.Core;
using NpcMind.Gguf;
using NpcMind.Text;

namespace NpcMind.Cli.Doctor;

/// <summary>A conversation of two turns as the model's template writes it.</summary>
/// <param name="Text">The text, as a prompt has it.</param>
/// <param name="Ids">Its tokens.</param>
internal sealed record TemplateProbe(string Text, int[] Ids);

/// <summary>
/// Whether the chat template works, writes tokens that the vocabulary has, and is that of the family whose turns the vocabulary has tokens
/// for.
/// </summary>
internal static partial class TemplateChecks
{
    public const string Heard = "Hello!", Said = "Good day.", HeardNext = "Who are you?";
    private const string Check = "template";

    /// <summary>Tokens that do nothing but begin a text: published files add them and have templates that write them, too.</summary>
    private static readonly string[] PlainBegins =
        ["<s>", "<bos>", "[BOS]", "<BOS_TOKEN>", "<|begin_of_text|>", "<|startoftext|>", "<\uFF5Cbegin\u2581of\u2581sentence\uFF5C>"];

    /// <summary>Markers of a model that was trained with them as ordinary text (Zephyr, TinyLlama).</summary>
    private static readonly string[] PlainTurns = ["<|user|>", "<|assistant|>", "<|system|>"];

    private static readonly (string Family, string[] Tokens, string User, string Assistant, string Prompt)[] Families =
    [
        ("ChatML", ["<|im_start|>", "<|im_end|>"], "<|im_start|>user\n{0}<|im_end|>", "<|im_start|>assistant\n{0}<|im_end|>",
            "<|im_start|>assistant\n"),
        ("Llama 3", ["<|start_header_id|>", "<|eot_id|>"], "<|start_header_id|>user<|end_header_id|>\n\n{0}<|eot_id|>",
            "<|start_header_id|>assistant<|end_header_id|>\n\n{0}<|eot_id|>", "<|start_header_id|>assistant<|end_header_id|>\n\n"),
        ("Llama 4", ["<|header_start|>", "<|eot|>"], "<|header_start|>user<|header_end|>\n\n{0}<|eot|>",
            "<|header_start|>assistant<|header_end|>\n\n{0}<|eot|>", "<|header_start|>assistant<|header_end|>\n\n"),
        ("Gemma", ["<start_of_turn>", "<end_of_turn>"], "<start_of_turn>user\n{0}<end_of_turn>", "<start_of_turn>model\n{0}<end_of_turn>",
            "<start_of_turn>model\n"),
    ];

    /// <summary>Returns the probe; null where there is no template or it does not work.</summary>
    public static TemplateProbe? Run(GgufFile file, Tokenizer tokenizer, Diagnosis diagnosis)
    {
        TemplateProbe? probe;
        try
        {
            if (BuiltInTemplates.Of(file.Metadata) is null)
            {
                diagnosis.Warn(Check, "no-template",
                    "the file has no chat template: its characters talk in lines of \"User:\" and \"Assistant:\".",
                    "Take a model tuned for conversation.");
                return null;
            }

            probe = Render(file, tokenizer);
        }
        catch (Exception e) when (e is ChatTemplateException or GgufFormatException)
        {
            diagnosis.Fault(Check, "broken-template", Sentences.Without(file.Path, e.Message),
                "Take a conversion with the template of the model's makers.");
            return null;
        }

        if (!Holds(probe.Text, Heard, Said, HeardNext))
            diagnosis.Fault(Check, "broken-template", "the template leaves out what was said in a conversation of two turns.");
        Tokens(probe, tokenizer, diagnosis);
        Drift(file.Metadata, probe, tokenizer, diagnosis);
        DoubleBos(file.Metadata, probe, tokenizer, diagnosis);
        if (diagnosis.IsClean(Check)) diagnosis.Ok(Check, "a conversation of two turns is written as below; all its markers are tokens");
        return probe;
    }

    private static TemplateProbe Render(GgufFile file, Tokenizer tokenizer)
    {
        ConversationTemplate template = ConversationTemplate.Create(file.Metadata, file.Path, TemplateVerb.Settings(file));
        IReadOnlyList<PromptSegment> segments =
            template.Render([new("user", Heard), new("assistant", Said), new("user", HeardNext)], addGenerationPrompt: true);
        return new TemplateProbe(string.Concat(segments.Select(s => s.Text)), tokenizer.Encode(segments));
    }

    /// <summary>Whether texts occur one after the other.</summary>
    private static bool Holds(string text, params ReadOnlySpan<string> parts)
    {
        int at = 0;
        foreach (string part in parts)
        {
            at = text.IndexOf(part, at, StringComparison.Ordinal);
            if (at < 0) return false;
            at += part.Length;
        }

        return true;
    }

    private static void Tokens(TemplateProbe probe, Tokenizer tokenizer, Diagnosis diagnosis)
    {
        string[] unknown = [.. Marker().Matches(probe.Text).Select(m => m.Value).Distinct(StringComparer.Ordinal)
            .Where(m => tokenizer.Encode(m, parseSpecial: true).Length != 1)];
        if (unknown.Length == 0) return;
        string text = $"the template writes {string.Join(", ", unknown.Take(4).Select(m => $"'{PrintableText.Escape(m)}'"))}, and the "
            + $"vocabulary has no "
            + "such token: the model reads the marker letter by letter.";
        if (unknown.All(PlainTurns.Contains))
            diagnosis.Warn(Check, "template-tokens", text,
                "Some models were trained that way (Zephyr, TinyLlama); otherwise the template belongs to another model.");
        else
            diagnosis.Fault(Check, "template-tokens", text,
                "The template belongs to another model: take a conversion with this model's own template.");
    }

    private static void Drift(GgufMetadata metadata, TemplateProbe probe, Tokenizer tokenizer, Diagnosis diagnosis)
    {
        foreach ((string family, string[] tokens, string user, string assistant, string prompt) in Families)
        {
            if (!tokens.All(t => tokenizer.Encode(t, parseSpecial: true).Length == 1)
                || !EndTokenChecks.Names(metadata, tokenizer, tokens[^1])) continue;
            if (tokenizer.Encode("<|im_sep|>", parseSpecial: true).Length == 1
                || tokenizer.Encode("<end_of_utterance>", parseSpecial: true).Length == 1) return;
            if (Holds(probe.Text, Turn(user, Heard), Turn(assistant, Said), Turn(user, HeardNext), prompt)) return;
            diagnosis.Fault(Check, "template-drift",
                $"the vocabulary belongs to a model that uses the {family} format ('{tokens[^1]}' ends its turns), but the "
                + "template writes something else.", "Take a conversion with the original template of the model.");
            return;
        }
    }

    private static string Turn(string form, string text) => form.Replace("{0}", text, StringComparison.Ordinal);

    private static void DoubleBos(GgufMetadata metadata, TemplateProbe probe, Tokenizer tokenizer, Diagnosis diagnosis)
    {
        if (tokenizer.BosId is not { } bos || probe.Ids.Length < 2 || probe.Ids[0] != bos) return;
        string name = PrintableText.Escape(tokenizer.Piece(bos));
        if (probe.Ids[1] == bos)
        {
            diagnosis.Fault(Check, "double-bos", $"the template begins every conversation with '{name}' twice.", "Correct the template.");
            return;
        }

        if (metadata.Boolean("tokenizer.ggml.add_bos_token") != true) return;
        string text = $"'add_bos_token' is true and the template writes '{name}' itself: a program that does as the file says puts it "
            + $"there twice.";
        if (PlainBegins.Contains(tokenizer.Piece(bos))) diagnosis.Warn(Check, "double-bos", text, "NpcMind writes it once; nothing to do.");
        else diagnosis.Fault(Check, "double-bos", text, "Set tokenizer.ggml.add_bos_token to false, or take another conversion.");
    }

    [GeneratedRegex("<\\|[^<>|\\s]{1,48}\\|>|<\uFF5C[^<>\uFF5C\\s]{1,48}\uFF5C>|<[a-z]+_of_[a-z]+>")]
    private static partial Regex Marker();
}
