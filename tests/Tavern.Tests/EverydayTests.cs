using NpcMind;
using Tavern.Forge;
using Tavern.World;

namespace Tavern.Tests;

/// <summary>What players type, and what is right to say to it.</summary>
public sealed class EverydayTests
{
    private static readonly string Idle = ActionType.Of<Deed>().Write(Deed.None);

    [Test]
    public void Of_HeldLines_AreNoLinesOfTraining()
    {
        int held = 0;
        foreach (string topic in Phrases.All)
        {
            Assert.That(Phrases.Of(topic, Split.Train), Is.Not.Empty, topic);
            Assert.That(Phrases.Of(topic, Split.Held), Is.Not.Empty, topic);
            Assert.That(Phrases.Of(topic, Split.Held).Intersect(Phrases.Of(topic, Split.Train)), Is.Empty, topic);
            held += Phrases.Of(topic, Split.Held).Length;
        }

        Assert.That(held, Is.GreaterThan(80));
        Assert.That(Phrases.Foreign.Value.Held.Intersect(Phrases.Foreign.Value.Train), Is.Empty);
    }

    [Test]
    public void Make_HeldWordings_NeverComeOfTraining()
    {
        Random random = new(3);
        HashSet<string> held = [.. Phrases.All.SelectMany(t => Phrases.Of(t, Split.Held)).Select(Plain)];
        foreach (string topic in Phrases.All)
            for (int i = 0; i < 200; i++)
                foreach (string line in Phrases.Of(topic, Split.Train))
                    Assert.That(held, Does.Not.Contain(Plain(Phrases.Expand(random, line))), line);

        static string Plain(string text) => text.TrimEnd('.', '?', '!').ToUpperInvariant();
    }

    [Test]
    public void Say_OfEveryTopic_EveryNatureHasWords()
    {
        foreach (string topic in Tempers.Topics)
            foreach (string trait in Lexicon.Traits)
                Assert.That(Tempers.Say(new Person { Name = "Tobin", Trait = trait }, topic, "Marbel"), Is.Not.Empty.And.Not.Contain("{"));
    }

    [Test]
    public void Expand_OfChoices_MakesEveryOneAndNoOther()
    {
        Random random = new(1);
        HashSet<string> made = [.. Enumerable.Range(0, 300).Select(_ => Phrases.Expand(random, "a (b|c (d|e)|)f"))];
        Assert.That(made, Is.EquivalentTo(new[] { "a bf", "a c df", "a c ef", "a f" }));
    }

    [Test]
    public void Sloppy_OfAQuestion_IsTypedInManyWaysAndStaysReadable()
    {
        Random random = new(2);
        HashSet<string> typed = [.. Enumerable.Range(0, 200).Select(_ => Typing.Sloppy(random, "What is your name?"))];
        Assert.That(typed, Has.Count.GreaterThan(80).And.Contains("whats ur name"));
        foreach (string text in typed) Assert.That(text, Has.Length.InRange(8, 40));
    }

    [Test]
    public void Make_OfTraining_HoldsEveryKind()
    {
        HashSet<string> kinds = [.. Turns(Split.Train, 400).Select(t => t.Turn.Kind)];
        Assert.That(kinds, Is.SupersetOf(Everyday.Kinds));
    }

    [Test]
    public void Make_OfHeld_HoldsEveryKind()
    {
        HashSet<string> kinds = [.. Turns(Split.Held, 300).Select(t => t.Turn.Kind)];
        Assert.That(kinds, Is.SupersetOf(Everyday.Kinds));
    }

    [Test]
    public void Make_WhatIsSaidOfTheNight_IsTold()
    {
        int asked = 0;
        foreach ((Conversation conversation, Turn turn) in Turns(Split.Held, 300))
        {
            if (turn.Kind != "past" || !turn.Answer.StartsWith("Last night ", StringComparison.Ordinal)) continue;
            foreach (string sentence in turn.Answer.Split(". "))
            {
                string told = sentence.TrimEnd('.').Replace("Last night I was", "Last night you were", StringComparison.Ordinal)
                    .Replace("Last night I saw", "Last night you saw", StringComparison.Ordinal);
                string own = told.Replace("Last night I", $"Last night {conversation.Name}", StringComparison.Ordinal)
                    .Replace("Last night you saw", $"Last night {conversation.Name} saw", StringComparison.Ordinal);
                Assert.That(conversation.System, Does.Contain(told).Or.Contain(own), turn.User);
            }

            asked++;
        }

        Assert.That(asked, Is.GreaterThan(20));
    }

    [Test]
    public void Make_OfRefusedOrders_NothingIsDone()
    {
        foreach (Split split in Enum.GetValues<Split>())
            foreach ((_, Turn turn) in Turns(split, 200))
                if (turn.Kind == "cannot") Assert.That(turn.Action, Is.Null.Or.EqualTo(Idle), turn.User);
    }

    private static IEnumerable<(Conversation Conversation, Turn Turn)> Turns(Split split, int count) =>
        from i in Enumerable.Range(0, count)
        let conversation = new Conversations(1, []).Make(split, i)
        from turn in conversation.Turns
        select (conversation, turn);
}
