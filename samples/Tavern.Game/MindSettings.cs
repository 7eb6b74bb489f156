using NpcMind;

namespace Tavern.Game;

/// <summary>How minds are loaded.</summary>
public sealed record MindSettings
{
    /// <summary>Device to think on.</summary>
    public VulkanHost Host { get; init; } = VulkanHost.CreateOwn();

    /// <summary>Tokens that a mind can hold: about twenty questions and answers after what it is told of the world.</summary>
    public int ContextTokens { get; init; } = 2048;

    /// <summary>Tokens that fit on the device, over all minds; null for half a context for each, as most minds are far from full.</summary>
    public int? DeviceKvTokens { get; init; }

    public KvFormat? KvFormat { get; init; }

    /// <summary>Most tokens of an answer; null for what suits the model.</summary>
    public int? MaxTokens { get; init; }

    /// <summary>As <see cref="NpcRuntimeOptions.CacheFolder"/>.</summary>
    public string? CacheFolder { get; init; }

    public ulong Seed { get; init; }
}
