using System.Text.Json;
using Tavern.World;

namespace Tavern.Game;

/// <summary>Reads a plan from JSON: strict about names and forms, lenient about words that the shipped model has not learned.</summary>
internal sealed class TavernReader(string file)
{
    private const int MostText = 80, MostInList = 100;
    private readonly List<string> _warnings = [];

    public TavernPlan Read(JsonTree root)
    {
        Object(root, "the file", "tavern", "town", "lamp", "hearth", "candles", "door", "people", "things", "relations", "lastNight",
            "tables");
        TavernWorld world = new() { Tavern = Text(root, "tavern", "the tavern's name"), Town = Text(root, "town", "the town's name") };
        Dictionary<string, int> seeds = new(StringComparer.Ordinal);
        JsonTree people = Member(root, "people")
            ?? throw Wrong(root, "'people' is missing",
                $"Add 1 to {TavernFile.MostPeople} people, e.g. \"people\": [ {{ \"name\": \"Osbert\" }} ]");
        if (people.Items.Count > TavernFile.MostPeople || (people.Items.Count == 0 && people.Kind == JsonTokenType.StartArray))
            throw Wrong(people, $"there are {people.Items.Count} people, expected 1 to {TavernFile.MostPeople}", "Add or remove some");
        foreach (JsonTree item in Items(people)) world.People.Add(ReadPerson(item, world, seeds));
        for (int i = 0; i < world.People.Count; i++) ReadHeard(people.Items[i], world, world.People[i]);
        foreach (JsonTree item in List(root, "things")) world.Things.Add(ReadThing(item));
        foreach (JsonTree item in List(root, "relations"))
        {
            Object(item, "a relation", "who", "is", "of");
            world.Relations.Add(
                new Relation(Name(item, "who", world), Known(item, "is", "relation", Lexicon.Relations), Name(item, "of", world)));
        }

        foreach (JsonTree item in List(root, "lastNight"))
        {
            Object(item, "an event", "who", "what");
            world.Events.Add(new Event(Name(item, "who", world), Known(item, "what", "event", Lexicon.Events)));
        }

        Dictionary<string, Standing[]> tables = ReadTables(root);
        foreach (string surface in Surfaces.All) CheckRow(root, surface, world, tables);
        Unique(people, world.People.Select(p => p.Cloak?.ToString()), "cloak");
        Unique(people, world.People.Select(p => p.Place), "place");
        Unique(people, world.People.Select(p => p.Item), "item");
        return new TavernPlan(world)
        {
            Seeds = seeds,
            Tables = tables,
            LampIsLit = State(root, "lamp", "lit", "dark", true),
            HearthIsLit = State(root, "hearth", "lit", "dark", true),
            CandlesAreLit = State(root, "candles", "lit", "dark", true),
            DoorIsOpen = State(root, "door", "open", "closed", false),
            Warnings = _warnings,
        };
    }

    private Person ReadPerson(JsonTree item, TavernWorld world, Dictionary<string, int> seeds)
    {
        Object(item, "a person", "name", "trade", "cloak", "place", "item", "trait", "wish", "secret", "heard", "seed");
        string name = Text(item, "name", "the person's name");
        JsonTree at = Member(item, "name")!;
        if (name.Length > 24 || name.Contains(':') || name is Deed.Player or Deed.NoTarget || Lexicon.Furniture.Contains(name))
            throw Wrong(at, $"nobody can be called '{name}'",
                "Use a name of at most 24 letters without a colon that is not the player's or a piece of furniture");
        if (world.People.Any(p => p.Name == name)) throw Wrong(at, $"'{name}' is there twice", "Give everybody another name");
        if (Member(item, "place") is { Kind: JsonTokenType.String } place && !Lexicon.Places.Contains(place.Text))
            _warnings.Add($"line {place.Line}: nobody can stand '{place.Text}': {name} stands in the middle of the room");
        seeds[name] = Member(item, "seed") is { } seed ? Number(seed) : 0;
        return new Person
        {
            Name = name,
            Trade = KnownOrNull(item, "trade", "trade", Lexicon.Trades),
            Cloak = Member(item, "cloak") is { } cloak ? (Colour)OneOf(cloak, "colour of a cloak", Lexicon.Colours) : null,
            Place = KnownOrNull(item, "place", "place", Lexicon.Places),
            Item = KnownOrNull(item, "item", "item", Lexicon.Items),
            Trait = KnownOrNull(item, "trait", "trait", Lexicon.Traits) ?? Lexicon.Traits[0],
            Wish = KnownOrNull(item, "wish", "wish", Lexicon.Wishes),
            Secret = KnownOrNull(item, "secret", "secret", Lexicon.Secrets),
        };
    }

