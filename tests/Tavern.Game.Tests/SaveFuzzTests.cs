using System.Globalization;
using System.Text;
using System.Text.Json.Nodes;
using NpcMind.Reference;
using Tavern.World;

namespace Tavern.Game.Tests;

/// <summary>
/// Saves that are signed and say what cannot be: each is refused in a sentence, or is a game that goes on. The seed is the run's
/// parameter "seed"
/// (dotnet test -- 'TestRunParameters.Parameter(name="seed", value="7")').
/// </summary>
public sealed class SaveFuzzTests
{
    private const long MostAllocated = 64 << 20;

    private static readonly string[] Hostile =
    [
        "null", "true", "\"\"", "[]", "{}", "-1", "0", "99", "1e308", "-1e999", "2147483648", "0.5", "\"NaN\"", "\"Player\"",
        "\"Osbert\"", "\"nothing\"", "\"the lamp\"", "\"a\\nb\"", "\"\\u0000\"",
        "\"\\ue000\"", "[null]", "{\"a\":null}", "[[[[[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]]]]]", "\"\\ud800\"",
    ];

    private Worlds _worlds = null!;
    private GameLoop _game = null!;
    private Dictionary<string, byte[]> _good = [];

    [SetUp]
    public void Begin()
    {
        (_worlds, _good) = (new Worlds(), []);
        _game = _worlds.Game();
        _game.World.Bodies[1].Position = new(1.5f, -2.0f);
        _game.Talk.Resume([new BubbleState("Marbel", Deed.Player, "I am the baker of this town.", 4, true, true, false,
            new Deed(DeedVerb.Open, "the door"))]);
        Worlds.Run(_game, 2);
        _game.World.Do(_game.World.Bodies[1], new Deed(DeedVerb.Walk, "the window"));
        Worlds.Run(_game, 0.3);
        Assert.That(_game.Save("good"));
        _good = SaveContainer.Read(_game.Saves.PathOf("good"));
    }

    [TearDown]
    public void End()
    {
        _game.Dispose();
        _worlds.Dispose();
    }

    [Test]
    public void Load_TheReportedSaveOf53Bytes_IsRefusedWithoutItsTwoGibibytes()
    {
        File.Copy(TestData.Golden("reports", "tavern-53-byte-save-takes-2-GiB", "tavern-hugepart.save"), _game.Saves.PathOf("quick"));
        long before = GC.GetAllocatedBytesForCurrentThread();
        _game.Press(GameKeys.Load);
        Assert.That(GC.GetAllocatedBytesForCurrentThread() - before, Is.LessThan(1 << 20));
        Assert.That(_game.Message.Text,
            Does.StartWith("quick: not loaded: it is damaged: its part 'world' says that it has").And.Contain("the game goes on"));
        Worlds.Run(_game, 1);
    }

    [TestCase("Bubbles")]
    [TestCase("Bodies")]
    [TestCase("Hearsay")]
    [TestCase("Facts")]
    public void Load_AMemberThatIsNull_IsRefused(string member)
    {
        foreach (string value in (string[])["null", "[null]", "{\"Marbel\":[null]}"])
        {
            JsonObject state = JsonNode.Parse(_good["state"])!.AsObject();
            state[member] = JsonNode.Parse(value);
            Judge(Parts(state.ToJsonString()), $"{member}: {value}");
            Assert.That(_game.Message.Last, Does.StartWith("a: not loaded: it is damaged: "));
        }
    }

    [Test]
    public void Load_SavesThatSayAnything_AreRefusedOrGoOn()
    {
        int seed = TestContext.Parameters.Get("seed", 1), count = TestContext.Parameters.Get("saves", 3000), loaded = 0;
        Random random = new(seed);
        for (int i = 0; i < count; i++)
        {
            string what = $"seed {seed}, save {i}";
            bool isGood = (i % 4) switch
            {
                0 => JudgeRaw(MutateContainer(random), what),
                1 => Judge(Parts(world: MutateText(random, "world")), what),
                _ => Judge(Parts(i % 4 == 2 ? MutateText(random, "state") : MutateNode(random)), what),
            };
            if (isGood) loaded++;
        }

        Assert.That(loaded, Is.InRange(count / 100, count * 3 / 4), "some are right, and most are not");
    }

    /// <summary>Loads a save; says whether that went well. Whatever it says, the game goes on.</summary>
    private bool Judge(IEnumerable<KeyValuePair<string, byte[]>> parts, string what)
    {
        SaveContainer.Write(_game.Saves.PathOf("a"), parts);
        return JudgeFile(what);
    }

    private bool JudgeRaw(byte[] file, string what)
    {
        File.WriteAllBytes(_game.Saves.PathOf("a"), file);
        return JudgeFile(what);
    }

