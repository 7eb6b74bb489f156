using System.Text;
using NpcMind.Tests.Text;
using NpcMind.Text;
using NUnit.Framework;

namespace NpcMind.Tests.Actions;

/// <summary>What a character does with its body, as in the Tavern.</summary>
internal enum Verb
{
    Nothing,
    Light,
    Give,
    Walk,
}

/// <summary>An action whose members depend on one another.</summary>
[NpcAction]
internal sealed record Deed(Verb Do, [ActionText(24)] string To);

/// <summary>Whole actions that are legal, where members alone would allow combinations that make no sense.</summary>
internal sealed class LegalRowsTests
{
    private static readonly TokenTrie Bytes = TokenTrie.Create(TinyVocabulary.Bpe().Build());
    private static readonly Deed Lamp = new(Verb.Light, "the lamp"), Garlin = new(Verb.Give, "Garlin");

    /// <summary>The case of reports/legal-combos.</summary>
    [Test]
    public void AllowOnly_TwoDeeds_AllowsNeitherOfTheirCombinations()
    {
        LegalActions legal = new(ActionType.Of<Deed>());
        legal.AllowOnly(Lamp, Garlin);
        AssertLegal(legal, [Lamp, Garlin], [new Deed(Verb.Light, "Garlin"), new Deed(Verb.Give, "the lamp"), new Deed(Verb.Nothing, "x")]);
    }

    [Test]
    public void AllowOnly_EnumListQueryAndArray_AllowsThem()
    {
        LegalActions legal = new(ActionType.Of<Gesture>());
        legal.AllowOnly(Gesture.Bow, Gesture.@class);
        AssertLegal(legal, [Gesture.Bow, Gesture.@class, Gesture.Bow], [Gesture.Wave, Gesture.Nod]);
        legal.AllowOnly(new List<Gesture> { Gesture.Nod });
        AssertLegal(legal, [Gesture.Nod], [Gesture.Wave, Gesture.Bow]);
        legal.AllowOnly(Enum.GetValues<Gesture>().Where(g => g == Gesture.Wave));
        AssertLegal(legal, [Gesture.Wave, Gesture.Greet], [Gesture.Bow]);
        legal.AllowOnly([Gesture.Bow, Gesture.Nod]);
        AssertLegal(legal, [Gesture.Bow, Gesture.Nod], [Gesture.Wave]);
    }

    [Test]
    public void AllowOnly_EveryKindOfMember_AllowsExactlyTheRows()
    {
        LegalActions legal = new(ActionType.Of<Tavern.Order>());
        Tavern.Order[] rows =
        [
            new(Item.Bread, 3, true, "a\"\\é"), new(Item.Bread, 3, true, "a"), new(Item.Bread, -3, null, null), new(null, 3, true, "a"),
            new(null, null, null, null),
        ];
        legal.AllowOnly(rows);
        List<Tavern.Order> others = [];
        foreach (Item? item in new Item?[] { Item.Bread, Item.Sword, null })
            foreach (int? count in new int?[] { 3, -3, 12, null })
                foreach (bool? pays in new bool?[] { true, false, null })
                    foreach (string? note in new[] { "a\"\\é", "a", "ab", "", null })
                        if (new Tavern.Order(item, count, pays, note) is var order && !rows.Contains(order)) others.Add(order);
        AssertLegal(legal, rows, others);
    }

    [Test]
    public void AllowOnly_ThenFreedMember_AllowsItInEveryRow()
    {
        LegalActions legal = new(ActionType.Of<Give>());
        legal.AllowOnly(new Give(Item.Bread, "Ada", 1, true), new Give(Item.Sword, "Bob", 1, true));
        legal.AllowAll("coins");
        Give ada = new(Item.Bread, "Ada", 0, true), bob = new(Item.Sword, "Bob", 250, true);
        AssertLegal(legal, [ada, bob], [ada with { To = "Bob" }, bob with { Kindly = false }]);
        legal.AllowRange("coins", 5, 9);
        AssertLegal(legal, [ada with { Coins = 5 }], [ada with { Coins = 1 }, ada with { To = "Bob", Coins = 5 }]);
        legal.AllowAll("to");
        AssertLegal(legal, [new Give(Item.Sword, "anybody", 9, true)], [new Give(Item.GoldenRing, "Ada", 5, true), bob]);
        legal.AllowOnly(new Give(Item.Sword, "Bob", 1, true));
        AssertLegal(legal, [bob with { Coins = 1 }], [bob, bob with { To = "Ada", Coins = 1 }]);
        legal.AllowAll();
        AssertLegal(legal, [new Give(Item.GoldenRing, "x", 250, false)], []);
    }

