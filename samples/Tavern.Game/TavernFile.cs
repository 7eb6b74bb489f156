using System.Text.Json;
using Tavern.World;

namespace Tavern.Game;

/// <summary>The world as a JSON file that people edit. samples/Tavern/data/README.md says what it holds.</summary>
public static class TavernFile
{
    internal const int MostPeople = 6;

    /// <summary>Reads a world file.</summary>
    /// <exception cref="WorldFileException">It cannot be used; the message says where and what to do.</exception>
    /// <exception cref="IOException">It cannot be read.</exception>
    public static TavernPlan Read(string path) => Parse(Path.GetFileName(path), SmallFile.Read(path));

    /// <summary>Reads a world from the bytes of such a file.</summary>
    /// <param name="name">What messages call it.</param>
    /// <param name="json">UTF-8.</param>
    /// <exception cref="WorldFileException">It cannot be used.</exception>
    public static TavernPlan Parse(string name, ReadOnlySpan<byte> json) => json.Length <= SmallFile.MostBytes
        ? new TavernReader(name).Read(JsonTree.Parse(name, json))
        : throw new WorldFileException(name, 1, $"the world has {json.Length} bytes, expected at most {SmallFile.MostBytes}",
            "Make it smaller.");

    /// <summary>The plan as <see cref="Read"/> reads it.</summary>
    public static byte[] Write(TavernPlan plan)
    {
        using MemoryStream stream = new();
        using (Utf8JsonWriter json = new(stream, new JsonWriterOptions { Indented = true }))
        {
            json.WriteStartObject();
            json.WriteString("tavern", plan.World.Tavern);
            json.WriteString("town", plan.World.Town);
            json.WriteString("lamp", plan.LampIsLit ? "lit" : "dark");
            json.WriteString("hearth", plan.HearthIsLit ? "lit" : "dark");
            json.WriteString("candles", plan.CandlesAreLit ? "lit" : "dark");
            json.WriteString("door", plan.DoorIsOpen ? "open" : "closed");
            All(json, "people", plan.World.People, person => Write(json, person, plan.Seeds.GetValueOrDefault(person.Name)));
            All(json, "things", plan.World.Things,
                thing => Strings(json, ("kind", Lexicon.Things[(int)thing.Kind]), ("colour", Lexicon.Colours[(int)thing.Colour]),
                    ("spot", thing.Spot)));
            All(json, "relations", plan.World.Relations, r => Strings(json, ("who", r.Of), ("is", r.Kind), ("of", r.To)));
            All(json, "lastNight", plan.World.Events, e => Strings(json, ("who", e.Who), ("what", e.What)));
            json.WriteStartObject("tables");
            foreach ((string surface, Standing[] row) in plan.Tables)
            {
                json.WriteStartArray(surface);
                foreach (Standing thing in row) json.WriteStringValue(thing.ToString());
                json.WriteEndArray();
            }

            json.WriteEndObject();
            json.WriteEndObject();
        }

        return stream.ToArray();
    }

    private static void Write(Utf8JsonWriter json, Person person, int seed)
    {
        json.WriteStartObject();
        json.WriteString("name", person.Name);
        if (person.Trade is { } trade) json.WriteString("trade", trade);
        if (person.Cloak is { } cloak) json.WriteString("cloak", Lexicon.Colours[(int)cloak]);
        if (person.Place is { } place) json.WriteString("place", place);
        if (person.Item is { } item) json.WriteString("item", item);
        json.WriteString("trait", person.Trait);
        if (person.Wish is { } wish) json.WriteString("wish", wish);
        if (person.Secret is { } secret) json.WriteString("secret", secret);
        All(json, "heard", person.Heard, r => Strings(json, ("from", r.Teller), ("about", r.About), ("what", r.What)));
        json.WriteNumber("seed", seed);
        json.WriteEndObject();
    }

    private static void All<T>(Utf8JsonWriter json, string name, List<T> all, Action<T> write)
    {
        json.WriteStartArray(name);
        foreach (T one in all) write(one);
        json.WriteEndArray();
    }

    private static void Strings(Utf8JsonWriter json, params ReadOnlySpan<(string Name, string Value)> members)
    {
        json.WriteStartObject();
        foreach ((string name, string value) in members) json.WriteString(name, value);
        json.WriteEndObject();
    }
}
