using NpcMind;

namespace Tavern.Game;

/// <summary>How minds are loaded.</summary>
public sealed record MindSettings
{
    /// <summary>Device to think on.</summary>
    public VulkanHost Host { get; init; } = VulkanHost.CreateOwn();

    public int ContextTokens { get; init; } = 1024;

    /// <summary>Tokens that fit on the device, over all minds.</summary>
    public int? DeviceKvTokens { get; init; }

    public KvFormat Kv { get; init; }

    /// <summary>Most tokens of an answer; null for what suits the model.</summary>
    public int? MaxTokens { get; init; }

    /// <summary>As <see cref="NpcRuntimeOptions.CacheFolder"/>.</summary>
    public string? CacheFolder { get; init; }

    public ulong Seed { get; init; }
}
