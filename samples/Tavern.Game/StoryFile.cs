using Tavern.World;

namespace Tavern.Game;

/// <summary>Reads stories. samples/Tavern/data/README.md says what such a file holds.</summary>
public static class StoryFile
{
    /// <summary>Largest story, in bytes.</summary>
    public const int MostBytes = 1 << 16;

    /// <summary>Reads a story file.</summary>
    /// <exception cref="WorldFileException">It cannot be used; the message says where and what to do.</exception>
    /// <exception cref="IOException">It cannot be read.</exception>
    public static Story Read(string path) => Parse(Path.GetFileName(path), SmallFile.Read(path));

    /// <summary>Reads a story from the bytes of such a file.</summary>
    /// <param name="name">What messages call it.</param>
    /// <param name="json">UTF-8.</param>
    /// <exception cref="WorldFileException">It cannot be used.</exception>
    public static Story Parse(string name, byte[] json)
    {
        ArgumentNullException.ThrowIfNull(json);
        if (json.Length > MostBytes)
            throw new WorldFileException(name, 1, $"the story has {json.Length} bytes, expected at most {MostBytes}", "Make it smaller.");
        return new StoryReader(name).Read(JsonTree.Parse(name, json), json);
    }
}

/// <summary>Reads a story from JSON, strictly: every name that is used is there, and every placeholder can be filled.</summary>
internal sealed class StoryReader(string file)
{
    private const int MostText = 240, MostProofs = 20, MostSeconds = 3600;
    private readonly TavernReader _json = new(file);
    private string[] _roles = [];
    private string[] _known = [];

    public Story Read(JsonTree root, byte[] bytes)
    {
        _json.Object(root, "the story", "title", "question", "opening", "roles", "draws", "forgets", "crime", "thing", "facts",
            "conclusions", "proofs", "accusations", "hintAfter", "gossip", "words");
        ReadRoles(root);
        Dictionary<string, string[]> draws = ReadDraws(root);
        HiddenThing? thing = ReadThing(root);
        _known = [.. _roles.SelectMany(r => Cast.Sides.Select(s => s.Length == 0 ? r : $"{r}.{s}")), .. draws.Keys, "player", "promise",
            .. thing is null ? Array.Empty<string>() : ["thing", "surface"]];
        List<StoryFact> facts = [.. _json.Items(_json.Needed(root, "facts", "a list of facts")).Select(ReadFact)];
        List<Conclusion> conclusions = [.. _json.List(root, "conclusions").Select(item => ReadConclusion(item, facts))];
        CheckIds(root, facts, conclusions, thing);
        JsonTree proofs = _json.Needed(root, "proofs", "how many proofs an accusation needs");
        int possible = facts.Count(f => f.IsProof) + conclusions.Count(c => c.IsProof), needed = Number(proofs, 0, MostProofs);
        if (needed > possible) throw _json.Wrong(proofs, $"{needed} proofs are needed and there are {possible}",
            "Mark more clues with \"proof\": true");
        return new Story
        {
            Title = Text(root, "title"),
            Question = Text(root, "question"),
            Opening = Text(root, "opening"),
            Roles = _roles,
            Draws = draws,
            Forgets = [.. _json.List(root, "forgets")
                .Select(f => Story.Forgettable[_json.OneOf(f, "part of a world", [.. Story.Forgettable])])],
            Crime = ReadCrime(_json.Needed(root, "crime", "how accusations name the deed")),
            Thing = thing,
            Facts = facts,
            Conclusions = conclusions,
            Proofs = needed,
            Accusations = Number(_json.Needed(root, "accusations", "how often the player may accuse"), 1, MostProofs),
            HintAfter = Number(_json.Needed(root, "hintAfter", "seconds"), 1, MostSeconds),
            Gossip = [.. _json.List(root, "gossip").Select(g => Checked(g, "a question"))],
            Words = ReadWords(_json.Needed(root, "words", "what is said at the turns of the story")),
            Json = bytes,
        };
    }

