using System.Globalization;
using NpcMind.Core;

namespace NpcMind;

/// <summary>
/// A grammar cannot be used: its text is wrong, it asks for too much, or the vocabulary cannot spell it. The message says where, and what
/// to do.
/// </summary>
public sealed class GrammarException : NpcMindException
{
    /// <summary>Creates the error; the message is composed from the parts.</summary>
    /// <param name="grammarName">Name the grammar was parsed under.</param>
    /// <param name="line">Line of the grammar, from 1; 0 when the error is about the grammar as a whole.</param>
    /// <param name="column">Column of the line in UTF-16 units, from 1; 0 when the error is about the grammar as a whole.</param>
    /// <param name="problem">What is wrong there, and what to do.</param>
    public GrammarException(string grammarName, int line, int column, string problem)
        : base(PrintableText.Escape(line > 0
            ? string.Create(CultureInfo.InvariantCulture, $"{grammarName}: line {line}, column {column}: {problem}")
            : $"{grammarName}: {problem}"))
    {
        GrammarName = grammarName;
        Line = line;
        Column = column;
    }

    /// <summary>Name the grammar was parsed under.</summary>
    public string GrammarName { get; }

    /// <summary>Line of the grammar, from 1; 0 when the error is about the grammar as a whole.</summary>
    public int Line { get; }

    /// <summary>Column of the line in UTF-16 units, from 1; 0 when the error is about the grammar as a whole.</summary>
    public int Column { get; }
}
