using Tavern.World;

namespace Tavern.Game.Tests;

/// <summary>What the shipped mind hears of what the player types.</summary>
public sealed class TypedTextTests
{
    private static readonly string[] Names = ["Marbel", "Osbert", "Selna", "Riverford"];

    [TestCase("whats ur name", "What is your name?")]
    [TestCase("wheres selna", "Where is Selna?")]
    [TestCase("tell me bout osbret", "Tell me about Osbert.")]
    [TestCase("WHO IS THE SMITH", "Who is the smith?")]
    [TestCase("who is osbert's sister", "Who is Osbert's sister?")]
    [TestCase("im cold n hungry", "I am cold and hungry.")]
    [TestCase("gimme teh bread pls", "Give me the bread please.")]
    [TestCase("waht do yuo do for a livng?", "What do you do for a living?")]
    [TestCase("hey wheres da tavren", "Hey where is the tavern?")]
    [TestCase("Please open the door.", "Please open the door.")]
    [TestCase("My name is Tobin.", "My name is Tobin.")]
    public void Read_OfWhatIsTypedInHaste_IsWhatWasMeant(string typed, string meant) =>
        Assert.That(TypedText.Read(typed, Names), Is.EqualTo(meant));

    [TestCase("Wie heißt du und was trinkst du gern?")]
    [TestCase("Où est la taverne?")]
    [TestCase("sdfkjh weoiu xcv")]
    [TestCase("こんにちは")]
    [TestCase("???")]
    [TestCase("")]
    [TestCase("\u0000 \ud83d\ude00")]
    public void Read_OfOtherTongues_IsUnchanged(string typed) => Assert.That(TypedText.Read(typed, Names), Is.EqualTo(typed));

    [Test]
    public void Read_OfItsOwnAnswer_ChangesNothingMore()
    {
        foreach (string typed in new[] { "whats ur name", "i wnt u to giv the bred to osbrt", "WHERE IS CORVIN" })
        {
            string once = TypedText.Read(typed, Names);
            Assert.That(TypedText.Read(once, Names), Is.EqualTo(once));
        }
    }

    [Test]
    public void Read_OfALongText_EndsSoon() =>
        Assert.That(TypedText.Read(string.Concat(Enumerable.Repeat("wherr iss oosbert ", 5000)), Names), Has.Length.GreaterThan(80_000));
}
