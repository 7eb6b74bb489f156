namespace Tavern.Game.Tests;

public sealed class TalkTests
{
    [Test]
    public void Bubble_GrowsAtReadingPaceAndCloses()
    {
        Bubble bubble = new();
        bubble.Open("Osbert", "Player");
        Assert.That(bubble.IsThinking);
        bubble.Append("I am the smith of this town.");
        bubble.Complete();
        bubble.Update(1);
        Assert.That(bubble.Text.ToString(), Is.EqualTo("I am the smith of this"));
        bubble.Update(1);
        Assert.That(bubble.IsSpoken);
        for (int i = 0; i < 5; i++) bubble.Update(1);
        Assert.That(bubble.IsOpen, Is.False);
        bubble.Open("Osbert", "Player");
        bubble.Append("I am the smith");
        bubble.Update(0.2);
        bubble.Cut();
        Assert.That(bubble.All, Is.EqualTo("I am"));
    }

    [Test]
    public void Talk_NewerWords_ReplaceOlderAndStayShort()
    {
        Hearsay hearsay = new();
        hearsay.Notice("Osbert is now at the bar.");
        hearsay.Notice("Osbert now carries a gold coin.");
        for (int i = 0; i < 9; i++) hearsay.Overhear("Marbel", $"{i}");
        hearsay.Notice("Osbert is now by the door.");
        Assert.That(hearsay.Lines.Select(l => l.Text),
            Is.EqualTo(new[] { "Osbert now carries a gold coin.", "5", "6", "7", "8", "Osbert is now by the door." }));
    }
}