    private void ReadRoles(JsonTree root)
    {
        JsonTree roles = _json.Needed(root, "roles", "a list of roles, the culprit's first");
        _roles = [.. _json.Items(roles).Select(r => _json.String(r, "a role"))];
        if (_roles.Length == 0 || _roles.Length > TavernFile.MostPeople)
            throw _json.Wrong(roles, $"there are {_roles.Length} roles, expected 1 to {TavernFile.MostPeople}", "Add or remove some");
        if (_roles.Distinct().Count() < _roles.Length) throw _json.Wrong(roles, "a role is there twice", "Remove one of them");
        if (_roles.FirstOrDefault(r => !r.All(char.IsAsciiLetter)) is { } odd)
            throw _json.Wrong(roles, $"a role cannot be called '{odd}'", "Use letters only");
    }

    private Dictionary<string, string[]> ReadDraws(JsonTree root)
    {
        Dictionary<string, string[]> draws = new(StringComparer.Ordinal);
        if (TavernReader.Member(root, "draws") is not { } all) return draws;
        _json.Object(all, "draws", [.. all.Members.Select(m => m.Name)]);
        foreach ((string name, JsonTree list) in all.Members)
        {
            if (_roles.Contains(name) || !name.All(char.IsAsciiLetter))
                throw _json.Wrong(list, $"a draw cannot be called '{name}'", "Use letters, and no role's name");
            draws[name] = [.. _json.Items(list).Select(t => _json.String(t, "a text"))];
            if (draws[name].Length == 0) throw _json.Wrong(list, $"there is nothing to draw for '{name}'", "Add a text");
        }

        return draws;
    }

    private HiddenThing? ReadThing(JsonTree root)
    {
        if (TavernReader.Member(root, "thing") is not { } item) return null;
        _json.Object(item, "a thing", "kind", "colour", "seenBy", "fact");
        return new HiddenThing(
            (ThingKind)_json.OneOf(_json.Needed(item, "kind", "what it is"), "kind of thing", Lexicon.Things),
            (Colour)_json.OneOf(_json.Needed(item, "colour", "its colour"), "colour", Lexicon.Colours),
            Role(_json.Needed(item, "seenBy", "a role")), _json.Text(item, "fact", "the fact that it tells"));
    }

    private Crime ReadCrime(JsonTree item)
    {
        _json.Object(item, "the crime", "verbs", "objects");
        return new Crime(Words("verbs"), Words("objects"));

        string[] Words(string member)
        {
            JsonTree list = _json.Needed(item, member, "a list of words");
            string[] words = [.. _json.Items(list).Select(w => _json.String(w, "a word").ToLowerInvariant())];
            return words.Length > 0 ? words : throw _json.Wrong(list, $"there are no {member}", "Add a word such as \"took\"");
        }
    }

    private StoryFact ReadFact(JsonTree item)
    {
        _json.Object(item, "a fact", "id", "known", "says", "holds", "note", "hints", "proof");
        bool isClue = TavernReader.Member(item, "note") is not null;
        return new StoryFact(
            TavernReader.Member(item, "id") is { } id ? _json.String(id, "a name") : "",
            [.. _json.List(item, "known").Select(Role)],
            TavernReader.Member(item, "says") is { } says ? Checked(says, "a sentence") : "",
            [.. _json.List(item, "holds").Select(h => Checked(h, "words of an answer"))],
            isClue ? Text(item, "note", "source") : "",
            [.. _json.List(item, "hints").Select(h => Checked(h, "a hint"))],
            Yes(item, "proof"));
    }

