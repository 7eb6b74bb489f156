using System.CommandLine;
using System.Diagnostics;
using System.Text.Json;
using NpcMind.Gguf;
using NpcMind.Gpu;
using NpcMind.Inference;
using NpcMind.Text;

namespace NpcMind.Cli;

/// <summary><c>npcmind generate</c>: the continuation of a prompt, with figures.</summary>
internal static class GenerateVerb
{
    public static Command Create()
    {
        Argument<string> model = Common.Model();
        Option<string?> prompt = new("--prompt") { Description = "Text to continue." },
            messages = new("--messages") { Description = "JSON array of messages, rendered with the model's template." },
            tokensFile = new("--tokens-file") { Description = "File with token ids to continue." };
        Option<int> maxTokens = new Option<int>("--max-tokens") { Description = "Most tokens to generate.", Required = true }
            .InRange(1, Common.MaxContext);
        Option<bool> ignoreEnd = new("--ignore-end") { Description = "Go on past end tokens." }, json = Common.Json(),
            validate = Common.Validate();
        Option<int?> context = new Option<int?>("--context") { Description = "Context in tokens; as long as needed when absent." }
            .InRange(1, Common.MaxContext);
        Option<string?> device = Common.Device(), kv = Common.Kv(), precision = Common.Precision();
        SamplerOptions sampler = new();
        Command command = new("generate", "Generates text.")
            { model, prompt, messages, tokensFile, maxTokens, context, ignoreEnd, json, device, validate, kv, precision };
        sampler.AddTo(command);
        command.SetAction(parsed =>
        {
            int most = parsed.GetValue(maxTokens);
            if (new[] { parsed.GetValue(prompt), parsed.GetValue(messages), parsed.GetValue(tokensFile) }.Count(s => s is not null) != 1)
                throw new CliException("give exactly one of --prompt, --messages and --tokens-file.");
            using GgufFile file = GgufFile.Open(parsed.GetRequiredValue(model));
            InferenceEngine.ReadConfig(file); // first: what is no language model has no tokenizer either, and is to be called what it is
            Tokenizer? tokenizer = parsed.GetValue(tokensFile) is null
            || file.Metadata.String("tokenizer.ggml.model") is not (null or "none") ? Tokenizer.Create(file.Metadata) : null;
            int[] ids = Prompt(file, tokenizer, parsed.GetValue(prompt), parsed.GetValue(messages), parsed.GetValue(tokensFile));
            if (ids.Length == 0) throw new CliException("the prompt has no tokens.");
            int tokens = parsed.GetValue(context) ?? ids.Length + most;
            using GpuDevice gpu = Common.OpenDevice(parsed, device, validate);
            Stopwatch load = Stopwatch.StartNew();
            using (InferenceEngine engine = InferenceEngine.Load(gpu, file,
                new EngineOptions
                {
                    ContextTokens = tokens,
                    MaxRows = EngineOptions.RowsFor(gpu.Limits),
                    Kv = Common.KvFormat(parsed.GetValue(kv)),
                    Precision = Common.Precision(parsed.GetValue(precision)),
                }))
            {
                Result result = Run(engine, gpu, ids, most, sampler.Read(parsed), parsed.GetValue(ignoreEnd)
                    ? null : tokenizer, load.Elapsed.TotalSeconds);
                string text = tokenizer?.DecodeWhole(result.Ids.ToArray()) ?? "";
                if (parsed.GetValue(json)) Common.PrintJson(w => Write(w, result, text, gpu));
                else Console.WriteLine(Common.ForTerminal(text));
            }

            Common.Finish(gpu);
            return 0;
        });
        return command;
    }

    internal sealed record Result(List<int> Ids, int PromptTokens, string Stop, double LoadSeconds, double PrefillSeconds,
        double DecodeSeconds, double GpuMillisecondsPerToken, long WeightBytes, (int Dispatches, int Barriers) Step,
        (long Full, long Limited) KvBytes);

    private static int[] Prompt(GgufFile file, Tokenizer? tokenizer, string? text, string? messagesPath, string? tokensPath)
    {
        if (tokensPath is not null) return Common.ParseTokens(Common.ReadText(tokensPath), tokensPath);
        if (text is not null) return tokenizer!.Encode(text, addSpecial: true);
        using JsonDocument messages = Common.ReadMessages(messagesPath!);
        return tokenizer!.Encode(TemplateVerb.Load(file).Render(messages.RootElement, true));
    }

    internal static Result Run(InferenceEngine engine, GpuDevice gpu, int[] prompt, int most, SamplerSettings sampler, Tokenizer? ends,
        double loadSeconds, float[]? features = null, int featureToken = -1, PictureRow[]? places = null)
    {
        using TokenGenerator generator = new(engine, gpu, sampler);
        Stopwatch clock = Stopwatch.StartNew();
        generator.Prefill(prompt, features, featureToken, places);
        generator.WaitForPrefill();
        double prefill = clock.Elapsed.TotalSeconds;
        List<int> ids = [];
        string stop = "length";
        double gpuBefore = 0;
        while (ids.Count < most)
        {
            if (generator.Next() is not { } id)
            {
                stop = "context";
                break;
            }

            if (ids.Count == 0) gpuBefore = generator.GpuMilliseconds;
            ids.Add(id);
            if (ends is null || !ends.IsEndOfGeneration(id)) continue;
            stop = "end";
            break;
        }

        double decode = clock.Elapsed.TotalSeconds - prefill;
        double gpuPerToken = ids.Count > 1 ? (generator.GpuMilliseconds - gpuBefore) / (ids.Count - 1) : 0;
        long weights = engine.Nodes.Sum(n => n.WeightBytes);
        return new Result(ids, prompt.Length, stop, loadSeconds, prefill, decode, gpuPerToken, weights, engine.LastStep,
            engine.Transfer.HeldBytes(generator.Slot));
    }

