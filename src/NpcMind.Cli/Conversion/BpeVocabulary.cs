using System.Text.Json;
using NpcMind.Gguf;

namespace NpcMind.Cli;

/// <summary>Writes the byte-level BPE vocabulary of vocab.json and merges.txt into a GGUF file.</summary>
internal static class BpeVocabulary
{
    private const int Normal = 1, Control = 3, Unused = 5;
    private static readonly string[] ControlTokens = ["<s>", "<pad>", "</s>", "<unk>", "<mask>"];

    /// <summary>Adds tokens, types and merges; rows of the embedding that no token has get a name that no text holds.</summary>
    /// <exception cref="CliException">A file is missing or damaged, or there are more tokens than <paramref name="size"/>.</exception>
    public static void Add(GgufWriter writer, string folder, int size)
    {
        string path = Path.Combine(folder, "vocab.json"), mergesPath = Path.Combine(folder, "merges.txt");
        string?[] tokens = new string?[size];
        using (JsonDocument json = Common.ReadJson(path))
        {
            if (json.RootElement.ValueKind != JsonValueKind.Object) throw new CliException($"{path} is no JSON object of tokens and ids.");
            foreach (JsonProperty one in json.RootElement.EnumerateObject())
            {
                if (one.Value.ValueKind != JsonValueKind.Number || !one.Value.TryGetInt32(out int id) || (uint)id >= (uint)size)
                    throw new CliException($"{path}: the id of '{one.Name}' is {one.Value}; ids are from 0 to {size - 1} (vocab_size).");
                if (tokens[id] is { } other) throw new CliException($"{path}: '{one.Name}' and '{other}' have the same id {id}.");
                tokens[id] = one.Name;
            }
        }

        string[] merges = [.. Common.ReadText(mergesPath).Split('\n').Select(l => l.TrimEnd('\r'))
            .Where(l => l.Length > 0 && !l.StartsWith("#version", StringComparison.Ordinal))];
        if (Array.Find(merges, m => m.Split(' ').Length != 2) is { } wrong)
            throw new CliException($"{mergesPath}: '{wrong}' is not a pair of tokens.");
        writer.Add("tokenizer.ggml.model", "gpt2").Add("tokenizer.ggml.pre", "gpt-2")
            .Add("tokenizer.ggml.tokens", (IReadOnlyCollection<string>)[.. tokens.Select((t, id) => t ?? $"[PAD{id}]")])
            .Add("tokenizer.ggml.token_type", (IReadOnlyCollection<int>)[.. tokens.Select(
                t => t is null ? Unused : ControlTokens.Contains(t) ? Control : Normal)])
            .Add("tokenizer.ggml.merges", (IReadOnlyCollection<string>)merges);
    }
}
