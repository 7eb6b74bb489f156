using System.CommandLine;
using System.Text.Json;
using NpcMind.Gguf;
using NpcMind.Inference;
using NpcMind.Text;

namespace NpcMind.Cli;

/// <summary><c>npcmind tokenize</c>: text to token ids.</summary>
internal static class TokenizeVerb
{
    public static Command Create()
    {
        Argument<string> model = Common.Model();
        Option<string?> text = new("--text") { Description = "The text." },
            file = new("--file") { Description = "File that holds the text." },
            batch = new("--batch") { Description = "JSON array of texts; prints an array of id arrays." };
        Option<bool> addSpecial = new("--add-special") { Description = "Add the begin and end tokens the model wants." },
            parseSpecial = new("--parse-special") { Description = "Recognise control tokens in the text." }, json = Common.Json();
        Command command = new("tokenize", "Turns text into token ids.") { model, text, file, batch, addSpecial, parseSpecial, json };
        command.SetAction(parsed =>
        {
            Tokenizer tokenizer = Load(parsed.GetRequiredValue(model));
            bool add = parsed.GetValue(addSpecial), parse = parsed.GetValue(parseSpecial);
            if (new[] { parsed.GetValue(text), parsed.GetValue(file), parsed.GetValue(batch) }.Count(s => s is not null) != 1)
                throw new CliException("give exactly one of --text, --file and --batch.");
            if (parsed.GetValue(batch) is { } path)
            {
                using JsonDocument texts = Common.ReadJson(path);
                if (texts.RootElement.ValueKind != JsonValueKind.Array || texts.RootElement.EnumerateArray()
                    .Any(e => e.ValueKind != JsonValueKind.String)) throw new CliException($"{path} is not a JSON array of strings.");
                int[][] all = [.. texts.RootElement.EnumerateArray()
                    .Select((one, i) => tokenizer.Encode(Text(one, $"{path}: text {i}"), add, parse))];
                Common.PrintJson(w =>
                {
                    w.WriteStartArray();
                    foreach (int[] ids in all) Ids(w, ids);
                    w.WriteEndArray();
                });
                return 0;
            }

            int[] one = tokenizer.Encode(parsed.GetValue(text) ?? Common.ReadText(parsed.GetValue(file)!), add, parse);
            if (!parsed.GetValue(json))
            {
                Console.WriteLine(string.Join(' ', one));
                return 0;
            }

            Common.PrintJson(w =>
            {
                w.WriteStartObject();
                w.WritePropertyName("ids");
                Ids(w, one);
                w.WriteStartArray("pieces");
                foreach (int id in one) w.WriteStringValue(tokenizer.Piece(id));
                w.WriteEndArray();
                w.WriteEndObject();
            });
            return 0;
        });
        return command;
    }

    private static string Text(JsonElement element, string where)
    {
        try
        {
            return element.GetString()!;
        }
        catch (InvalidOperationException)
        {
            throw new CliException($"{where} is not valid Unicode (half of a surrogate pair).");
        }
    }

    public static Tokenizer Load(string path)
    {
        using GgufFile file = GgufFile.Open(path);
        ModelKind.RequireVocabulary(file);
        return Tokenizer.Create(file.Metadata);
    }

    public static void Ids(Utf8JsonWriter writer, IEnumerable<int> ids)
    {
        writer.WriteStartArray();
        foreach (int id in ids) writer.WriteNumberValue(id);
        writer.WriteEndArray();
    }
}

/// <summary><c>npcmind detokenize</c>: token ids to text or bytes.</summary>
internal static class DetokenizeVerb
{
    public static Command Create()
    {
        Argument<string> model = Common.Model();
        Option<string> tokens = new("--tokens") { Description = "Ids, separated by commas or blanks.", Required = true };
        Option<bool> hex = new("--hex") { Description = "Print the exact bytes in hexadecimal." };
        Command command = new("detokenize", "Turns token ids into text.") { model, tokens, hex };
        command.SetAction(parsed =>
        {
            Tokenizer tokenizer = TokenizeVerb.Load(parsed.GetRequiredValue(model));
            int[] ids = Common.ParseTokens(parsed.GetRequiredValue(tokens), "--tokens");
            if (ids.FirstOrDefault(id => id >= tokenizer.VocabularySize, -1) is >= 0 and int bad)
                throw new CliException($"--tokens: {bad} is beyond the vocabulary of {tokenizer.VocabularySize}.");
            byte[] bytes = tokenizer.DecodeBytes(ids, showControl: true);
            Console.Out.Write(parsed.GetValue(hex)
                ? Convert.ToHexStringLower(bytes)
                : Common.ForTerminal(tokenizer.Decode(ids, showControl: true)));
            if (!Console.IsOutputRedirected) Console.Out.WriteLine(); // a script gets the text and nothing else
            return 0;
        });
        return command;
    }
}