    private void ReadHeard(JsonTree item, TavernWorld world, Person person)
    {
        foreach (JsonTree rumour in List(item, "heard"))
        {
            Object(rumour, "a rumour", "from", "about", "what");
            person.Heard.Add(
                new Rumour(Name(rumour, "from", world), Name(rumour, "about", world), Known(rumour, "what", "rumour", Lexicon.Rumours)));
        }
    }

    private Thing ReadThing(JsonTree item)
    {
        Object(item, "a thing", "kind", "colour", "spot");
        ThingKind kind = (ThingKind)OneOf(Needed(item, "kind", "what it is"), "kind of thing", Lexicon.Things);
        Colour colour = (Colour)OneOf(Needed(item, "colour", "its colour"), "colour", Lexicon.Colours);
        return new Thing(kind, colour, Known(item, "spot", "spot", Lexicon.Spots));
    }

    private Dictionary<string, Standing[]> ReadTables(JsonTree root)
    {
        Dictionary<string, Standing[]> tables = new(StringComparer.Ordinal);
        if (Member(root, "tables") is not { } all) return tables;
        Object(all, "tables", Surfaces.All);
        foreach ((string surface, JsonTree row) in all.Members) tables[surface] = [.. Items(row).Select(ReadStanding)];
        return tables;
    }

    /// <summary>What people know to be on a surface stands in a row with what is on it.</summary>
    private void CheckRow(JsonTree root, string surface, TavernWorld world, Dictionary<string, Standing[]> tables)
    {
        int known = world.Things.Count(t => Surfaces.RowOf(t.Spot) == surface),
        count = tables.GetValueOrDefault(surface, []).Length + known;
        if (count <= Surfaces.MostInRow) return;
        JsonTree at = (Member(root, "tables") is { } all ? Member(all, surface) : null) ?? Member(root, "things")!;
        throw Wrong(at, $"there are {count} things on the {surface}{(known > 0 ? $", {known} of them in 'things'," : "")} and at most " +
            $"{Surfaces.MostInRow} have room", "Move some elsewhere");
    }

    private Standing ReadStanding(JsonTree item)
    {
        string[] words = String(item, "a thing").Split(' ');
        int colour = Array.IndexOf(Lexicon.Colours, words[0]), kind = words.Length == 2 ? Array.IndexOf(Lexicon.Things, words[1]) : -1;
        if (colour < 0 || kind < 0)
            throw Wrong(item, $"'{item.Text}' is no thing; expected a colour ({string.Join(", ", Lexicon.Colours)}) and a thing " +
                $"({string.Join(", ", Lexicon.Things)})", "Write it like \"red apple\"");
        return new Standing((ThingKind)kind, (Colour)colour);
    }

    private bool State(JsonTree root, string name, string yes, string no, bool otherwise)
    {
        if (Member(root, name) is not { } value) return otherwise;
        return OneOf(value, $"state of the {name}", [yes, no]) == 0;
    }

    private string Name(JsonTree item, string member, TavernWorld world)
    {
        JsonTree value = Needed(item, member, "somebody's name");
        string[] names = [.. world.People.Select(p => p.Name)];
        return names[OneOf(value, "person", names)];
    }

    private string Known(JsonTree item, string member, string what, string[] words) => KnownOrNull(item, member, what, words)
        ?? throw Missing(item, member, $"a {what} such as \"{words[0]}\"");

