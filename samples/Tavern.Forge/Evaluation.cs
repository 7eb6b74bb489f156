using System.Globalization;
using System.Text;
using System.Text.Json;
using NpcMind;
using Tavern.World;

namespace Tavern.Forge;

/// <summary>
/// Asks a model, through the SDK, what it never saw in training, and counts. Right means: all expected words are there and none that would
/// be another answer.
/// </summary>
internal sealed class Evaluation
{
    private const int AtOnce = 8;
    private static readonly string[] Kinds = ["world", "persona", "unknown", "action_legal", "action_right", "object", "color",
        "left_right", "count"];
    private readonly Dictionary<string, (int Right, int Asked)> _score = new(StringComparer.Ordinal);
    private readonly StringBuilder _failures = new(), _transcripts = new();
    private int _written;

    /// <summary>Questions asked so far.</summary>
    public int Questions { get; private set; }

    /// <summary>What was asked and answered wrongly, for reading.</summary>
    public string Failures => _failures.ToString();

    /// <summary>The first conversations, whole.</summary>
    public string Transcripts => _transcripts.ToString();

    /// <summary>Share of right answers to a kind of question; null when none was asked.</summary>
    public double? Accuracy(string kind) => _score.TryGetValue(kind, out (int Right, int Asked) score)
        ? (double)score.Right / score.Asked : null;

    /// <summary>The contract: {"accuracy":{...},"questions":N}.</summary>
    public string ToJson(bool indented)
    {
        using MemoryStream stream = new();
        using (Utf8JsonWriter json = new(stream, new JsonWriterOptions { Indented = indented }))
        {
            json.WriteStartObject();
            json.WriteStartObject("accuracy");
            foreach (string kind in Kinds) Number(json, kind);
            json.WriteEndObject();
            json.WriteStartObject("others");
            Number(json, "other");
            json.WriteEndObject();
            json.WriteStartObject("asked");
            foreach ((string kind, (int _, int asked)) in _score.OrderBy(s => s.Key, StringComparer.Ordinal)) json.WriteNumber(kind, asked);
            json.WriteEndObject();
            json.WriteNumber("questions", Questions);
            json.WriteEndObject();
        }

        return Encoding.UTF8.GetString(stream.ToArray());

        void Number(Utf8JsonWriter json, string kind)
        {
            if (Accuracy(kind) is { } accuracy) json.WriteNumber(kind, Math.Round(accuracy, 4));
            else json.WriteNull(kind);
        }
    }

    /// <summary>Holds conversations, several at a time.</summary>
    /// <param name="runtime">With room for as many characters and prefixes.</param>
    /// <param name="conversations">With the right answers.</param>
    /// <param name="picture">RGBA of a picture, 112 x 112.</param>
    /// <param name="transcripts">How many to write whole.</param>
    public void Run(NpcRuntime runtime, IEnumerable<Conversation> conversations, Func<int, byte[]> picture, int transcripts)
    {
        foreach (Conversation[] some in Groups(conversations))
        {
            Prefix[] worlds = [.. some.Select(c => runtime.CreatePrefix(c.World))];
            Npc[] npcs = [.. some.Select((c, i) => worlds[i].CreateNpc(c.Name, c.Persona))];
            StringBuilder[] said = [.. some.Select(c => new StringBuilder($"## {c.Name}\n\n{c.System}\n\n"))];
            for (int turn = 0; turn < some.Max(c => c.Turns.Count); turn++)
            {
                Reply?[] replies = [.. some.Select((c, i) => turn < c.Turns.Count ? Ask(npcs[i], c, c.Turns[turn], picture) : null)];
                if (!runtime.ThinkUntilIdle(TimeSpan.FromMinutes(10)))
                    throw new TimeoutException("The model did not answer within ten minutes.");
                for (int i = 0; i < some.Length; i++)
                    if (replies[i] is { } reply) Judge(some[i], some[i].Turns[turn], reply, said[i]);
            }

            for (int i = 0; i < some.Length; i++)
            {
                npcs[i].Dispose();
                if (_written++ < transcripts) _transcripts.Append(said[i]).Append('\n');
            }

            foreach (Prefix world in worlds) world.Dispose();
            runtime.ThinkUntilIdle(TimeSpan.FromMinutes(1));
        }
    }

