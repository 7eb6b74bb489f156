using System.Text;

namespace Tavern.Game.Tests;

public sealed class StoryFileTests
{
    private static readonly string Horse = File.ReadAllText(Path.Combine(TestContext.CurrentContext.TestDirectory, "horse.json"));

    [Test]
    public void Parse_TheShippedStory_CanBeSolvedByEveryCulprit()
    {
        Story story = Parse(Horse);
        TavernPlan plan = Worlds.Plan(File.ReadAllText(Path.Combine(TestContext.CurrentContext.TestDirectory, "tavern.json")));
        foreach (string culprit in plan.World.People.Select(p => p.Name))
        {
            for (int seed = 0; seed < 20; seed++)
            {
                Cast cast = Cast.Deal(story, plan.World, culprit, seed, "stranger");
                Assert.That(cast.Culprit, Is.EqualTo(culprit));
                Assert.That(cast.People.Values, Is.Unique.And.Count.EqualTo(5));
                Knowledge knowledge = Mystery.KnowledgeOf(story, cast);
                Assert.That(knowledge.Facts(plan.World),
                    Does.EndWith("Last night somebody took the mayor's horse.").And.Not.Contain("saw a wolf"));
                string all = string.Join('\n', plan.World.People.Select(knowledge.Persona).Append(knowledge.Facts(plan.World)));
                Assert.That(all, Does.Not.Contain("{").And.Not.Contain("sold a false map").And.Contain($"Last night you saw {culprit} "));
                Assert.That(knowledge.Of(culprit), Has.None.Contains($"saw {culprit}"), "nobody knows what would give itself away");
            }
        }
    }

    [TestCase("\"roles\": [ \"thief\"", "\"roles\": [ \"thief\", \"thief\"", "line 7: a role is there twice")]
    [TestCase("\"known\": [ \"witness\" ]", "\"known\": [ \"baker\" ]", "there is no role 'baker'; expected one of: thief, witness")]
    [TestCase("you saw {thief}", "you saw {robber}", "nothing can be put for '{robber}'")]
    [TestCase("\"proofs\": 2", "\"proofs\": 9", "9 proofs are needed and there are 5")]
    [TestCase("\"proofs\": 2,", "", "'proofs' is missing")]
    [TestCase("\"title\":", "\"titel\":", "'titel' means nothing in the story")]
    [TestCase("\"needs\": [ \"alibi\"", "\"needs\": [ \"alibis\"", "there is no clue 'alibis'")]
    [TestCase("\"fact\": \"bell\"", "\"fact\": \"gong\"", "there is no clue 'gong'")]
    [TestCase("\"holds\": [ \"{thief}\", \"{scene}\" ],", "", "nothing tells that 'sighting' was learnt")]
    [TestCase("\"id\": \"doubt\"", "\"id\": \"alibi\"", "'alibi' is there twice")]
    [TestCase("\"proof\": true", "\"proof\": 1", "'proof' is true or false")]
    [TestCase("\"hintAfter\": 75", "\"hintAfter\": 0", "0 is not possible")]
    [TestCase("[ \"lastNight\"", "[ \"yesterday\"", "there is no part of a world 'yesterday'")]
    [TestCase("\"truth\": \"Last", "\"truth\": \"\\nLast", "has a line break")]
    public void Parse_WhatCannotBe_IsRefusedWithItsLine(string old, string replacement, string says)
    {
        Assert.That(Horse, Does.Contain(old));
        Assert.That(() => Parse(Horse.Replace(old, replacement, StringComparison.Ordinal)),
            Throws.TypeOf<WorldFileException>().With.Message.StartsWith("horse.json, line ").And.Message.Contains(says));
    }

    [Test]
    public void Parse_CutAnywhere_IsRefusedAndNeverReadAsAnother()
    {
        for (int length = 0; length < Horse.TrimEnd().Length; length += 97)
            Assert.That(() => Parse(Horse[..length]), Throws.TypeOf<WorldFileException>(), $"{length}");
    }

    [Test]
    public void Deal_TooFewPeople_SaysHowManyAreNeeded() =>
        Assert.That(() => Cast.Deal(Parse(Horse), Worlds.Plan().World, "Marbel", 1, "you"),
            Throws.TypeOf<InvalidDataException>().With.Message.Contains("needs 5 people, and 2 are here"));

    private static Story Parse(string json) => StoryFile.Parse("horse.json", Encoding.UTF8.GetBytes(json));
}
