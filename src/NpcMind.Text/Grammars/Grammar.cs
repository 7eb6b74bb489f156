using NpcMind.Text.Grammars;

namespace NpcMind;

/// <summary>
/// Texts that a model may write, in GBNF, the notation of llama.cpp: rules <c>name ::= ...</c> with texts in quotes, classes, <c>.</c>,
/// groups, <c>|</c>, <c>* + ? {m} {m,} {m,n}</c> and comments after <c>#</c>; a text begins at <c>root</c>. Immutable; safe from any
/// thread.
/// </summary>
/// <remarks>
/// A rule must not begin with itself, and every rule must have an end. Rules can be open inside one another to a depth of 256; calls that
/// end a rule do not count. Limits (text of a million characters, repetitions up to 10,000, 250,000 positions with repetitions written out)
/// are checked while parsing.
/// </remarks>
public sealed class Grammar
{
    private Grammar(string text, string name, GrammarProgram program)
    {
        Text = text;
        Name = name;
        Program = program;
    }

    /// <summary>Name for errors.</summary>
    public string Name { get; }

    /// <summary>What it was read from.</summary>
    public string Text { get; }

    /// <summary>Returns the positions of the compiled grammar: about as many as it has states where rules do not nest.</summary>
    public int Positions => Program.IsEnd.Length;

    internal GrammarProgram Program { get; }

    /// <summary>Reads a grammar.</summary>
    /// <param name="gbnf">Its text.</param>
    /// <param name="name">Name for errors: a file name, or what the grammar is for.</param>
    /// <exception cref="GrammarException">The text is no grammar, uses rules that do not exist, never ends, begins a rule with itself, or
    /// passes a limit.</exception>
    public static Grammar Parse(string gbnf, string name)
    {
        ArgumentNullException.ThrowIfNull(gbnf);
        ArgumentNullException.ThrowIfNull(name);
        GrammarSource source = new(gbnf, name);
        return new Grammar(gbnf, name, GrammarCompiler.Compile(source, new GrammarParser(source).Parse()));
    }
}
