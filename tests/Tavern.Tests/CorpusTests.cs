using NpcMind;
using Tavern.Forge;
using Tavern.World;

namespace Tavern.Tests;

/// <summary>What is held out is held out, and every right answer is right.</summary>
public sealed class CorpusTests
{
    private static readonly PictureEntry[] Pictures =
    [
        new(0, Split.Train,
            [new Seen(ThingKind.Mug, Colour.Red, 10, 40, 20, 50, 80, 15),
                new Seen(ThingKind.Person, Colour.Blue, 60, 10, 90, 100, 900, 75)]),
        new(1, Split.Held,
            [new Seen(ThingKind.Bell, Colour.White, 10, 40, 20, 50, 80, 15),
                new Seen(ThingKind.Book, Colour.Green, 60, 40, 90, 50, 90, 75)]),
    ];

    [Test]
    public void HeldOutNames_NeverOccurInTraining()
    {
        Assert.That(Names.All(Split.Train).Intersect(Names.All(Split.Held)), Is.Empty);
        HashSet<string> held = [.. Names.All(Split.Held)];
        foreach (Conversation conversation in Some(Split.Train, 300))
        {
            string all = conversation.System + string.Join(' ', conversation.Turns.Select(t => t.User + " " + t.Answer));
            Assert.That(all.Split([' ', '.', ',', '\n', ':', '?', '!', '\'']).Where(held.Contains), Is.Empty);
        }
    }

    [Test]
    public void HeldOutWordings_NeverOccurInTraining()
    {
        Wording[] all = [.. Wordings.Everything, SmallTalk.WhatSaid, SmallTalk.MyOwnName];
        HashSet<string> train = [.. all.SelectMany(w => w.All(Split.Train))];
        foreach (Wording wording in all)
        {
            Assert.That(wording.All(Split.Held).Where(train.Contains), Is.Empty);
        }

        Assert.That(Wordings.NeverTold.Intersect(Wordings.HeldNeverTold), Is.Empty);
    }

    [Test]
    public void HeldOutWordings_UseWordsKnownFromTraining()
    {
        static IEnumerable<string> Words(IEnumerable<string> texts) =>
            texts.SelectMany(t => t.ToUpperInvariant()
                .Split([' ', '.', ',', '?', '!', ':', '\'', '{', '}', '0', '1'], StringSplitOptions.RemoveEmptyEntries));
        HashSet<string> known = [.. Words(Some(Split.Train, 3000).SelectMany(c => c.Turns.Select(t => t.User).Append(c.System)))];
        Assert.That(Words(Wordings.Everything.SelectMany(w => w.All(Split.Held)).Concat(Wordings.HeldNeverTold)).Distinct()
            .Where(w => !known.Contains(w)), Is.Empty);
    }

    [Test]
    public void Make_SameNumber_GivesTheSameConversation() =>
        Assert.That(CorpusWriter.Readable(new Conversations(3, Pictures).Make(Split.Train, 17)),
            Is.EqualTo(CorpusWriter.Readable(new Conversations(3, Pictures).Make(Split.Train, 17))));

    [Test]
    public void Judge_EveryAnswer_Passes()
    {
        foreach (Split split in Enum.GetValues<Split>())
        {
            foreach (Conversation conversation in Some(split, 400))
            {
                foreach (Turn turn in conversation.Turns)
                {
                    Assert.That(turn.Expect.All(e => Evaluation.Holds(turn.Answer, e))
                        && !turn.Reject.Any(r => Evaluation.Holds(turn.Answer, r)), $"{turn.User} -> {turn.Answer}");
                    foreach (int[] span in turn.Spans) Assert.That(span[0] < span[1] && span[1] <= turn.Answer.Length);
                    Assert.That(turn.Answer, Does.Not.Contain("[").And.Not.Contain("{"));
                    Assert.That(turn.User, Does.Not.Contain("{"));
                }
            }
        }
    }

    [Test]
    public void Answers_FactsAskedFor_AreTold()
    {
        foreach (Conversation conversation in Some(Split.Held, 300))
        {
            string told = conversation.System;
            foreach (Turn turn in conversation.Turns)
            {
                told += "\n" + turn.User;
                if (turn.Kind != "world" || turn.Expect.Contains("nothing")) continue;
                foreach (string fact in turn.Expect) Assert.That(told, Does.Contain(fact), turn.User);
            }
        }
    }

