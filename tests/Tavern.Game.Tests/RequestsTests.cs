using NpcMind;
using Tavern.World;

namespace Tavern.Game.Tests;

/// <summary>Which deeds follow from what the player says to Marbel, who carries a loaf of bread.</summary>
public sealed class RequestsTests
{
    private static readonly TavernWorld World = TavernFile.Read(Path.Combine(TestContext.CurrentContext.TestDirectory,
        "tavern.json")).World;

    [TestCase("Please open the door.", "Open the door")]
    [TestCase("opne teh dor", "Open the door")]
    [TestCase("Can you light the lamp and open the window?", "Light the lamp", "Open the window")]
    [TestCase("Would you mind and turn on the light?", "Light the lamp")]
    [TestCase("Marbel, light the fire!", "Light the hearth")]
    [TestCase("Light it.", "Light the lamp", "Light the candle", "Light the hearth")]
    [TestCase("The door is closed. Open it!", "Open the door")]
    [TestCase("Make the candle burn.", "Light the candle")]
    [TestCase("Give Osbert your bread.", "Give Osbert")]
    [TestCase("Give the smith what you carry.", "Give Osbert")]
    [TestCase("Hand me the loaf, please.", "Give Player")]
    [TestCase("Can I have your bread?", "Give Player")]
    [TestCase("I would like you to walk over to Selna.", "Walk Selna")]
    [TestCase("Come here.", "Walk Player")]
    [TestCase("Follow me!", "Walk Player")]
    [TestCase("Look at Corvin, will you?", "Turn Corvin")]
    [TestCase("Have a look at the stairs.", "Turn the stairs")]
    [TestCase("Why don't you go to the counter?", "Walk the bar")]
    [TestCase("If you are cold, light the hearth.", "Light the hearth")]
    [TestCase("hey can u lite da candel pls", "Light the candle")]
    [TestCase("gimme ur bread", "Give Player")]
    [TestCase("opn th windw n lite the lamp", "Open the window", "Light the lamp")]
    [TestCase("GO TO SELNA", "Walk Selna")]
    [TestCase("i wnt u to cum here", "Walk Player")]
    [TestCase("plz giv the bred to osbrt", "Give Osbert")]
    public void Of_ARequest_HoldsTheDeed(string words, params string[] wanted)
    {
        List<Deed> found = Requests.Of(words, World, World.People[0]);
        string[] deeds = [.. found.Select(d => $"{d.Do} {d.To}")];
        foreach (string deed in wanted) Assert.That(deeds, Does.Contain(deed), words);
        Assert.That(found, Is.SubsetOf(Deed.Doable(World.People, World.People[0])));
    }

    [TestCase("Please fly to the moon and bring me cheese.")]
    [TestCase("Give me the moon.")]
    [TestCase("Give me money, or bring me a beer!")]
    [TestCase("Hello there! How are you tonight?")]
    [TestCase("waht do yuo do fro a livng?")]
    [TestCase("You are a stupid ugly fool.")]
    [TestCase("What is on the table over there?")]
    [TestCase("What do you think of Osbert?")]
    [TestCase("What happened here last night?")]
    [TestCase("Are you a real person or a computer?")]
    [TestCase("I walked for three days through the snow, my horse died, wolves followed me, and now I am cold and hungry and I have no "
        + "money left. Can you help me?")]
    [TestCase("Wie heisst du und was trinkst du gern?")]
    [TestCase("Who opened the door?")]
    [TestCase("Can you tell me how to open the door?")]
    [TestCase("Do not open the door.")]
    [TestCase("Don't give Osbert your bread!")]
    [TestCase("Osbert opened the window and Selna gave him your bread.")]
    [TestCase("Last night at the hearth I saw a wolf.")]
    [TestCase("Open your heart.")]
    [TestCase("Turn into a frog.")]
    [TestCase("Turn me into a frog!")]
    [TestCase("turn off teh lamp pls")]
    [TestCase("Burn down the bar.")]
    [TestCase("whats on da table n whos by the door")]
    [TestCase("dnt open the door")]
    [TestCase("Where did you go?")]
    [TestCase("")]
    [TestCase("…!? \u0000 \ud83d\ude00")]
    public void Of_WordsThatAskForNothingThatCanBeDone_IsEmpty(string words) =>
        Assert.That(Requests.Of(words, World, World.People[0]), Is.Empty);

    [Test]
    public void Of_Kin_HoldsWhoIsMeant() =>
        Assert.That(Requests.Of("Give that to your sister.", World, World.People[2]), Is.EqualTo(new[] { new Deed(DeedVerb.Give,
            "Marbel") }));

    [Test]
    public void Of_WhoCarriesNothing_GivesNothing()
    {
        Person empty = new() { Name = "Tobin" };
        TavernWorld world = new() { Tavern = "Old Owl", Town = "Ashford" };
        world.People.AddRange([empty, new Person { Name = "Osbert" }]);
        Assert.That(Requests.Of("Give that to Osbert.", world, empty), Is.Empty);
    }

    [Test]
    public void Legal_OfDeeds_AllowsNoOtherCombination()
    {
        // shared/reports/legal-combos: Light and Give, the lamp and Garlin, and so Light(Garlin).
        LegalActions legal = Deed.Legal([new Deed(DeedVerb.Light, "the lamp"), new Deed(DeedVerb.Give, "Garlin")]);
        string grammar = legal.Type.ToGbnf(legal);
        Assert.That(grammar, Does.Contain("Garlin").And.Contain("the lamp"));
        Assert.That(Deed.Doable(World.People, World.People[0]), Has.None.Matches<Deed>(d => d.Do is DeedVerb.Light or DeedVerb.Open
            && World.People.Any(p => p.Name == d.To)));
        GameWorld world = new(new TavernPlan(World));
        foreach (Body body in world.Bodies)
            foreach (Deed deed in Deed.Doable(world.Facts.People, body.Person)) Assert.That(world.Do(body, deed), Is.Null,
                $"{body.Name}: {deed}");
    }

    [Test]
    public void Of_AnyWords_EndsSoon()
    {
        Random random = new(5);
        string[] words = [.. DeedWords.Verbs.Values.SelectMany(v => v), .. DeedWords.Asking, .. DeedWords.Openers, "Osbert", "the",
            "door", ",", "don't"];
        for (int i = 0; i < 2000; i++)
        {
            string text = string.Join(' ', Enumerable.Range(0, random.Next(40)).Select(_ => words[random.Next(words.Length)]));
            Assert.That(Requests.Of(text, World, World.People[random.Next(5)]), Has.Count.LessThan(60));
        }

        Assert.That(Requests.Of(new string('a', 200_000), World, World.People[0]), Is.Empty);
    }
}
