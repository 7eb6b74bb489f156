using Tavern.World;

namespace Tavern.Game.Tests;

public sealed class PlayerWordsTests
{
    private static readonly TavernWorld World = Worlds.Plan().World;

    [TestCase("My name is Anna.", "Anna")]
    [TestCase("my name is anna", "Anna")]
    [TestCase("Hello, I am Anna!", "Anna")]
    [TestCase("I'm Anna. And you?", "Anna")]
    [TestCase("They call me O'Brien", "O'Brien")]
    [TestCase("im peter", "Peter")]
    [TestCase("hello, i am shane", "Shane")]
    [TestCase("I am tired.", null)]
    [TestCase("i am hungy", null)]
    [TestCase("I am Looking for a horse.", null)]
    [TestCase("What is my name?", null)]
    [TestCase("My name is not for you.", null)]
    [TestCase("I am Marbel.", null)]
    public void NameIn_Words_IsTheNameOrNull(string words, string? name) => Assert.That(PlayerWords.NameIn(words, World), Is.EqualTo(name));

    [TestCase("my name is hans", "My name is Hans.")]
    [TestCase("hi, i am shane", "Hi, I am Shane.")]
    [TestCase("call me stuart, plz", "Call me Stuart, please.")]
    [TestCase("It is nice here. My name is Shane.", "It is nice here. My name is Shane.")]
    public void Read_NameLikeAWord_StaysTheName(string typed, string heard) =>
        Assert.That(PlayerWords.Read(typed, World), Is.EqualTo(heard));

    [TestCase("I am lost.", true)]
    [TestCase("can you give me a hint?", true)]
    [TestCase("What should I do?", true)]
    [TestCase("Who lost a ring?", false)]
    [TestCase("What do you do?", false)]
    public void IsLost_Words_AskForHelp(string words, bool isLost) => Assert.That(PlayerWords.IsLost(words), Is.EqualTo(isLost));

    [TestCase("I promise to find the horse.", "find the horse")]
    [TestCase("i promise you that i will bring you a hammer", "bring me a hammer")]
    [TestCase("I promise I'll come back.", "come back")]
    [TestCase("I will find your ring, I promise.", "find my ring")]
    [TestCase("I cannot promise to come.", null)]
    [TestCase("Do you promise?", null)]
    [TestCase("I will find it.", null)]
    public void PromiseIn_Words_IsAsTheListenerTellsItOrNull(string words, string? promise) => Assert.That(PlayerWords.PromiseIn(words),
        Is.EqualTo(promise));
}
