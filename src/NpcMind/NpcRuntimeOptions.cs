using System.Diagnostics;
using Microsoft.Extensions.Logging;

namespace NpcMind;

/// <summary>Options that are fixed when a runtime is loaded.</summary>
public sealed record NpcRuntimeOptions
{
    /// <summary>Vulkan device that the runtime uses.</summary>
    public VulkanHost Host { get; init; } = VulkanHost.CreateOwn();

    /// <summary>
    /// GGUF file of the model's image encoder and projector ("mmproj"), which lets characters see; null for none. It must be made for the
    /// model.
    /// </summary>
    /// <remarks>
    /// Where it cannot be used, loading throws and the message names it (also <see
    /// cref="UnsupportedModelException.Path"/>, <see cref="GgufFormatException.Path"/>); loaded again
    /// without it, characters speak and do not see.
    /// </remarks>
    public string? ImageEncoderPath { get; init; }

    /// <summary>
    /// GGUF file of an embedding model (architectures bert and nomic-bert: MiniLM, bge, e5, nomic-embed-text), which
    /// <see cref="NpcRuntime.Embed"/> uses; null for none. It need not belong to the language model.
    /// </summary>
    /// <remarks>Where it cannot be used, loading throws and the message names it.</remarks>
    public string? EmbeddingModelPath { get; init; }

    /// <summary>
    /// Most tiles that an image is cut into. With 1 an image is looked at as a whole and takes the fewest tokens; more show more of it. 1
    /// to 16, which the published processors take (Llama 4).
    /// </summary>
    public int MaxImageTiles { get; init; } = 1;

    /// <summary>Most characters at a time, 1 to 4,096.</summary>
    public int MaxNpcs { get; init; } = 16;

    /// <summary>Most prefixes at a time, 1 to 4,096.</summary>
    public int MaxPrefixes { get; init; } = 8;

    /// <summary>
    /// Tokens a mind can hold: what it begins with, its conversation and its reply. 64 to 16,777,216. More than the model was trained for
    /// (<c>npcmind inspect</c>: context_length) is not refused, and makes it talk nonsense.
    /// </summary>
    public int ContextTokens { get; init; } = 2048;

    /// <summary>
    /// Tokens whose keys and values fit on the device, over all minds; shared ones count once. One context or more; null for four.
    /// </summary>
    public int? DeviceKvTokens { get; init; }

    /// <summary>
    /// Tokens whose keys and values fit into host memory, where minds wait that do not fit on the device. Null for as many as on the
    /// device; there are always at least 128.
    /// </summary>
    public int? HostKvTokens { get; init; }

    /// <summary>
    /// Number format of keys and values; null for <see cref="NpcMind.KvFormat.F16"/> on a GPU and <see cref="NpcMind.KvFormat.F32"/> on a
    /// software driver.
    /// </summary>
    public KvFormat? KvFormat { get; init; }

    /// <summary>Number format of activations in matrix products. Words depend on it; saves can be loaded with any.</summary>
    public Precision Precision { get; init; }

    /// <summary>
    /// Most tokens, of all minds together, that one step computes: a multiple of 16, up to 1,024. Null for 256 on a GPU and 64 on a
    /// software driver. Steps have fewer where <see cref="MaxFramesPerStep"/> asks for it.
    /// </summary>
    public int? MaxTokensPerStep { get; init; }

    /// <summary>Longest predicted GPU milliseconds of one dispatch: larger ones are cut. Above 0, at most 1,000.</summary>
    public double MaxDispatchMilliseconds { get; init; } = 0.5;

    /// <summary>
    /// Frames that one step may spread over before prompts are cut into smaller ones: how long an urgent word may have to wait.
    /// From 1 to 1,000,000.
    /// </summary>
    public int MaxFramesPerStep { get; init; } = 30;

    /// <summary>
    /// Folder for compiled shaders and learned costs; null for NpcMind in <see cref="Environment.SpecialFolder.LocalApplicationData"/>
    /// (Linux: ~/.local/share/NpcMind), "" for none.
    /// </summary>
    public string? CacheFolder { get; init; }

    /// <summary>Mixed into every character's seed: the same seed, model, device and words give the same replies.</summary>
    public ulong Seed { get; init; }

    /// <summary>Clock for reading pace and deadlines.</summary>
    public TimeProvider Clock { get; init; } = TimeProvider.System;

    /// <summary>
    /// Date that the model's chat template may write into the system prompt: of the game's world, or of today. Null for the day on which
    /// the runtime is loaded, by <see cref="Clock"/>. It stays the same as long as the runtime lives, and a mind that is loaded from a save
    /// keeps the date that it was begun with.
    /// </summary>
    public DateTime? Date { get; init; }

    /// <summary>
    /// Further variables for the model's chat template, e.g. <c>enable_thinking</c>; null for none. Texts, truth values, numbers, null, and
    /// lists and dictionaries of them. Names consist of letters, digits and '_'; <c>messages</c> and <c>add_generation_prompt</c> are not
    /// allowed.
    /// </summary>
    public IReadOnlyDictionary<string, object?>? TemplateVariables { get; init; }

    /// <summary>
    /// What the model writes around its thoughts, e.g. <c>&lt;think></c> and <c>&lt;/think></c>. Null to find it in the chat template; two
    /// empty texts for a model whose thoughts are to be said.
    /// </summary>
    public ThoughtMarks? ThoughtMarks { get; init; }

    /// <summary>
    /// Where the runtime logs what no caller is told: failed ticks, a trace or cache that cannot be written, what is odd about the model.
    /// Null for nowhere.
    /// </summary>
    public ILoggerFactory? LoggerFactory { get; init; }

    /// <summary>
    /// Whether calls from a thread other than the one that made the first call throw <see cref="InvalidOperationException"/>. On while a
    /// debugger is attached; a runtime may move between threads only where this is off and no two calls overlap.
    /// </summary>
    public bool ChecksThread { get; init; } = Debugger.IsAttached;
}
