using System.Diagnostics;
using NpcMind.Files;
using NpcMind.Gguf;
using NpcMind.Gpu;
using NpcMind.Inference;
using NpcMind.Text;

namespace NpcMind;

/// <summary>
/// One model, shared by all characters of a game, and the loop in which they think: once a frame <see cref="Tick(FrameBudget)"/> puts as much of their thinking on the
/// GPU as the budget allows. Everything is used on one thread, the game's. Owns its device unless it is the game's.
/// </summary>
public sealed class NpcRuntime : IDisposable
{
    private readonly GpuDevice _device;
    private readonly FrameRunner _frames;
    private readonly CostFile _costs;
    private readonly Tokenizer _tokenizer;
    private readonly Mind?[] _minds;
    private readonly int[] _actionOpening;
    private readonly List<Npc> _npcs = [];
    private readonly List<Prefix> _prefixes = [];
    private readonly long _started;
    private bool _disposed;

    private NpcRuntime(GgufFile file, GgufFile? eyes, NpcRuntimeOptions options)
    {
        Options = options;
        _started = options.Clock.GetTimestamp();
        Speech = new Speech(this);
        ModelConfig config = InferenceEngine.ReadConfig(file); // first: eyes given as the model have no tokenizer either, and are to be called what they are
        _tokenizer = Tokenizer.Create(file.Metadata);
        if (_tokenizer.VocabularySize > config.Vocabulary)
            throw new UnsupportedModelException(file.Path, $"a vocabulary of {_tokenizer.VocabularySize} tokens for a model with {config.Vocabulary} rows of embeddings", "Some of its tokens mean nothing to the model: convert it again, from a model whose embeddings were resized.");
        EyesFormat? eyesFormat = eyes is null
            ? null
            : new EyesFormat(VisionConfig.Read(eyes), _tokenizer, eyes.Path, file.Path, options.MaxImageTiles);
        Format = new ChatFormat(file, _tokenizer, eyesFormat?.Placeholder);
        Constraints = new ConstraintCache(_tokenizer);
        _actionOpening = _tokenizer.Encode("\n[action] ");
        ModelName = file.Metadata.String("general.name") ?? Path.GetFileNameWithoutExtension(file.Path);
        ModelFingerprint = Fingerprints.Model(file);
        string? cache = options.CacheFolder switch
        {
            null => Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.LocalApplicationData, Environment.SpecialFolderOption.DoNotVerify), "NpcMind"),
            "" => null,
            { } folder => folder,
        };
        _device = options.Host.Open(cache);
        VisionEncoder? encoder = null;
        try
        {
            if (eyes is not null) encoder = VisionEncoder.Load(_device, eyes, config.Width, file.Path);
            int deviceTokens = options.DeviceTokens ?? options.ContextTokens * 4;
            Engine = InferenceEngine.Load(_device, file, new EngineOptions
            {
                ContextTokens = options.ContextTokens,
                MaxSequences = Minds(options),
                MaxRows = options.MaxRows,
                MaxOutputs = Math.Min(options.MaxRows, 16),
                Kv = options.Kv switch { KvPrecision.Full => KvFormat.F32, KvPrecision.Half => KvFormat.F16, _ => KvFormat.Q8_0 },
                CacheTokens = deviceTokens,
                Features = encoder is not null,
                HostTokens = Math.Max(options.HostTokens ?? deviceTokens, 16 * InferenceEngine.BlockTokens),
            }, options.LoadProgress is { } progress ? p => progress(p.Total == 0 ? 0 : Math.Min(1, (double)p.Done / p.Total)) : null);
            CacheFingerprint = Fingerprints.Cache(_device, options.Kv);
            _costs = new CostFile(cache, $"{_device.Limits.Name} {_device.Limits.Driver}", ModelFingerprint);
            Calibration.Run(Engine, _costs.Costs, _costs.WasLoaded ? 0 : 3);
            if (encoder is not null) Calibration.Run(encoder, _costs.Costs, _costs.WasLoaded ? 0 : 3);
            _frames = new FrameRunner(Engine, _costs.Costs, new FrameRunnerOptions { QuantumMilliseconds = options.QuantumMilliseconds });
            if (encoder is not null) Looking = new Looking(encoder, _frames, eyesFormat!);
            _minds = new Mind?[Minds(options)];
            Thinking = new Thinking(Engine, _frames, _minds, () => Seconds, options.FramesPerStep, Speech.Take, Speech.Fail, Looking);
            options.LoadProgress?.Invoke(1);
        }
        catch
        {
            encoder?.Dispose();
            Engine?.Dispose();
            _device.Dispose();
            throw;
        }
    }

    /// <summary>What the model calls itself.</summary>
    public string ModelName { get; }

    /// <summary>Name of the device.</summary>
    public string DeviceName => _device.Limits.Name;

    /// <summary>The characters.</summary>
    public IReadOnlyList<Npc> Npcs => _npcs;

    /// <summary>Options of replies that are given none.</summary>
    /// <exception cref="ArgumentException">An option is out of its range, or options do not go together.</exception>
    public ReplyOptions DefaultReply
    {
        get;
        set
        {
            ArgumentNullException.ThrowIfNull(value);
            OptionChecks.Check(value, Options.ContextTokens);
            field = value;
        }
    } = new();

    /// <summary>Where what happens is drawn; null for nowhere.</summary>
    public NpcTrace? Trace { get; set; }

    /// <summary>Messages of the validation layer, where <see cref="VulkanHost.Own"/> turned it on.</summary>
    public IReadOnlyList<string> ValidationMessages => _device.ValidationMessages;

    internal NpcRuntimeOptions Options { get; }

    internal ChatFormat Format { get; }

    internal ConstraintCache Constraints { get; }

    internal InferenceEngine Engine { get; }

    internal Thinking Thinking { get; }

    internal Tokenizer Tokenizer => _tokenizer;

    /// <summary>The eyes; null when the model has none.</summary>
    internal Looking? Looking { get; }

    internal Speech Speech { get; }

    internal byte[] ModelFingerprint { get; }

    internal string CacheFingerprint { get; }

    /// <summary>Whether costs learned in an earlier run were found.</summary>
    internal bool CostsWereLoaded => _costs.WasLoaded;

    /// <summary>What opens the action of a reply.</summary>
    internal int[] ActionOpening => _actionOpening;

    /// <summary>Whether the device was lost; from then on minds are only saved.</summary>
    internal bool IsLost { get; set; }

    internal int TurnsForgotten { get; set; }

    internal double Seconds => Options.Clock.GetElapsedTime(_started).TotalSeconds;

    /// <summary>Loads a model, compiles its shaders and learns what they cost. Waits for the device; may run on any thread, e.g. while a loading screen shows.</summary>
    /// <param name="modelPath">GGUF file.</param>
    /// <param name="options">Sizes; null for the defaults.</param>
    /// <exception cref="IOException">There is no such file, it cannot be read, or it is a folder, pipe, socket or device.</exception>
    /// <exception cref="UnauthorizedAccessException">It may not be read.</exception>
    /// <exception cref="ArgumentException">An option is out of its range; the message has its name, its value and the range.</exception>
    /// <exception cref="GgufFormatException">
    /// The file is no GGUF file, incomplete or damaged; the message says what it is and what to do.
    /// </exception>
    /// <exception cref="UnsupportedModelException">
    /// There is no code for the model, or the file holds something else. Its Path tells the model from its image encoder.
    /// </exception>
    /// <exception cref="UnsupportedTokenizerException">Nor for its vocabulary.</exception>
    /// <exception cref="ChatTemplateException">Its chat template cannot be used.</exception>
    /// <exception cref="GpuUnavailableException">No usable device; the message says what to install.</exception>
    /// <exception cref="InsufficientGpuMemoryException">It does not fit; nothing was allocated.</exception>
    public static NpcRuntime Load(string modelPath, NpcRuntimeOptions? options = null)
    {
        options ??= new NpcRuntimeOptions();
        ArgumentException.ThrowIfNullOrEmpty(modelPath);
        OptionChecks.Check(options);
        using GgufFile file = GgufFile.Open(modelPath);
        using GgufFile? eyes = options.EyesPath is null ? null : GgufFile.Open(options.EyesPath);
        return new NpcRuntime(file, eyes, options);
    }

    /// <summary>Makes a prefix: text that several characters begin with. It is read within the budgets of the coming ticks.</summary>
    /// <param name="text">In the model's language; becomes the start of the system prompt. "" for none.</param>
    /// <exception cref="ArgumentException">It does not fit into the context.</exception>
    /// <exception cref="InvalidOperationException">There are <see cref="NpcRuntimeOptions.MaxPrefixes"/> already.</exception>
    public Prefix CreatePrefix(string text) => CreatePrefix(text, null);

    /// <summary>Compiles an action for the model's vocabulary now. Without it the first replies that ask for the action do so, some milliseconds a piece.</summary>
    /// <param name="action">The action.</param>
    /// <param name="legal">What of it is legal; null for everything.</param>
    public void Prepare(ActionType action, LegalActions? legal = null)
    {
        ArgumentNullException.ThrowIfNull(action);
        Constraints.Prepare(action, legal);
    }

    /// <summary>Lets the minds think for a frame, in a submission of the runtime's own. Call it once a frame. Never waits, never allocates once warm.</summary>
    /// <param name="budget">GPU time they may take.</param>
    public TickReport Tick(FrameBudget budget) => Tick(budget, null);

    /// <summary>As <see cref="Tick(FrameBudget)"/>, recording into the game's command buffer.</summary>
    /// <param name="budget">GPU time they may take.</param>
    /// <param name="commands">
    /// The game's; to be submitted before the next tick, also when the report says that nothing was put on the frame: one that never is makes every later tick <see cref="TickStatus.DeviceBehind"/>.
    /// The compute pipeline and the descriptor sets of compute that were bound in it are replaced.
    /// </param>
    public TickReport Tick(FrameBudget budget, FrameCommands commands) => Tick(budget, new GameCommands(commands.CommandBuffer, commands.TimelineSemaphore, commands.SignalValue));

    /// <summary>Reads a mind saved by <see cref="Npc.Save(Stream)"/>. A character of that name which lives is replaced: what it heard since is gone.</summary>
    /// <param name="stream">Where the save begins; left behind its end.</param>
    /// <param name="prefix">What the character begins with. Another text than when it was saved, or another model, means that its mind is read again, within the budgets of the coming ticks; so does a prefix that is not ready.</param>
    /// <exception cref="SaveFormatException">The save is damaged. Nothing has changed.</exception>
    /// <exception cref="ArgumentException">The mind does not fit into the context.</exception>
    /// <exception cref="InvalidOperationException">There are <see cref="NpcRuntimeOptions.MaxNpcs"/> already.</exception>
    public Npc LoadNpc(Stream stream, Prefix prefix) => LoadNpc(stream, prefix, null);

    /// <summary>As <see cref="LoadNpc(Stream, Prefix)"/>, with what is legal now. A reply that was under way goes on as <see cref="Npc.Reply"/>, without its reading pace.</summary>
    /// <param name="stream">Where the save begins; left behind its end.</param>
    /// <param name="prefix">What the character begins with.</param>
    /// <param name="legal">What the action of such a reply may be, if it is of this type: what was legal when it was asked for is not saved. Null for whatever its type can say.</param>
    public Npc LoadNpc(Stream stream, Prefix prefix, LegalActions? legal)
    {
        ArgumentNullException.ThrowIfNull(stream);
        ArgumentNullException.ThrowIfNull(prefix);
        ObjectDisposedException.ThrowIf(_disposed, this);
        return MindSaves.Load(this, stream, prefix, legal);
    }

    /// <summary>As <see cref="LoadNpc(Stream, Prefix)"/>, from a file.</summary>
    /// <exception cref="SaveFileException">The file cannot be read.</exception>
    public Npc LoadNpc(string path, Prefix prefix) => LoadNpc(path, prefix, null);

    /// <summary>As <see cref="LoadNpc(Stream, Prefix, LegalActions)"/>, from a file.</summary>
    /// <exception cref="SaveFileException">The file cannot be read.</exception>
    public Npc LoadNpc(string path, Prefix prefix, LegalActions? legal) => SaveFile.Read(path, stream => LoadNpc(stream, prefix, legal));

    /// <summary>Ticks and waits until nobody has anything to think, for loading screens and tools; false when that takes longer than <paramref name="limit"/>, or the device is lost. Submits to the queue itself.</summary>
    public bool ThinkUntilIdle(TimeSpan limit)
    {
        long started = Stopwatch.GetTimestamp();
        while (Tick(FrameBudget.Milliseconds(50)) is { Status: not TickStatus.Idle } report)
        {
            if (report.Status == TickStatus.DeviceLost || Stopwatch.GetElapsedTime(started) > limit || !TryFlush()) return false;
        }

        return true;
    }

    /// <summary>Waits until the device has finished everything; false when it is lost.</summary>
    internal bool TryFlush()
    {
        if (IsLost) return false;
        try
        {
            Engine.Transfer.Flush();
            return true;
        }
        catch (VulkanException e) when (e.IsDeviceLost)
        {
            IsLost = true;
            return false;
        }
    }

    /// <summary>Frees everything. Waits for the device.</summary>
    public void Dispose()
    {
        if (_disposed) return;
        _disposed = true;
        foreach (Npc npc in _npcs.ToArray()) npc.Dispose();
        TryFlush(); // frames in the game's command buffers, too
        if (!IsLost) _costs.Save();
        if (!IsLost) _device.SavePipelineCache();
        _frames.Dispose();
        Looking?.Dispose();
        Engine.Dispose();
        _device.Dispose();
    }

    internal Prefix CreatePrefix(string text, Prefix? parent)
    {
        ArgumentNullException.ThrowIfNull(text);
        ObjectDisposedException.ThrowIf(_disposed, this);
        if (parent is not null) ObjectDisposedException.ThrowIf(parent.Mind.Closing, parent);
        if (_prefixes.Count == Options.MaxPrefixes) throw new InvalidOperationException($"There are {_prefixes.Count} prefixes already: dispose one, or raise NpcRuntimeOptions.MaxPrefixes.");
        string whole = parent is null || parent.Text.Length == 0 ? text : parent.Text + "\n\n" + text;
        Mind mind = NewMind(whole.Length == 0 ? "no prefix" : whole, parent?.Mind, whole, pinned: true);
        mind.Priority = 2;
        Prefix prefix = new(this, parent, whole, mind);
        _prefixes.Add(prefix);
        return prefix;
    }

    internal Npc CreateNpc(string name, string persona, Prefix prefix) => ReplaceNpc(null, name, persona, prefix);

    /// <summary>Makes a character, in the place of another if one is given. When it cannot be made the other lives on.</summary>
    internal Npc ReplaceNpc(Npc? replaced, string name, string persona, Prefix prefix)
    {
        ArgumentException.ThrowIfNullOrEmpty(name);
        ArgumentNullException.ThrowIfNull(persona);
        ObjectDisposedException.ThrowIf(_disposed, this);
        if (prefix.Runtime != this) throw new ArgumentException("The prefix belongs to another runtime.", nameof(prefix));
        ObjectDisposedException.ThrowIf(prefix.Mind.Closing, prefix);
        if (replaced is null && _npcs.Count == Options.MaxNpcs) throw new InvalidOperationException($"There are {_npcs.Count} characters already: dispose one, or raise NpcRuntimeOptions.MaxNpcs.");
        if (_npcs.Exists(n => n != replaced && n.Name == name)) throw new ArgumentException($"A living character is called '{PrintableText.Escape(name)}' already: a save would be loaded in its place. Use another name, or dispose it first.", nameof(name));
        Npc npc = new(this, prefix, name, persona, NewMind(name, prefix.Mind, SystemPrompt(prefix, persona), pinned: false));
        replaced?.Dispose();
        _npcs.Add(npc);
        return npc;
    }

    internal static string SystemPrompt(Prefix prefix, string persona) => prefix.Text.Length == 0 ? persona : persona.Length == 0 ? prefix.Text : prefix.Text + "\n\n" + persona;

    internal void Remove(Npc npc)
    {
        _npcs.Remove(npc);
        Thinking.Close(npc.Mind);
    }

    internal void Remove(Prefix prefix)
    {
        if (!_prefixes.Remove(prefix)) return;
        foreach (Mind? mind in _minds)
        {
            if (mind?.Parent != prefix.Mind) continue;
            mind.Parent = null;
            if (mind.Slot < 0) mind.Shared = 0; // reads it by itself
        }

        Thinking.Close(prefix.Mind);
    }

    /// <summary>Minds that were removed live until the step under way ends: as many again can wait for that.</summary>
    private static int Minds(NpcRuntimeOptions options) => 2 * (options.MaxNpcs + options.MaxPrefixes);

    private TickReport Tick(FrameBudget budget, GameCommands? commands)
    {
        ObjectDisposedException.ThrowIf(_disposed, this);
        budget.Check();
        if (IsLost) return new TickReport { Status = TickStatus.DeviceLost, GpuMilliseconds = double.NaN };
        long started = Stopwatch.GetTimestamp();
        Speech.Said = 0;
        try
        {
            bool? worked = Thinking.Tick(budget.GpuMilliseconds, commands);
            (int seen, int known) = Looking?.TakeCounts() ?? default;
            TickReport report = new()
            {
                Status = worked switch { true => TickStatus.Worked, false => TickStatus.Idle, null => TickStatus.DeviceBehind },
                PredictedMilliseconds = worked == true ? _frames.LastPredicted : 0,
                GpuMilliseconds = Thinking.GpuMilliseconds,
                FramesFinished = Thinking.FramesFinished,
                Dispatches = worked == true ? _frames.Dispatches : 0,
                TokensSaid = Speech.Said,
                TokensRead = Thinking.TokensRead,
                Deferred = Thinking.Deferred,
                Spilled = Thinking.Spilled,
                Restored = Thinking.Restored,
                Dropped = Thinking.Dropped,
                TurnsForgotten = TurnsForgotten,
                Images = (seen, known, Looking?.Pictures ?? 0),
                KvBlocks = (Engine.Transfer.FreeBlocks, Engine.Transfer.Blocks),
            };
            TurnsForgotten = 0;
            Telemetry.Report(report, started);
            Trace?.Add(report, started, _npcs);
            return report;
        }
        catch (VulkanException e) when (e.IsDeviceLost)
        {
            IsLost = true;
            return new TickReport { Status = TickStatus.DeviceLost, GpuMilliseconds = double.NaN };
        }
    }

    private Mind NewMind(string name, Mind? parent, string system, bool pinned)
    {
        int[] opening = Format.Opening(system);
        if (opening.Length > Options.ContextTokens - 32) throw new ArgumentException($"'{PrintableText.Escape(name.Length > 40 ? name[..40] + "..." : name)}' takes {opening.Length} tokens; the context has {Options.ContextTokens}. Use a shorter text or a larger context.", nameof(system));
        int id = Array.IndexOf(_minds, null);
        if (id < 0) throw new InvalidOperationException("Characters that were removed are still in the step under way: tick before making new ones, or raise NpcRuntimeOptions.MaxNpcs.");
        Mind mind = new(id, name, parent, Options.ContextTokens) { Pinned = pinned, ReadAhead = opening.Length };
        mind.Tokens.AddRange(opening);
        if (parent is not null) mind.Shared = opening.AsSpan().CommonPrefixLength(System.Runtime.InteropServices.CollectionsMarshal.AsSpan(parent.Tokens));
        return _minds[id] = mind;
    }
}