    [Test]
    public void Questions_ChangedPossessionsAndPlaces_AskCurrentState()
    {
        int asked = 0;
        foreach (Conversation conversation in Some(Split.Train, 1500))
        {
            Dictionary<string, string> now = [];
            foreach (Turn turn in conversation.Turns)
            {
                foreach (string line in turn.User.Split('\n'))
                    if (line.Split(line.Contains(" is now ", StringComparison.Ordinal) ? " is now " : " now carries ")
                        is [var who, var what]) now[who + line.Contains("carries", StringComparison.Ordinal)] = what.TrimEnd('.');
                foreach ((string key, string what) in now)
                {
                    bool carries = key.EndsWith("True", StringComparison.Ordinal);
                    string who = key[..^(carries ? 4 : 5)];
                    string[] begins = who == conversation.Name ? [carries ? "I carry " : "I am in ", carries ? "I carry " : "I am at "]
                        : [carries ? $"{who} carries " : $"{who} is in ", carries ? $"{who} carries " : $"{who} is at "];
                    if (!begins.Any(b => turn.Answer.StartsWith(b, StringComparison.Ordinal))) continue;
                    Assert.That(turn.Answer, Does.Contain(what), CorpusWriter.Readable(conversation));
                    asked++;
                }
            }
        }

        Assert.That(asked, Is.GreaterThan(50));
    }

    [Test]
    public void Of_EveryOrderOfTheCorpus_HoldsItsDeed()
    {
        int orders = 0;
        foreach (Split split in Enum.GetValues<Split>())
        {
            foreach (Conversation conversation in Some(split, 1500))
            {
                TavernWorld world = new() { Tavern = "Old Owl", Town = "Ashford" };
                world.People.Add(new Person { Name = conversation.Name, Item = "a long rope" });
                world.People.AddRange(conversation.Legal.Except(Lexicon.Furniture).Except([Deed.Player,
                    Deed.NoTarget]).Select(name => new Person { Name = name }));
                foreach (Turn turn in conversation.Turns.Where(t => t.Kind == "action"))
                {
                    string words = turn.User[(turn.User.LastIndexOf(": ", StringComparison.Ordinal) + 2)..];
                    Assert.That(Requests.Of(words, world, world.People[0]).Select(ActionType.Of<Deed>().Write),
                        Does.Contain(turn.Action), words);
                    orders++;
                }
            }
        }

        Assert.That(orders, Is.GreaterThan(500));
    }

    [Test]
    public void Of_QuestionsOfTheCorpus_AreEmpty()
    {
        int asked = 0, found = 0;
        foreach (Conversation conversation in Some(Split.Held, 300))
        {
            TavernWorld world = new() { Tavern = "Old Owl", Town = "Ashford" };
            world.People.Add(new Person { Name = conversation.Name, Item = "a long rope" });
            world.People.AddRange(conversation.Legal.Except(Lexicon.Furniture).Except([Deed.Player,
                Deed.NoTarget]).Select(name => new Person { Name = name }));
            foreach (Turn turn in conversation.Turns.Where(t => t.Action is null || t.Action == ActionType.Of<Deed>().Write(Deed.None)))
            {
                asked++;
                if (Requests.Of(turn.User.Split('\n')[^1].Split(": ", 2)[^1], world, world.People[0]).Count > 0) found++;
            }
        }

        Assert.That(found, Is.LessThan(asked / 100), $"{found} of {asked}");
    }

    [Test]
    public void Questions_FromOthers_AreNeverAboutThemselves()
    {
        Turn[] asked = [.. Some(Split.Held, 200).SelectMany(c => c.Turns)
            .Where(t => !t.User.Split('\n')[^1].StartsWith("Player:", StringComparison.Ordinal))];
        Assert.That(asked, Has.Length.GreaterThan(100));
        foreach (Turn turn in asked)
        {
            string[] line = turn.User.Split('\n')[^1].Split(": ", 2);
            Assert.That(line[1] + turn.Answer, Does.Not.Contain(line[0]));
            Assert.That(turn.Action, Is.Null);
        }
    }

    [Test]
    public void Holds_PartOfWord_IsFalse()
    {
        Assert.That(Evaluation.Holds("Tobin is the baker.", "bake"), Is.False);
        Assert.That(Evaluation.Holds("I see two things.", "two"), Is.True);
        Assert.That(Evaluation.Holds("I do not know.", "do not know"), Is.True);
    }

    private static IEnumerable<Conversation> Some(Split split, int count) =>
        Enumerable.Range(0, count).Select(i => new Conversations(1, Pictures).Make(split, i));
}