    private Conclusion ReadConclusion(JsonTree item, List<StoryFact> facts)
    {
        _json.Object(item, "a conclusion", "id", "needs", "note", "proof");
        string[] clues = [.. facts.Where(f => f.IsClue).Select(f => f.Id)];
        JsonTree needs = _json.Needed(item, "needs", "a list of facts");
        string[] needed = [.. _json.Items(needs).Select(n => clues[_json.OneOf(n, "clue", clues)])];
        if (needed.Length == 0) throw _json.Wrong(needs, "nothing is needed", "Name the facts that it follows from");
        return new Conclusion(_json.Text(item, "id", "a name"), needed, Text(item, "note"), Yes(item, "proof"));
    }

    private StoryWords ReadWords(JsonTree item)
    {
        _json.Object(item, "words", "tooSoon", "wrong", "denial", "right", "confession", "solved", "unsolved", "truth", "greeting",
            "promised");
        return new StoryWords(Accused("tooSoon"), Accused("wrong"), Accused("denial"), Accused("right"), Accused("confession"),
            Text(item, "solved"), Text(item, "unsolved"), Text(item, "truth"), Text(item, "greeting"), Text(item, "promised"));

        string Accused(string member) => Text(item, member, "accused");
    }

    private void CheckIds(JsonTree root, List<StoryFact> facts, List<Conclusion> conclusions, HiddenThing? thing)
    {
        JsonTree list = TavernReader.Member(root, "facts")!;
        if (thing is not null && facts.All(f => f.Id != thing.Fact || !f.IsClue))
            throw _json.Wrong(TavernReader.Member(root, "thing")!, $"there is no clue '{thing.Fact}'", "Name a fact with a note");
        for (int i = 0; i < facts.Count; i++)
        {
            StoryFact fact = facts[i];
            bool isSeen = thing?.Fact == fact.Id;
            if (fact.IsClue && fact.Id.Length == 0)
                throw _json.Wrong(list.Items[i], "a fact with a note has no 'id'", "Add \"id\": a name");
            if (fact.IsClue && !isSeen && fact.Holds.Count == 0)
                throw _json.Wrong(list.Items[i], $"nothing tells that '{fact.Id}' was learnt", "Add \"holds\": words of the answer");
            if (!isSeen && fact.Says.Length == 0)
                throw _json.Wrong(list.Items[i], "'says' is missing", "Add \"says\": the sentence that is known");
        }

        foreach (string twice in facts.Select(f => f.Id).Where(id => id.Length > 0).Concat(conclusions.Select(c => c.Id))
            .GroupBy(id => id).Where(g => g.Count() > 1).Select(g => g.Key))
            throw _json.Wrong(list, $"'{twice}' is there twice", "Give each fact and conclusion a name of its own");
    }

    private string Role(JsonTree value) => _roles[_json.OneOf(value, "role", _roles)];

    private string Text(JsonTree item, string member, string? also = null) => Checked(_json.Needed(item, member, "a text"), "a text", also);

    /// <summary>A text whose placeholders can all be filled.</summary>
    private string Checked(JsonTree value, string what, string? also = null)
    {
        string text = _json.String(value, what, MostText);
        foreach (string name in Cast.Placeholders(text))
            if (name != "0" && name != also && !_known.Contains(name))
                throw _json.Wrong(value, $"nothing can be put for '{{{name}}}'; expected one of: {string.Join(", ", _known)}",
                    "Use one of these");
        return text;
    }

    private int Number(JsonTree value, int least, int most)
    {
        int number = _json.Number(value);
        return number >= least && number <= most ? number : throw _json.Wrong(value, $"{number} is not possible",
            $"Write a number from {least} to {most}");
    }

    private bool Yes(JsonTree item, string member)
    {
        if (TavernReader.Member(item, member) is not { } value) return false;
        return value.Kind is System.Text.Json.JsonTokenType.True or System.Text.Json.JsonTokenType.False
            ? value.Kind == System.Text.Json.JsonTokenType.True
            : throw _json.Wrong(value, $"'{member}' is true or false", "Write true or false, without quotes");
    }
}
