using NpcMind.Core;

namespace NpcMind.Inference; // where games have always found it; it lives here because reading a header can be what shows it

/// <summary>
/// The file is sound but holds something NpcMind cannot run: another kind of file, an architecture, tensor type or setting it does not
/// know. Nothing was loaded.
/// </summary>
public sealed class UnsupportedModelException : Exception
{
    /// <summary>Creates the error; control characters in the parts are escaped.</summary>
    /// <param name="path">Model file.</param>
    /// <param name="what">What it needs.</param>
    /// <param name="supported">What NpcMind has, or what to do.</param>
    public UnsupportedModelException(string path, string what, string supported)
        : base(PrintableText.Escape($"{path}: {what} is not supported. {supported}"))
    {
        Path = path;
        What = what;
    }

    /// <summary>The file: the model's, or its image encoder's.</summary>
    public string Path { get; }

    /// <summary>What the model needs.</summary>
    public string What { get; }
}
