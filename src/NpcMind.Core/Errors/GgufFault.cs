namespace NpcMind;

/// <summary>What is wrong with a file that was to be a GGUF file.</summary>
internal enum GgufFault
{
    /// <summary>Its structure is wrong.</summary>
    Damaged,

    /// <summary>It is shorter than it says.</summary>
    Truncated,

    /// <summary>It is of another format, or of a version that NpcMind does not read.</summary>
    OtherFormat,

    /// <summary>It is a part of a split model: not the first, under another name, or without the other parts.</summary>
    SplitModel,
}
