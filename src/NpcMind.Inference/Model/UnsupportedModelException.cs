namespace NpcMind.Inference;

/// <summary>The file is sound but holds something NpcMind cannot run: an architecture, tensor type or setting it does not know. Nothing was loaded.</summary>
public sealed class UnsupportedModelException : Exception
{
    /// <summary>Creates the error.</summary>
    /// <param name="path">Model file.</param>
    /// <param name="what">What it needs.</param>
    /// <param name="supported">What NpcMind has, or what to do.</param>
    public UnsupportedModelException(string path, string what, string supported)
        : base($"{path}: {what} is not supported. {supported}")
    {
        What = what;
    }

    /// <summary>What the model needs.</summary>
    public string What { get; }
}
