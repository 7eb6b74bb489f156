using System.Globalization;
using System.Text;
using CsCheck;
using NpcMind.Tests.Text;
using NpcMind.Text;
using NUnit.Framework;

namespace NpcMind.Tests.Actions;

/// <summary>Actions as text and back, and the grammars that stand for them.</summary>
internal sealed class ActionTypeTests
{
    private static readonly TokenTrie Bytes = TokenTrie.Create(TinyVocabulary.Bpe().Build());

    [Test]
    public void Write_Action_IsCompactJson()
    {
        Assert.Multiple(() =>
        {
            Assert.That(ActionType.Of<Gesture>().Write(Gesture.Wave), Is.EqualTo("\"Wave\""));
            Assert.That(ActionType.Of<Gesture>().Write(Gesture.@class), Is.EqualTo("\"class\""));
            Assert.That(ActionType.Of<Give>().Write(new Give(Item.GoldenRing, "a \"b\\é😀", 7, true)),
                Is.EqualTo("""{"item":"GoldenRing","to":"a \"b\\é😀","coins":7,"kindly":true}"""));
            Assert.That(ActionType.Of<Move>().Write(new Move(-120, int.MinValue, 3)),
                Is.EqualTo("""{"x":-120,"y":-2147483648,"speed":3}"""));
            Assert.That(ActionType.Of<Tavern.Order>().Write(new Tavern.Order(null, null, null, null)),
                Is.EqualTo("""{"item":null,"count":null,"npcPays":null,"note":null}"""));
            Assert.That(ActionType.Of<Tavern.Leave>().Write(new Tavern.Leave()), Is.EqualTo("{}"));
        });
    }

    [Test]
    public void ActionType_KnowsNameAndMembers()
    {
        ActionType type = ActionType.Of<Tavern.Order>();
        Assert.That(type.Name, Is.EqualTo("Order"));
        Assert.That(type.Members.Select(m => (m.Name, m.Kind, m.IsNullable)), Is.EqualTo(new[]
        {
            ("item", ActionMemberKind.Choice, true), ("count", ActionMemberKind.Number, true), ("npcPays", ActionMemberKind.Choice, true),
            ("note", ActionMemberKind.Text, true),
        }));
        Assert.That(ActionType.Of<Gesture>().Members[0].Choices, Is.EqualTo(new[] { "Wave", "Nod", "Bow", "class" }));
    }

    [TestCase("""{"item":"Bread","to":"Ada","coins":3,"kindly":false}""")]
    [TestCase(" {\n\t\"item\" : \"Bread\" , \"to\" : \"\\u0041d\\u0061\",\r\"coins\": 3 ,\"kindly\" :false } ")]
    public void Parse_SpacesAndEscapes_AreRead(string text)
    {
        Assert.That(ActionType.Of<Give>().TryParse(text, out Give? value));
        Assert.That(value, Is.EqualTo(new Give(Item.Bread, "Ada", 3, false)));
    }

