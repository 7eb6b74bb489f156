namespace NpcMind.Text.Grammars;

/// <summary>What stands right of <c>::=</c>, as a tree.</summary>
internal abstract record GrammarNode;

/// <summary>The UTF-8 of a quoted text.</summary>
internal sealed record LiteralNode(byte[] Utf8) : GrammarNode;

/// <summary>One character of a set.</summary>
internal sealed record ClassNode(CodePointSet Set) : GrammarNode;

/// <summary>Another rule, by its index.</summary>
internal sealed record ReferenceNode(int Rule) : GrammarNode;

/// <summary>One after the other; empty matches the empty text.</summary>
internal sealed record SequenceNode(IReadOnlyList<GrammarNode> Items) : GrammarNode;

/// <summary>One of several.</summary>
internal sealed record ChoiceNode(IReadOnlyList<GrammarNode> Alternatives) : GrammarNode;

/// <summary>The same several times; no maximum is null.</summary>
internal sealed record RepeatNode(GrammarNode Item, int Minimum, int? Maximum) : GrammarNode;

/// <summary>A named rule and where it stands in the text.</summary>
internal sealed class GrammarRule(string name, int offset)
{
    public string Name => name;

    /// <summary>Where it is defined; until then where it was first used.</summary>
    public int Offset { get; private set; } = offset;

    /// <summary>Its right side; null while only used.</summary>
    public GrammarNode? Body { get; private set; }

    public void Define(int offset, GrammarNode body)
    {
        Offset = offset;
        Body = body;
    }
}