    /// <summary>As many at once as there is room for, in which no two have a name in common.</summary>
    private static IEnumerable<Conversation[]> Groups(IEnumerable<Conversation> conversations)
    {
        List<Conversation> some = [];
        foreach (Conversation c in conversations)
        {
            if (some.Count == AtOnce || some.Exists(s => s.Name == c.Name))
            {
                yield return [.. some];
                some.Clear();
            }

            some.Add(c);
        }

        if (some.Count > 0) yield return [.. some];
    }

    private static Reply Ask(Npc npc, Conversation conversation, Turn turn, Func<int, byte[]> picture)
    {
        if (turn.Image is { } image) npc.See(NpcImage.FromRgba(PictureIndex.Size, PictureIndex.Size, picture(image)));
        string[] lines = turn.User.Split('\n');
        foreach (string line in lines[..^1]) npc.Overhear("", line);
        LegalActions? legal = null;
        if (turn.Action is not null)
        {
            legal = new LegalActions(ActionType.Of<Deed>());
            legal.Allow("to", conversation.Legal);
        }

        ReplyOptions options = new() { Temperature = 0, RepetitionPenalty = 1, MaxTokens = 48, Action = legal?.Type, LegalActions = legal };
        int colon = lines[^1].IndexOf(": ", StringComparison.Ordinal);
        return npc.Hear(lines[^1][..colon], lines[^1][(colon + 2)..], options);
    }

    private void Judge(Conversation conversation, Turn turn, Reply reply, StringBuilder said)
    {
        string answer = reply.Text;
        bool right = turn.Expect.All(e => Holds(answer, e)) && !turn.Reject.Any(r => Holds(answer, r));
        Deed? deed = null;
        string? done = null;
        if (turn.Action is not null)
        {
            bool legal = reply.TryTakeAction(out deed) && deed is not null && conversation.Legal.Contains(deed.To);
            done = deed is null ? "no action" : ActionType.Of<Deed>().Write(deed);
            bool obeyed = legal && done == turn.Action;
            Count("action_legal", legal);
            if (turn.Kind == "action") Count("action_right", right = obeyed);
            else if (!obeyed) right = false; // doing something nobody asked for is wrong as well
        }

        Questions++;
        if (turn.Kind != "action") Count(turn.Kind, right);
        if (turn.Image is not null) said.Append("[picture]\n");
        said.Append(turn.User).Append("\n  ").Append(conversation.Name).Append(": ").Append(answer).Append(done is null ? "" : "  " + done)
            .Append(right ? "" : $"   <- wrong, expected: {turn.Answer}{(turn.Action is null ? "" : "  " + turn.Action)}").Append('\n');
        if (!right) _failures.Append(CultureInfo.InvariantCulture,
            $"{turn.Kind}: {turn.User.ReplaceLineEndings(" / ")} | said: {answer.ReplaceLineEndings(" / ")} {done} | expected: " +
            $"{turn.Answer} {turn.Action}\n");
    }

    /// <summary>Whether a text holds these words as whole words, whatever their case.</summary>
    public static bool Holds(string text, string words)
    {
        for (int at = text.IndexOf(words, StringComparison.OrdinalIgnoreCase); at >= 0;
            at = text.IndexOf(words, at + 1, StringComparison.OrdinalIgnoreCase))
            if ((at == 0 || !char.IsLetter(text[at - 1])) && (at + words.Length == text.Length || !char.IsLetter(text[at + words.Length])))
                return true;
        return false;
    }

    private void Count(string kind, bool right)
    {
        (int rights, int asked) = _score.GetValueOrDefault(kind);
        _score[kind] = (rights + (right ? 1 : 0), asked + 1);
    }
}
