using NpcMind.Core;
using NpcMind.Gguf;
using NpcMind.Text;

namespace NpcMind.Cli.Doctor;

/// <summary>Whether an answer can end: the end tokens that the file names exist, are control tokens, and close an answer in the
/// template.</summary>
internal static class EndTokenChecks
{
    private const string Check = "end tokens";
    private const string Advice = "Take a conversion that names the end token the model was trained with; without it, answers never end.";
    private static readonly string[] Roles = ["eos", "eot", "eom"];

    public static void Run(GgufFile file, Tokenizer tokenizer, TemplateProbe? probe, Diagnosis diagnosis)
    {
        GgufMetadata metadata = file.Metadata;
        foreach (string role in Roles) Named(metadata, tokenizer, role, diagnosis);
        if (tokenizer.EosId is null && metadata.Integer(Key("eos")) is null)
            diagnosis.Fault(Check, "no-end-token", $"the file names no end token ('{Key("eos")}').", Advice);
        string? closing = probe is null ? null : Closing(tokenizer, probe, diagnosis);
        if (!diagnosis.IsClean(Check)) return;
        diagnosis.Ok(Check, $"'{PrintableText.Escape(tokenizer.Piece(tokenizer.EosId!.Value))}' ends a text"
            + (closing is null ? "" : $", and the template closes an answer with '{closing}'"));
    }

    /// <summary>Whether the file names a token as one that ends a text or a turn.</summary>
    public static bool Names(GgufMetadata metadata, Tokenizer tokenizer, string token) => Roles.Any(role =>
        metadata.Integer(Key(role)) is { } id && id >= 0 && id < tokenizer.VocabularySize && tokenizer.Piece((int)id) == token)
        || token is "<end_of_turn>";

    private static string Key(string role) => $"tokenizer.ggml.{role}_token_id";

    private static void Named(GgufMetadata metadata, Tokenizer tokenizer, string role, Diagnosis diagnosis)
    {
        if (metadata.Integer(Key(role)) is not { } id) return;
        if (id < 0 || id >= tokenizer.VocabularySize)
        {
            diagnosis.Fault(Check, "no-end-token", $"'{Key(role)}' is {id}, and the vocabulary has {tokenizer.VocabularySize} tokens.",
                Advice);
            return;
        }

        GgufValue? types = metadata.Numbers("tokenizer.ggml.token_type");
        double type = types is null ? 3 : types.Number((int)id);
        if (type is 3 or 2) return;
        string text = $"'{Key(role)}' is {id}, '{Sentences.Short(tokenizer.Piece((int)id), 40)}', which the file does not mark "
            + "as a control token: players could write it, and answers could break off in the middle.";
        if (type == 4) diagnosis.Warn(Check, "end-token-not-control", text,
            "NpcMind treats it as a control token if it looks like one.");
        else diagnosis.Fault(Check, "end-token-not-control", text, Advice);
    }

    /// <summary>What the template writes behind an answer; null where that is no token that could end one.</summary>
    private static string? Closing(Tokenizer tokenizer, TemplateProbe probe, Diagnosis diagnosis)
    {
        int said = probe.Text.IndexOf(TemplateChecks.Said, StringComparison.Ordinal);
        if (said < 0) return null;
        int next = probe.Text.IndexOf(TemplateChecks.HeardNext, said, StringComparison.Ordinal);
        string between = probe.Text[(said + TemplateChecks.Said.Length)..(next < 0 ? probe.Text.Length : next)];
        int[] controls = [.. tokenizer.Encode(between, parseSpecial: true).Where(tokenizer.IsControl)];
        if (controls.Length == 0)
        {
            diagnosis.Warn(Check, "endless-answers", "the template closes answers with plain text, not with a token.",
                "Limit replies by length or with ReplyOptions.StopStrings.");
            return null;
        }

        string piece = PrintableText.Escape(tokenizer.Piece(controls[0]));
        bool isChannel = piece == "<|end|>" && controls.Length > 1; // gpt-oss: ends a channel, and the answer with '<|return|>'
        if (tokenizer.IsEndOfGeneration(controls[0]) || isChannel) return piece;
        diagnosis.Fault(Check, "endless-answers",
            $"the template closes an answer with '{piece}', which is no end token: answers would not end there.", Advice);
        return null;
    }
}
