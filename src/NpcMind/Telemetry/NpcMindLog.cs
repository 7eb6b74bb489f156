using Microsoft.Extensions.Logging;

namespace NpcMind;

/// <summary>What is logged, all under the category "NpcMind". Nothing is formatted where nobody listens.</summary>
internal static partial class NpcMindLog
{
    [LoggerMessage(1, LogLevel.Warning, "{Warning}")]
    public static partial void ModelWarning(ILogger logger, string warning);

    [LoggerMessage(2, LogLevel.Error, "A tick failed and will be tried again: {Error}")]
    public static partial void TickFailed(ILogger logger, string error);

    [LoggerMessage(3, LogLevel.Critical, "The GPU was lost: {Error}")]
    public static partial void DeviceLost(ILogger logger, string error);

    [LoggerMessage(4, LogLevel.Warning, "The trace ended: {Error}")]
    public static partial void TraceEnded(ILogger logger, string error);

    [LoggerMessage(5, LogLevel.Error, "The reply of {Name} failed: {Error}")]
    public static partial void ReplyFailed(ILogger logger, string name, string error);

    [LoggerMessage(7, LogLevel.Error, "Code that awaited a reply of {Name} threw: {Error}")]
    public static partial void WaiterFailed(ILogger logger, string name, string error);

    [LoggerMessage(6, LogLevel.Information, "Loaded {Model} on {Device} in {Seconds:F1} s")]
    public static partial void Loaded(ILogger logger, string model, string device, double seconds);
}
