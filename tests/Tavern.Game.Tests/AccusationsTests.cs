using Tavern.World;

namespace Tavern.Game.Tests;

public sealed class AccusationsTests
{
    private static readonly Crime Crime = new(["took", "stole"], ["horse"]);
    private static readonly TavernWorld World = Worlds.Plan(File.ReadAllText(Path.Combine(TestContext.CurrentContext.TestDirectory,
        "tavern.json"))).World;

    [TestCase("I accuse Garlin.")]
    [TestCase("i acuse garlin")]
    [TestCase("I hereby accusse Garlyn!!")]
    [TestCase("Listen: I accuse the hunter")]
    [TestCase("I accuse the one in the blue cloak")]
    [TestCase("It was Garlin.")]
    [TestCase("Garlin did it")]
    [TestCase("gralin stole the hrose")]
    [TestCase("Garlin took the mayor's horse!")]
    [TestCase("The thief is Garlin.")]
    [TestCase("Garlin is the theif")]
    [TestCase("Garlin is guilty.")]
    [TestCase("I accuse Garlin, not Osbert.")]
    [TestCase("Who took the horse? It was Garlin!")]
    public void Of_WordsThatAccuse_NamesTheAccused(string words) =>
        Assert.That(Accusations.Of(words, World, World.People[0], Crime), Is.EqualTo(new[] { "Garlin" }));

    [TestCase("You did it!")]
    [TestCase("I accuse you")]
    [TestCase("you stole the horse")]
    [TestCase("You are the thief.")]
    public void Of_WordsToTheListener_NamesIt(string words) =>
        Assert.That(Accusations.Of(words, World, World.People[2], Crime), Is.EqualTo(new[] { "Osbert" }));

    [TestCase("Did Garlin take the horse?")]
    [TestCase("Who took the horse?")]
    [TestCase("Was it Garlin?")]
    [TestCase("It was Garlin?")]
    [TestCase("Is Garlin the thief?")]
    [TestCase("You did it?")]
    [TestCase("I do not accuse Garlin.")]
    [TestCase("I don't accuse Garlin")]
    [TestCase("Selna says that Garlin did it.")]
    [TestCase("I think Garlin took the horse")]
    [TestCase("If it was Garlin, I will say so.")]
    [TestCase("Garlin saw a wolf.")]
    [TestCase("Give the horse to Garlin.")]
    [TestCase("What did Garlin do last night?")]
    [TestCase("Somebody stole the horse")]
    [TestCase("")]
    public void Of_QuestionsGuessesAndDenials_NamesNobody(string words) =>
        Assert.That(Accusations.Of(words, World, World.People[0], Crime), Is.Empty);

    [TestCase("I accuse Garlin and Osbert.")]
    [TestCase("Garlin and Osbert did it")]
    public void Of_Two_NamesBoth(string words) =>
        Assert.That(Accusations.Of(words, World, null, Crime), Is.SupersetOf(new[] { "Osbert" }));
}
