using NpcMind.Core;

namespace NpcMind;

/// <summary>The operating system refused to write or read a save file. After a failed write the earlier save is as it was.</summary>
public sealed class SaveFileException : IOException
{
    /// <summary>Creates the error; the message is composed from the parts.</summary>
    /// <param name="path">Save file.</param>
    /// <param name="problem">What failed and why, as a clause.</param>
    /// <param name="advice">What to do about it, as a sentence.</param>
    /// <param name="inner">Underlying error, if any.</param>
    public SaveFileException(string path, string problem, string advice, Exception? inner = null)
        : base(PrintableText.Escape($"{path}: {problem.TrimEnd('.')}. {advice}"), inner) => Path = path;

    /// <summary>Save file.</summary>
    public string Path { get; }
}