    private string? KnownOrNull(JsonTree item, string member, string what, string[] words)
    {
        if (Member(item, member) is not { } value) return null;
        string text = String(value, $"a {what}");
        if (!words.Contains(text))
            _warnings.Add($"line {value.Line}: the shipped model has not learned the {what} '{text}' and may get it wrong");
        return text;
    }

    internal int OneOf(JsonTree value, string what, string[] words)
    {
        int at = Array.IndexOf(words, String(value, $"a {what}"));
        return at >= 0 ? at
            : throw Wrong(value, $"there is no {what} '{value.Text}'; expected one of: {string.Join(", ", words)}", "Use one of these");
    }

    internal string Text(JsonTree item, string member, string what, int most = MostText) => String(Needed(item, member, what), what, most);

    internal string String(JsonTree value, string what, int most = MostText)
    {
        if (value.Kind != JsonTokenType.String)
            throw Wrong(value, $"expected {what} in quotes, found {Found(value)}", "Write it as \"text\"");
        if (string.IsNullOrWhiteSpace(value.Text))
            throw Wrong(value, $"expected {what}, found an empty text", "Write something, or leave the line out");
        if (value.Text.Length > most || value.Text.Any(Lines.Breaks))
            throw Wrong(value, $"{what} is longer than {most} characters or has a line break", "Write it shorter, in one line");
        return value.Text;
    }

    internal int Number(JsonTree value) => value.Kind == JsonTokenType.Number && value.Number == (int)value.Number
        ? (int)value.Number
        : throw Wrong(value, $"expected a whole number, found {Found(value)}", "Write it without quotes, e.g. 7");

    internal List<JsonTree> List(JsonTree item, string member) => Member(item, member) is { } list ? Items(list) : [];

    internal List<JsonTree> Items(JsonTree list)
    {
        if (list.Kind != JsonTokenType.StartArray)
            throw Wrong(list, $"expected a list, found {Found(list)}", "Write it in square brackets: [ ... ]");
        return list.Items.Count <= MostInList ? list.Items
            : throw Wrong(list, $"there are {list.Items.Count} entries, expected at most {MostInList}", "Remove some");
    }

    internal void Object(JsonTree item, string what, params string[] known)
    {
        if (item.Kind != JsonTokenType.StartObject)
            throw Wrong(item, $"expected {what} in braces, found {Found(item)}", $"Write it as {{ \"{known[0]}\": ... }}");
        HashSet<string> seen = new(StringComparer.Ordinal);
        foreach ((string name, JsonTree value) in item.Members)
        {
            if (!known.Contains(name))
                throw Wrong(value, $"'{name}' means nothing in {what}; expected one of: {string.Join(", ", known)}",
                    "Correct or remove it");
            if (!seen.Add(name)) throw Wrong(value, $"'{name}' is there twice in {what}", "Remove one of them");
        }
    }

    private void Unique(JsonTree at, IEnumerable<string?> values, string what)
    {
        foreach (IGrouping<string, string> same in values.OfType<string>().GroupBy(v => v).Where(g => g.Count() > 1))
            _warnings.Add($"line {at.Line}: {same.Count()} people share the {what} '{same.Key}': who is meant will not be clear");
    }

    internal static JsonTree? Member(JsonTree item, string name)
    {
        foreach ((string member, JsonTree value) in item.Members)
            if (member == name) return value;
        return null;
    }

    internal JsonTree Needed(JsonTree item, string member, string what) => Member(item, member) ?? throw Missing(item, member, what);

    private WorldFileException Missing(JsonTree item, string member, string what) =>
        Wrong(item, $"'{member}' is missing", $"Add \"{member}\": {what}");

    private static string Found(JsonTree value) => value.Kind switch
    {
        JsonTokenType.StartObject => "braces",
        JsonTokenType.StartArray => "a list",
        JsonTokenType.String => $"'{value.Text}'",
        JsonTokenType.Number => "a number",
        _ => value.Kind.ToString().ToLowerInvariant(),
    };

    internal WorldFileException Wrong(JsonTree at, string problem, string advice) => new(file, at.Line, problem, advice + ".");
}