    private bool JudgeFile(string what)
    {
        string facts = _game.World.Facts.Facts();
        long before = GC.GetAllocatedBytesForCurrentThread();
        bool isLoaded = false;
        Assert.That(() => isLoaded = _game.Load("a"), Throws.Nothing, what);
        Assert.That(GC.GetAllocatedBytesForCurrentThread() - before, Is.LessThan(MostAllocated), what);
        Assert.That(_game.Message.Last, Does.StartWith(isLoaded ? "Loaded (a)" : "a: not loaded: ").And.Not.Contain("\n"), what);
        if (!isLoaded) Assert.That(_game.World.Facts.Facts(), Is.EqualTo(facts), what);
        Assert.That(() => Worlds.Run(_game, 0.2), Throws.Nothing, what);
        if (!isLoaded) return false;

        Assert.That(_game.Save("again") && _game.Load("again"), $"{what}: {_game.Message.Last}");
        Assert.That(_game.Load("good"), _game.Message.Last);
        return true;
    }

    private Dictionary<string, byte[]> Parts(string? state = null, string? world = null)
    {
        Dictionary<string, byte[]> parts = new(_good);
        if (state is not null) parts["state"] = Encoding.UTF8.GetBytes(state);
        if (world is not null) parts["world"] = Encoding.UTF8.GetBytes(world);
        return parts;
    }

    /// <summary>A member or an element becomes something else, or goes, or is there more than once.</summary>
    private string MutateNode(Random random)
    {
        JsonNode root = JsonNode.Parse(_good["state"])!;
        for (int changes = 1 + random.Next(2); changes > 0; changes--)
        {
            List<JsonNode> holders = [.. All(root).Where(n => n is JsonObject { Count: > 0 } or JsonArray { Count: > 0 })];
            JsonNode holder = holders[random.Next(holders.Count)];
            JsonNode? value = random.Next(3) > 0 ? Read(Hostile[random.Next(Hostile.Length)])
                : JsonValue.Create(new string('x', random.Next(2) * 30_000));
            if (holder is JsonObject members)
            {
                string name = members.ElementAt(random.Next(members.Count)).Key;
                if (random.Next(4) == 0) members.Remove(name);
                else members[name] = value;
                if (random.Next(8) == 0) members["Osbert"] = Read("[]");
            }
            else
            {
                JsonArray items = holder.AsArray();
                int at = random.Next(items.Count);
                if (random.Next(3) == 0)
                    for (int times = random.Next(100); times > 0; times--) items.Add(items[at]?.DeepClone());
                else items[at] = value;
            }
        }

        return root.ToJsonString();
    }

    private static JsonNode? Read(string json) => json is "-1e999" or "\"\\ud800\"" ? JsonValue.Create(json) : JsonNode.Parse(json);

    private static IEnumerable<JsonNode> All(JsonNode node)
    {
        IEnumerable<JsonNode?> inner = node switch
        {
            JsonObject members => members.Select(m => m.Value),
            JsonArray items => items,
            _ => [],
        };
        return inner.OfType<JsonNode>().SelectMany(All).Prepend(node);
    }

    /// <summary>A value of the text becomes another, a stretch goes or comes twice, or a letter is another.</summary>
    private string MutateText(Random random, string part)
    {
        string text = Encoding.UTF8.GetString(_good[part]);
        int from = random.Next(text.Length), length = Math.Min(random.Next(40), text.Length - from);
        switch (random.Next(4))
        {
            case 0:
                int colon = text.IndexOf(':', from);
                if (colon < 0) return text;
                int end = text.IndexOfAny([',', '}', '\n'], colon);
                return text[..(colon + 1)] + Hostile[random.Next(Hostile.Length)] + text[(end < 0 ? text.Length : end)..];
            case 1:
                return text.Remove(from, length);
            case 2:
                return text.Insert(from, text.Substring(from, length));
            default:
                return string.Concat(text.AsSpan(0, from), ((char)random.Next(32, 300)).ToString(CultureInfo.InvariantCulture),
                    text.AsSpan(from + 1));
        }
    }

    /// <summary>Parts with lengths, names and numbers that are wrong, under a right checksum.</summary>
    private byte[] MutateContainer(Random random)
    {
        using MemoryStream file = new();
        using BinaryWriter writer = new(file);
        writer.Write("TAVERN-1"u8);
        foreach ((string name, byte[] bytes) in random.Next(4) == 0 ? _good.Reverse() : _good)
        {
            if (random.Next(6) == 0) continue;
            string called = random.Next(5) switch { 0 => "mind/" + new string('m', random.Next(200)), 1 => "mind/Osbert", _ => name };
            writer.Write(called);
            int length = random.Next(6) switch
            {
                0 => random.Next(),
                1 => -random.Next(),
                2 => bytes.Length + random.Next(-9, 9),
                _ => bytes.Length,
            };
            writer.Write(length);
            writer.Write(bytes);
            for (int again = random.Next(20) == 0 ? random.Next(50) : 0; again > 0; again--)
            {
                writer.Write(name);
                writer.Write(0);
            }
        }

        if (random.Next(5) == 0) writer.Write((byte)random.Next(256));
        writer.Flush();
        writer.Write(System.Security.Cryptography.SHA256.HashData(file.ToArray()));
        return file.ToArray();
    }
}