    internal static void Write(Utf8JsonWriter w, Result r, string text, GpuDevice gpu)
    {
        int decoded = Math.Max(0, r.Ids.Count - 1);
        double decodePerSecond = decoded > 0 ? decoded / r.DecodeSeconds : 0;
        w.WriteStartObject();
        w.WritePropertyName("ids");
        TokenizeVerb.Ids(w, r.Ids);
        w.WriteString("text", text);
        w.WriteString("stop", r.Stop);
        w.WriteNumber("prompt_tokens", r.PromptTokens);
        w.WriteNumber("prefill_tokens_per_s", Math.Round(r.PromptTokens / r.PrefillSeconds, 3));
        w.WriteNumber("decode_tokens_per_s", Math.Round(decodePerSecond, 3));
        w.WriteNumber("gpu_ms_per_token", Math.Round(r.GpuMillisecondsPerToken, 3));
        w.WriteNumber("weight_gb_per_s", r.GpuMillisecondsPerToken > 0
            ? Math.Round(r.WeightBytes / r.GpuMillisecondsPerToken / 1e6, 3) : 0);
        w.WriteNumber("load_s", Math.Round(r.LoadSeconds, 3));
        w.WriteNumber("peak_device_bytes", gpu.Memory.PeakBytes);
        w.WriteNumber("kv_bytes_full_layers", r.KvBytes.Full);
        w.WriteNumber("kv_bytes_chunked_layers", r.KvBytes.Limited);
        w.WriteNumber("dispatches_per_token", r.Step.Dispatches);
        w.WriteNumber("barriers_per_token", r.Step.Barriers);
        w.WriteString("device", gpu.Limits.Name);
        w.WriteBoolean("pipeline_cache_loaded", gpu.PipelineCacheWasLoaded);
        w.WriteEndObject();
    }
}

/// <summary>
/// The sampling options. <c>generate</c> is greedy by default, <c>chat</c> is not: a small model that always takes the likeliest word
/// repeats itself.
/// </summary>
internal sealed class SamplerOptions(float temperature = 0, float topP = 1, float repetition = 1)
{
    private readonly Option<float> _temperature = new Option<float>("--temperature")
    {
        Description = "0 takes the likeliest token.",
        DefaultValueFactory = _ => temperature
    }.InRange(0, 100);
    private readonly Option<int> _topK = new Option<int>("--top-k") { Description = "Keep the k likeliest tokens; 0 keeps all." }
        .InRange(0, int.MaxValue);
    private readonly Option<float> _topP = new Option<float>("--top-p")
    {
        Description = "Keep the likeliest tokens up to this probability.",
        DefaultValueFactory = _ => topP
    }.InRange(0, 1);
    private readonly Option<float> _minP =
        new Option<float>("--min-p") { Description = "Keep tokens at least this probable relative to the likeliest." }.InRange(0, 1);
    private readonly Option<float> _repetition = new Option<float>("--repetition-penalty")
    {
        Description = "1 is off.",
        DefaultValueFactory = _ => repetition
    }.InRange(0.0001f, 100);
    private readonly Option<float> _frequency = new Option<float>("--frequency-penalty") { Description = "Subtracted per occurrence." }
        .InRange(-100, 100);
    private readonly Option<float> _presence = new Option<float>("--presence-penalty") { Description = "Subtracted once." }
        .InRange(-100, 100);
    private readonly Option<int> _last = new Option<int>("--penalty-tokens")
    {
        Description = "How far back penalties look.",
        DefaultValueFactory = _ => 64
    }.InRange(0, Common.MaxContext);
    private readonly Option<ulong> _seed = new Option<ulong>("--seed") { Description = "Seed of the random numbers." }
        .InRange(0ul, ulong.MaxValue);

    public void AddTo(Command command)
    {
        foreach (Option option in (Option[])[_temperature, _topK, _topP, _minP, _repetition, _frequency, _presence, _last, _seed])
            command.Options.Add(option);
    }

    public SamplerSettings Read(ParseResult parsed) => new()
    {
        Temperature = parsed.GetValue(_temperature),
        TopK = parsed.GetValue(_topK),
        TopP = parsed.GetValue(_topP),
        MinP = parsed.GetValue(_minP),
        RepetitionPenalty = parsed.GetValue(_repetition),
        FrequencyPenalty = parsed.GetValue(_frequency),
        PresencePenalty = parsed.GetValue(_presence),
        PenaltyTokens = parsed.GetValue(_last),
        Seed = parsed.GetValue(_seed),
    };
}
