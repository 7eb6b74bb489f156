using System.Text;
using Tavern.World;

namespace Tavern.Game.Tests;

public sealed class TavernFileTests
{
    [Test]
    public void ShippedWorld_HasFiveNewNamesAndNoWarnings()
    {
        TavernPlan plan = TavernFile.Read(Path.Combine(AppContext.BaseDirectory, "tavern.json"));
        string[] held = [.. Names.All(Split.Held)];
        Assert.That(plan.Warnings, Is.Empty);
        Assert.That(plan.World.People, Has.Count.EqualTo(5));
        Assert.That(plan.World.People.Select(p => p.Name), Is.SubsetOf(held));
        Assert.That(plan.World.People.Select(p => p.Name[..2]), Is.Unique);
        Assert.That(plan.World.People,
            Has.All.Matches<Person>(p => p.Trade is not null && p.Cloak is not null && p.Place is not null && p.Item is not null
                && p.Secret is not null && p.Wish is not null));
    }

    [Test]
    public void WriteAndRead_World_RoundTrips()
    {
        TavernPlan plan = TavernFile.Read(Path.Combine(AppContext.BaseDirectory, "tavern.json"));
        TavernPlan again = TavernFile.Parse("again", TavernFile.Write(plan));
        Assert.That(again.World.Facts(), Is.EqualTo(plan.World.Facts()));
        Assert.That(again.World.People.Select(TavernWorld.Persona), Is.EqualTo(plan.World.People.Select(TavernWorld.Persona)));
        Assert.That(again.Tables["bar"], Is.EqualTo(plan.Tables["bar"]));
        Assert.That(again.Seeds, Is.EqualTo(plan.Seeds));
        Assert.That(TavernFile.Write(again), Is.EqualTo(TavernFile.Write(plan)));
    }

    [TestCase("\"town\": \"Ashford\",", "\"town\": \"Ashford\"", 4, "missing comma")]
    [TestCase("\"cloak\": \"red\"", "\"cloak\": \"grey\"", 6, "red, green, blue, yellow, white, purple")]
    [TestCase("\"cloak\": \"red\"", "\"cloak\": 7", 6, "found a number")]
    [TestCase("\"trade\": \"baker\"", "\"trad\": \"baker\"", 6, "'trad' means nothing in a person")]
    [TestCase("\"name\": \"Marbel\"", "\"name\": \"Osbert\"", 7, "twice")]
    [TestCase("\"name\": \"Marbel\"", "\"name\": \"Player\"", 6, "nobody can be called")]
    [TestCase("\"name\": \"Marbel\", ", "", 6, "'name' is missing")]
    [TestCase("\"blue book\"", "\"blue boat\"", 10, "red apple")]
    [TestCase("\"lamp\": \"dark\"", "\"lamp\": \"off\"", 4, "lit, dark")]
    [TestCase("\"kind\": \"chest\"", "\"kind\": \"piano\"", 9, "barrel, chest")]
    [TestCase("\"tavern\": \"Golden Owl\",", "", 1, "'tavern' is missing")]
    [TestCase("[ \"red apple\", \"blue book\" ]", "\"red apple\"", 10, "square brackets")]
    [TestCase("\"blue book\"", "\"blue book\", \"red mug\", \"red bell\", \"white mug\"", 10, "5 things on the long table and at most 4")]
    [TestCase("\"long table\": [ \"red apple\",", "\"bar\": [ \"red mug\", \"red bell\", \"white mug\",", 10,
        "5 things on the bar, 1 of them in 'things', and at most 4")]
    public void Read_WrongLine_IsNamed(string find, string replace, int line, string says)
    {
        WorldFileException e = Assert.Throws<WorldFileException>(
            () => Worlds.Plan(Worlds.Small.Replace(find, replace, StringComparison.Ordinal)))!;
        Assert.That(e.Line, Is.EqualTo(line), e.Message);
        Assert.That(e.Message, Does.StartWith($"tavern.json, line {line}: ").And.Contain(says));
    }

    [Test]
    public void Message_AnyQuote_IsOneLine()
    {
        WorldFileException e = Assert.Throws<WorldFileException>(
            () => Worlds.Plan(Worlds.Small.Replace("\"town\"", "\"to\\nwn\\u2028\"", StringComparison.Ordinal)))!;
        Assert.That(e.Message, Does.StartWith("tavern.json, line 3: 'to\\nwn\\u2028' means nothing"));
    }

    [Test]
    public void Read_UnknownWords_GivesWarning()
    {
        TavernPlan plan = Worlds.Plan(Worlds.Small.Replace("baker", "astronomer", StringComparison.Ordinal)
            .Replace("at the bar", "on the roof", StringComparison.Ordinal));
        Assert.That(plan.World.People[0].Trade, Is.EqualTo("astronomer"));
        Assert.That(plan.Warnings, Has.Some.Contains("astronomer").And.Some.Contains("on the roof"));
    }

    [Test]
    public void Read_AnyDamage_IsErrorNotCrash()
    {
        byte[] good = Encoding.UTF8.GetBytes(Worlds.Small);
        Random random = new(5);
        for (int i = 0; i < 2000; i++)
        {
            byte[] bad = random.Next(3) == 0 ? good[..random.Next(good.Length)] : [.. good];
            for (int n = random.Next(1, 4); n > 0 && bad.Length > 0; n--) bad[random.Next(bad.Length)] = (byte)random.Next(256);
            try
            {
                TavernFile.Parse("bad", bad);
            }
            catch (WorldFileException e)
            {
                Assert.That(e.Message.Any(char.IsControl), Is.False, e.Message);
            }
        }
    }
}