    [TestCase("""{"item":"Bread","to":"Ada","coins":3}""", Description = "member missing")]
    [TestCase("""{"item":"Bread","to":"Ada","coins":3,"kindly":false,"x":1}""", Description = "member too many")]
    [TestCase("""{"to":"Ada","item":"Bread","coins":3,"kindly":false}""", Description = "other order")]
    [TestCase("""{"item":"bread","to":"Ada","coins":3,"kindly":false}""", Description = "other case")]
    [TestCase("""{"item":"Bread","to":"Ada","coins":251,"kindly":false}""", Description = "out of range")]
    [TestCase("""{"item":"Bread","to":"Ada","coins":03,"kindly":false}""", Description = "leading zero")]
    [TestCase("""{"item":"Bread","to":"Ada","coins":-0,"kindly":false}""", Description = "minus zero")]
    [TestCase("""{"item":"Bread","to":"Ada","coins":99999999999,"kindly":false}""", Description = "no int")]
    [TestCase("""{"item":"Bread","to":"0123456789abc","coins":3,"kindly":false}""", Description = "too long")]
    [TestCase("""{"item":"Bread","to":"a\nb","coins":3,"kindly":false}""", Description = "control character")]
    [TestCase("""{"item":"Bread","to":"\ud83d","coins":3,"kindly":false}""", Description = "half a pair")]
    [TestCase("""{"item":"Bread","to":"\u12","coins":3,"kindly":false}""", Description = "half an escape")]
    [TestCase("""{"item":null,"to":"Ada","coins":3,"kindly":false}""", Description = "null")]
    [TestCase("""{"item":"Bread","to":"Ada","coins":3,"kindly":false}}""", Description = "more text")]
    [TestCase("""{"item":"Bread","to":"Ada\""", Description = "no end")]
    [TestCase("", Description = "nothing")]
    public void Parse_AnythingElse_Fails(string text) => Assert.That(ActionType.Of<Give>().TryParse(text, out _), Is.False);

    [Test]
    public void Write_UnwritableValue_IsNamed()
    {
        Assert.Multiple(() =>
        {
            Assert.That(() => ActionType.Of<Give>().Write(new Give((Item)77, "Ada", 3, true)),
                Throws.ArgumentException.With.Message.Contains("Give: member 'item' is a value of the enum without a name"));
            Assert.That(() => ActionType.Of<Give>().Write(new Give(Item.Bread, "Ada", -1, true)),
                Throws.ArgumentException.With.Message.Contains("'coins' is -1 and must be from 0 to 250"));
            Assert.That(() => ActionType.Of<Give>().Write(new Give(Item.Bread, "line\nline", 1, true)),
                Throws.ArgumentException.With.Message.Contains("U+000A at 4"));
            Assert.That(() => ActionType.Of<Give>().Write(new Give(Item.Bread, "0123456789abc", 1, true)),
                Throws.ArgumentException.With.Message.Contains("13 UTF-16 units and at most 12"));
            Assert.That(() => ActionType.Of<Give>().Write(new Give(Item.Bread, null!, 1, true)),
                Throws.ArgumentException.With.Message.Contains("is null"));
            Assert.That(() => ActionType.Of<int>(), Throws.InvalidOperationException.With.Message.Contains("[NpcAction]"));
        });
    }

    [Test]
    public void Restrict_LegalActionsChange_ChangesVersion()
    {
        LegalActions legal = new(ActionType.Of<Tavern.Order>());
        legal.AllowAll();
        Assert.That(legal.Version, Is.Zero);
        legal.Allow("item", "Bread", "Sword");
        legal.Allow("item", "Sword", "Bread");
        Assert.That(legal.Version, Is.EqualTo(1));
        legal.AllowRange("count", 0, 5);
        legal.AllowRange("count", 0, 5);
        legal.AllowNull("count", false);
        legal.Allow("note", "yes", "no");
        legal.Allow("note", "yes", "no");
        Assert.That(legal.Version, Is.EqualTo(4));
        legal.AllowAll("item");
        legal.AllowAll("item");
        Assert.That(legal.Version, Is.EqualTo(5));
        legal.AllowAll();
        Assert.That(legal.Version, Is.EqualTo(6));
    }

    [Test]
    public void Restrict_Unchanged_AllocatesNothing()
    {
        LegalActions legal = new(ActionType.Of<Tavern.Order>());
        void Say()
        {
            legal.Allow("item", "Bread", "Sword");
            legal.AllowRange("count", 0, 5);
            legal.AllowNull("npcPays", false);
        }

        Say();
        long before = GC.GetAllocatedBytesForCurrentThread();
        for (int i = 0; i < 100; i++) Say();
        Assert.That(GC.GetAllocatedBytesForCurrentThread() - before, Is.Zero);
    }

    [Test]
    public void Restrict_Impossible_IsNamed()
    {
        LegalActions legal = new(ActionType.Of<Give>());
        Assert.Multiple(() =>
        {
            Assert.That(() => legal.Allow("item"), Throws.ArgumentException.With.Message.Contains("no legal value left"));
            Assert.That(() => legal.Allow("item", "Cheese"),
                Throws.ArgumentException.With.Message.Contains("It has: Bread, Sword, GoldenRing"));
            Assert.That(() => legal.Allow("thing", "Bread"),
                Throws.ArgumentException.With.Message.Contains("It has: item, to, coins, kindly"));
            Assert.That(() => legal.Allow("coins", "3"), Throws.ArgumentException.With.Message.Contains("Use AllowRange"));
            Assert.That(() => legal.AllowRange("item", 0, 1), Throws.ArgumentException.With.Message.Contains("Use Allow"));
            Assert.That(() => legal.AllowRange("coins", 5, 4), Throws.ArgumentException.With.Message.Contains("empty"));
            Assert.That(() => legal.AllowRange("coins", 0, 251), Throws.ArgumentException.With.Message.Contains("0 to 250"));
            Assert.That(() => legal.AllowNull("coins", true), Throws.ArgumentException.With.Message.Contains("cannot be null"));
            Assert.That(() => legal.Allow("to", "a\nb"), Throws.ArgumentException.With.Message.Contains("U+000A"));
            Assert.That(() => ActionType.Of<Gesture>().ToGbnf(legal), Throws.ArgumentException.With.Message.Contains("not for Gesture"));
            Assert.That(legal.Version, Is.Zero);
        });
    }

    [Test]
    public void NumberGrammar_AcceptsExactlyItsRange() =>
        Gen.Select(Gen.Int, Gen.Int[0, 5000], Gen.Int[-6000, 6000], Gen.Int[0, 3]).Sample((anchor, width, offset, digits) =>
    {
        long from = anchor >> (8 * digits), to = Math.Min(int.MaxValue, from + (digits == 0 ? (long)width << 18 : width));
        LegalActions legal = new(ActionType.Of<Move>());
        legal.AllowRange("y", (int)from, (int)to);
        TokenConstraint constraint = TokenConstraint.Compile(Grammar.Parse(legal.Type.ToGbnf(legal), "number"), Bytes);
        foreach (long value in new[] { from - 1, from, from + 1, (from + to) / 2, to - 1, to, to + 1, from + offset, to + offset, anchor, 0,
            -1, 9, 10, 99, 100 })
        {
            string text = string.Create(CultureInfo.InvariantCulture, $"{{\"x\":0,\"y\":{value},\"speed\":1}}");
            Assert.That(Accepts(constraint, text), Is.EqualTo(value >= from && value <= to), $"{value} in {from} to {to}");
        }
    }, iter: 300);

    [Test]
    public void Grammar_AcceptsExactlyParsableCanonicalTexts()
    {
        Gen<string> text = Gen.OneOf(Gen.Char["ab\"\\/{}:,é\u0085\u2028\ud83d\ude00\n"].Array[0, 9].Select(c => new string(c)),
            Gen.OneOfConst("", "x", "yes", "no", "😀😀😀", "a😀😀b", "a😀😀😀", "😀😀😀😀", "\"\"\"\"\"\""));
        Gen<string> order = Gen.Select(Gen.OneOfConst("null", "\"Bread\"", "\"Sword\"", "\"bread\""), Gen.Int[-5, 15],
            Gen.OneOfConst("true", "false", "null", "True"), text, Gen.Int[0, 9]).Select((item, count, pays, note, mode) =>
        {
            string quoted = mode == 0 ? "null" : mode == 1 ? $"\"{note}\"" : $"\"{note.Replace("\\", "\\\\").Replace("\"", "\\\"")}\"";
            string space = mode == 2 ? " " : "";
            string counted = mode == 3 ? "null" : count.ToString(CultureInfo.InvariantCulture);
            return $"{{\"item\":{space}{item},\"count\":{counted},\"npcPays\":{pays},\"note\":{quoted}}}{(mode == 4 ? "}" : "")}";
        });
        ActionType<Tavern.Order> type = ActionType.Of<Tavern.Order>();
        LegalActions some = new(type);
        some.Allow("item", "Sword");
        some.AllowRange("count", -2, 11);
        some.AllowNull("npcPays", false);
        some.Allow("note", "yes", "😀😀😀");
        TokenConstraint all = TokenConstraint.Compile(Grammar.Parse(type.ToGbnf(), "all"), Bytes),
            few = TokenConstraint.Compile(Grammar.Parse(type.ToGbnf(some), "few"), Bytes);
        int accepted = 0;
        order.Sample(written =>
        {
            foreach ((TokenConstraint constraint, LegalActions? legal) in new[] { (all, null), (few, some) })
            {
                bool canonical = type.TryParse(written, out Tavern.Order? value, legal) && type.Write(value) == written;
                Assert.That(Accepts(constraint, written), Is.EqualTo(canonical), written);
                if (canonical) Interlocked.Increment(ref accepted);
            }
        }, iter: 4000, threads: 1);
        Assert.That(accepted, Is.GreaterThan(200));
    }

    [TestCase("Good day.", true)]
    [TestCase("Good day.\n\"Wave\"", true)]
    [TestCase("\n\"Wave\"", true)]
    [TestCase("\"Well\\ {é😀}\"\n\"Nod\"", true)]
    [TestCase("Good day.\n", false)]
    [TestCase("Good day.\n\"Wave\"\n", false)]
    [TestCase("Good day.\"Wave\"\n\n", false)]
    [TestCase("Good\tday.", false)]
    public void ReplyGrammar_IsSpeechLineAndOptionalAction(string reply, bool accepted)
    {
        TokenConstraint constraint = TokenConstraint.Compile(Grammar.Parse(ActionType.Of<Gesture>().ToReplyGbnf(), "reply"), Bytes);
        Assert.That(Accepts(constraint, reply), Is.EqualTo(accepted));
    }

    private static bool Accepts(TokenConstraint constraint, string text)
    {
        // Halves of surrogate pairs have no UTF-8: WTF-8, what a careless encoder would write, must be refused too.
        List<byte> bytes = [];
        for (int i = 0; i < text.Length; i++)
        {
            if (char.IsSurrogatePair(text, i)) bytes.AddRange(Encoding.UTF8.GetBytes(text.Substring(i++, 2)));
            else if (char.IsSurrogate(text[i]))
                bytes.AddRange([(byte)(0xE0 | text[i] >> 12), (byte)(0x80 | text[i] >> 6 & 63), (byte)(0x80 | text[i] & 63)]);
            else bytes.AddRange(Encoding.UTF8.GetBytes(text[i].ToString()));
        }

        int state = constraint.AdvanceBytes(constraint.Start, [.. bytes]);
        return state >= 0 && constraint.CanEnd(state);
    }
}
