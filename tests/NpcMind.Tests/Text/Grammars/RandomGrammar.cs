using System.Text;
using CsCheck;

namespace NpcMind.Tests.Text.Grammars;

/// <summary>
/// A made-up grammar with its language worked out without any automaton: the set of its texts in UTF-8, each cut at <see cref="Length"/>
/// bytes, as the least fixed point of the rules. Bytes are written as Latin-1 characters.
/// </summary>
internal sealed class RandomGrammar
{
    public const int Length = 6;
    private const int Rules = 3;

    public static readonly string[] Characters = ["a", "b", "(", "é", "è", "語"];

    /// <summary>A text, whole or cut.</summary>
    public readonly record struct Word(string Bytes, bool Whole);

    private abstract record Node;
    private sealed record Text(string Value) : Node;
    private sealed record Class(int[] Members, bool Negated) : Node;
    private sealed record Use(int Rule) : Node;
    private sealed record Sequence(Node[] Items) : Node;
    private sealed record Choice(Node[] Items) : Node;
    private sealed record Repeat(Node Item, int Minimum, int? Maximum) : Node;

    private RandomGrammar(Node[] rules)
    {
        StringBuilder gbnf = new();
        for (int i = 0; i < Rules; i++) gbnf.Append(Name(i)).Append(" ::= ").Append(Show(rules[i])).Append('\n');
        Gbnf = gbnf.ToString();
        HashSet<Word>[] languages = [.. rules.Select(_ => new HashSet<Word>())];
        for (int before = -1; before != languages.Sum(l => l.Count);)
        {
            before = languages.Sum(l => l.Count);
            for (int i = 0; i < Rules; i++) languages[i].UnionWith(Words(rules[i], languages));
        }

        Language = languages[0];
    }

    public string Gbnf { get; }

    public HashSet<Word> Language { get; }

    /// <summary>
    /// Grammars whose rules have an end and do not begin with themselves: a use stands behind a character, and beside it a way without one.
    /// </summary>
    public static Gen<RandomGrammar> Gen { get; } = Rule.Array[Rules].Select(rules => new RandomGrammar(rules));

    private static Gen<Node> Leaf => CsCheck.Gen.OneOf(
        CsCheck.Gen.Int[0, Characters.Length - 1].Select(i => (Node)new Text(Characters[i])),
        CsCheck.Gen.Int[0, Characters.Length - 1].Array[0, 3].Select(i => (Node)new Text(string.Concat(i.Select(c => Characters[c])))),
        CsCheck.Gen.Int[0, Characters.Length - 1].Array[1, 3].Select(i => (Node)new Class(i, Negated: false)));

    private static Gen<Node> Rule =>
        CsCheck.Gen.Select(Tree(2), Leaf, Tree(1), CsCheck.Gen.Int[0, Rules - 1].Array[0, 2], (tree, lead, tail, uses) =>
        (Node)new Choice(
            [tree, .. uses.Select(u => new Sequence([new Text("("), new Use(u), tail])),
                .. uses.Take(1).Select(u => new Sequence([new Text("a"), lead, new Use(u)]))]));

    private static Gen<Node> Tree(int depth) => depth == 0 ? Leaf : CsCheck.Gen.OneOf(
        Leaf,
        Tree(depth - 1).Array[0, 3].Select(items => (Node)new Sequence(items)),
        Tree(depth - 1).Array[1, 3].Select(items => (Node)new Choice(items)),
        CsCheck.Gen.Select(Tree(depth - 1), CsCheck.Gen.Int[0, 2], CsCheck.Gen.Int[-1, 2],
            (item, minimum, more) => (Node)new Repeat(item, minimum, more < 0 ? null : minimum + more)));

    private static string Name(int rule) => rule == 0 ? "root" : $"rule-{rule}";

    private static string Show(Node node) => node switch
    {
        Text text => $"\"{text.Value}\"",
        Class set => $"[{string.Concat(set.Members.Select(m => Characters[m]))}]",
        Use use => Name(use.Rule),
        Sequence sequence => $"({string.Join(' ', sequence.Items.Select(Show))})",
        Choice choice => $"({string.Join(" | ", choice.Items.Select(Show))})",
        Repeat { Minimum: 0, Maximum: null } star => $"{Show(star.Item)}*",
        Repeat repeat => $"{Show(repeat.Item)}{{{repeat.Minimum},{repeat.Maximum}}}",
        _ => throw new NotSupportedException(),
    };

    private static HashSet<Word> Words(Node node, HashSet<Word>[] rules)
    {
        switch (node)
        {
            case Text text: return [Cut(Utf8(text.Value), true)];
            case Class set: return [.. set.Members.Select(m => Cut(Utf8(Characters[m]), true))];
            case Use use: return rules[use.Rule];
            case Choice choice: return [.. choice.Items.SelectMany(i => Words(i, rules))];
            case Sequence sequence:
                return sequence.Items.Aggregate(new HashSet<Word> { new("", true) },
                (all, item) => Join(all, Words(item, rules)));
            case Repeat repeat:
                HashSet<Word> words = Words(repeat.Item, rules), reached = [new("", true)];
                for (int i = 0; i < repeat.Minimum; i++) reached = Join(reached, words);
                for (int i = repeat.Minimum, before = -1; (repeat.Maximum is null || i < repeat.Maximum) && before != reached.Count; i++)
                {
                    before = reached.Count;
                    reached = [.. reached, .. Join(reached, words)];
                }

                return reached;
            default: throw new NotSupportedException();
        }
    }

    private static HashSet<Word> Join(HashSet<Word> left, HashSet<Word> right) =>
        [.. left.SelectMany(l => l.Whole ? right.Select(r => Cut(l.Bytes + r.Bytes, r.Whole)) : right.Count > 0 ? [l] : [])];

    private static Word Cut(string bytes, bool whole) => bytes.Length > Length ? new Word(bytes[..Length], false) : new Word(bytes, whole);

    private static string Utf8(string text) => Encoding.Latin1.GetString(Encoding.UTF8.GetBytes(text));
}