    [Test]
    public void AllowOnly_AfterMembers_ReplacesTheirRestrictions()
    {
        LegalActions legal = new(ActionType.Of<Deed>());
        legal.Allow("to", "the lamp");
        legal.AllowOnly(Garlin);
        AssertLegal(legal, [Garlin], [Lamp]);
        legal.AllowAll();
        AssertLegal(legal, [Garlin, Lamp], []);
    }

    [Test]
    public void AllowOnly_SameRows_ChangesNoVersion()
    {
        LegalActions legal = new(ActionType.Of<Deed>());
        legal.AllowOnly(Lamp, Garlin);
        legal.AllowOnly(Lamp, Garlin, Lamp);
        Assert.That(legal.Version, Is.EqualTo(1));
        legal.AllowOnly(Garlin);
        legal.AllowAll("to");
        legal.AllowAll("to");
        Assert.That(legal.Version, Is.EqualTo(3));
        legal.AllowOnly(Garlin);
        legal.AllowAll();
        legal.AllowAll();
        Assert.That(legal.Version, Is.EqualTo(5));
    }

    [Test]
    public void AllowOnly_WhatCannotBe_ThrowsAndChangesNothing()
    {
        LegalActions legal = new(ActionType.Of<Deed>());
        legal.AllowOnly(Lamp);
        Assert.Multiple(() =>
        {
            Assert.That(() => legal.AllowOnly<Deed>(), Throws.ArgumentException.With.Message.Contains("no legal action left"));
            Assert.That(() => legal.AllowOnly(new List<Deed>()), Throws.ArgumentException.With.Message.Contains("no legal action left"));
            Assert.That(() => legal.AllowOnly(Gesture.Bow), Throws.ArgumentException.With.Message.Contains("Name actions of Deed"));
            Assert.That(() => legal.AllowOnly(Garlin, null!), Throws.ArgumentException.With.Message.Contains("null"));
            Assert.That(() => legal.AllowOnly(Garlin, new Deed((Verb)9, "x")), Throws.ArgumentException.With.Message.Contains("'do'"));
            Assert.That(() => legal.AllowOnly(new Deed(Verb.Give, "a\nb")), Throws.ArgumentException.With.Message.Contains("U+000A"));
            Assert.That(() => legal.AllowOnly(Deeds(100_000)), Throws.ArgumentException.With.Message.Contains("bytes"));
            Assert.That(() => legal.Allow("to", "Garlin"), Throws.InvalidOperationException.With.Message.Contains("AllowAll(\"to\")"));
            Assert.That(legal.Version, Is.EqualTo(1));
        });
        AssertLegal(legal, [Lamp], [Garlin]);
    }

    [Test]
    public void AllowOnly_MostRows_Compiles()
    {
        LegalActions legal = new(ActionType.Of<Deed>());
        legal.AllowOnly(Deeds(2_800));
        AssertLegal(legal, [new Deed(Verb.Give, $"{2_799 * 7919}")], [new Deed(Verb.Give, "1")]);
    }

    [Test]
    public void Allow_TooManyTexts_ThrowsAndChangesNothing()
    {
        LegalActions legal = new(ActionType.Of<Deed>());
        string[] texts = [.. Deeds(20_000).Select(d => d.To)];
        Assert.That(() => legal.Allow("to", texts), Throws.ArgumentException.With.Message.Contains("100000 bytes"));
        legal.Allow("to", texts.AsSpan(0, 5_000));
        AssertLegal(legal, [new Deed(Verb.Walk, texts[4_999])], [new Deed(Verb.Walk, texts[5_000])]);
    }

    private static IEnumerable<Deed> Deeds(int count) => Enumerable.Range(0, count).Select(i => new Deed(Verb.Give, $"{i * 7919L}"));

    private static void AssertLegal<T>(LegalActions legal, IEnumerable<T> rows, IEnumerable<T> others)
    {
        ActionType<T> type = ActionType.Of<T>();
        TokenConstraint constraint = TokenConstraint.Compile(Grammar.Parse(type.ToGbnf(legal), type.Name), Bytes);
        foreach ((T action, bool isLegal) in rows.Select(r => (r, true)).Concat(others.Select(o => (o, false))))
        {
            string text = type.Write(action);
            int state = constraint.AdvanceBytes(constraint.Start, Encoding.UTF8.GetBytes(text));
            Assert.That(state >= 0 && constraint.CanEnd(state), Is.EqualTo(isLegal), $"{text} in the grammar");
            Assert.That(type.TryParse(text, out _, legal), Is.EqualTo(isLegal), $"{text} parsed");
        }
    }
}
