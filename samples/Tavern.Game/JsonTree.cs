using System.Text.Json;

namespace Tavern.Game;

/// <summary>JSON that remembers its lines, so that what is wrong with a value can be said of the line it is on.</summary>
internal sealed class JsonTree
{
    private static readonly byte[] ByteOrderMark = [0xEF, 0xBB, 0xBF];

    private JsonTree(JsonTokenType kind, int line) => (Kind, Line) = (kind, line);

    public JsonTokenType Kind { get; }

    /// <summary>Counted from 1.</summary>
    public int Line { get; }

    public string Text { get; private init; } = "";

    public double Number { get; private init; }

    public List<(string Name, JsonTree Value)> Members { get; } = [];

    public List<JsonTree> Items { get; } = [];

    /// <exception cref="WorldFileException">It is no JSON.</exception>
    public static JsonTree Parse(string file, ReadOnlySpan<byte> json)
    {
        if (json.StartsWith(ByteOrderMark)) json = json[3..];
        Utf8JsonReader reader = new(json,
            new JsonReaderOptions { AllowTrailingCommas = true, CommentHandling = JsonCommentHandling.Skip, MaxDepth = 16 });
        (long At, int Line) place = (0, 1);
        try
        {
            reader.Read();
            JsonTree tree = Read(ref reader, json, ref place);
            reader.Read(); // what follows is wrong
            return tree;
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            int line = e is JsonException { LineNumber: { } number } ? (int)number + 1 : place.Line;
            string problem = e.Message.Split(" LineNumber:")[0].TrimEnd('.');
            throw new WorldFileException(file, line, problem, "Look for a missing comma, quote or bracket there or just before.", e);
        }
    }

    private static JsonTree Read(ref Utf8JsonReader reader, ReadOnlySpan<byte> json, ref (long At, int Line) place)
    {
        place.Line += json[(int)place.At..(int)reader.TokenStartIndex].Count((byte)'\n');
        place.At = reader.TokenStartIndex;
        JsonTree tree = new(reader.TokenType, place.Line)
        {
            Text = reader.TokenType == JsonTokenType.String ? reader.GetString()! : "",
            Number = reader.TokenType == JsonTokenType.Number ? reader.GetDouble() : 0,
        };
        if (reader.TokenType == JsonTokenType.StartObject)
        {
            while (reader.Read() && reader.TokenType != JsonTokenType.EndObject)
            {
                string name = reader.GetString()!;
                reader.Read();
                tree.Members.Add((name, Read(ref reader, json, ref place)));
            }
        }
        else if (reader.TokenType == JsonTokenType.StartArray)
        {
            while (reader.Read() && reader.TokenType != JsonTokenType.EndArray) tree.Items.Add(Read(ref reader, json, ref place));
        }

        return tree;
    }
}
