using NpcMind.Core;

namespace NpcMind;

/// <summary>
/// A model file is well-formed but asks for a kind of tokenizer that is not built in. Guessing one would spoil every answer.
/// </summary>
public sealed class UnsupportedTokenizerException : NpcMindException
{
    /// <summary>Creates the error; the message is composed from the parts.</summary>
    /// <param name="what">What the file asks for.</param>
    /// <param name="supported">What it could ask for instead.</param>
    /// <param name="path">File that asks for it; null when it is not known.</param>
    public UnsupportedTokenizerException(string what, IReadOnlyList<string> supported, string? path = null)
        : base(PrintableText.Escape($"{(path is null ? "" : path + ": ")}The model needs {what}, which is not supported. Supported: "
            + $"{string.Join(", ", supported ?? [])}."))
    {
        What = what;
        Supported = supported ?? [];
    }

    /// <summary>What the file asks for.</summary>
    public string What { get; }

    /// <summary>What is built in, by the names used in model files.</summary>
    public IReadOnlyList<string> Supported { get; }
}
