namespace NpcMind;

/// <summary>
/// No usable Vulkan device: loader or driver missing, no device of the wanted name, or one that lacks what NpcMind needs.
/// </summary>
public sealed class GpuUnavailableException : NpcMindException
{
    /// <summary>Creates the error.</summary>
    /// <param name="problem">What is missing.</param>
    /// <param name="advice">What to do.</param>
    /// <param name="inner">Underlying error, if any.</param>
    public GpuUnavailableException(string problem, string advice, Exception? inner = null)
        : base($"{problem} {advice}", inner)
    {
    }
}
