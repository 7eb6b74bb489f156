using System.Globalization;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;
using Tavern.World;

namespace Tavern.Forge;

/// <summary>Writes conversations as JSON lines, and says what they hold.</summary>
internal static class CorpusWriter
{
    private static readonly JsonSerializerOptions Json = new()
    { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping, Converters = { new JsonStringEnumConverter() } };

    /// <summary>Writes corpus.jsonl; the same seed and pictures give the same bytes.</summary>
    public static void Write(string folder, Conversations conversations, int train, int held, TextWriter log)
    {
        Directory.CreateDirectory(folder);
        SortedDictionary<string, int> kinds = new(StringComparer.Ordinal);
        long words = 0, turns = 0;
        using (StreamWriter file = new(Path.Combine(folder, "corpus.jsonl"), false, new UTF8Encoding(false)))
        {
            for (int i = 0; i < train + held; i++)
            {
                Conversation conversation = i < train ? conversations.Make(Split.Train, i) : conversations.Make(Split.Held, i - train);
                file.Write(JsonSerializer.Serialize(conversation, Json));
                file.Write('\n');
                words += conversation.System.Count(c => c == ' ');
                foreach (Turn turn in conversation.Turns)
                {
                    kinds[$"{conversation.Split} {turn.Kind}"] = kinds.GetValueOrDefault($"{conversation.Split} {turn.Kind}") + 1;
                    words += turn.User.Count(c => c == ' ') + turn.Answer.Count(c => c == ' ') + 2;
                    turns++;
                }
            }
        }

        log.WriteLine(
            string.Create(CultureInfo.InvariantCulture,
                $"{train} conversations for training, {held} held out, {turns} turns, about {words / 1000}k words"));
        foreach ((string kind, int count) in kinds) log.WriteLine(string.Create(CultureInfo.InvariantCulture, $"  {kind}: {count}"));
        log.WriteLine(
            $"wordings for training {Wordings.Everything.Sum(w => w.All(Split.Train).Distinct().Count())}, held out " +
                $"{Wordings.Everything.Sum(w => w.All(Split.Held).Distinct().Count())}; names {Names.All(Split.Train).Count()} and " +
                $"{Names.All(Split.Held).Count()}");
    }

    /// <summary>A conversation for reading.</summary>
    public static string Readable(Conversation conversation)
    {
        StringBuilder text = new();
        text.Append("## ").Append(conversation.Name).Append(" (").Append(conversation.Split).Append(")\n\n").Append(conversation.System)
            .Append("\n\n");
        foreach (Turn turn in conversation.Turns)
        {
            if (turn.Image is { } image) text.Append(CultureInfo.InvariantCulture, $"[picture {image}]\n");
            text.Append(turn.User).Append('\n').Append("  ").Append(conversation.Name).Append(": ").Append(turn.Answer)
                .Append(turn.Action is null ? "" : "  " + turn.Action).Append("  (").Append(turn.Kind).Append(")\n");
        }

        return text.ToString();
    }
}
