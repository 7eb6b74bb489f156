using System.CommandLine;
using System.Diagnostics;
using NpcMind.Gguf;
using NpcMind.Gpu;
using NpcMind.Inference;

namespace NpcMind.Cli;

/// <summary><c>npcmind bench</c>: speed of prefill and decode, and GPU time per operation.</summary>
internal static class BenchVerb
{
    private const int OperationSteps = 5, BatchPrompt = 8, MostSequences = 64;

    public static Command Create()
    {
        Argument<string> model = Common.Model();
        Option<int> promptTokens = new Option<int>("--prompt-tokens") { Description = "Tokens of the prompt.", Required = true }
            .InRange(1, Common.MaxContext);
        Option<int> generateTokens = new Option<int>("--generate-tokens") { Description = "Tokens to generate.", Required = true }
            .InRange(1, Common.MaxContext);
        Option<int?> sequences = new Option<int?>("--sequences")
        { Description = "Also measures decoding of so many sequences at once, beside one (2 to 64)." }.InRange(2, MostSequences);
        Option<bool> json = Common.Json(), validate = Common.Validate();
        Option<string?> device = Common.Device(), kv = Common.Kv(), precision = Common.Precision();
        Command command = new("bench", "Measures prefill, decode and every operation.")
            { model, promptTokens, generateTokens, sequences, json, device, validate, kv, precision };
        command.SetAction(parsed =>
        {
            int prompt = parsed.GetValue(promptTokens), generate = parsed.GetValue(generateTokens);
            int? several = parsed.GetValue(sequences);
            using GgufFile file = GgufFile.Open(parsed.GetRequiredValue(model));
            using GpuDevice gpu = Common.OpenDevice(parsed, device, validate, measures: true);
            Stopwatch clock = Stopwatch.StartNew();
            using (InferenceEngine engine = InferenceEngine.Load(gpu, file,
                new EngineOptions
                {
                    ContextTokens = prompt + generate + OperationSteps + 64,
                    MaxSequences = several ?? 1,
                    MaxRows = EngineOptions.RowsFor(gpu.Limits),
                    MaxOutputs = Math.Max(several ?? 1, 16),
                    CacheTokens = several is { } s ? prompt + generate + OperationSteps + 64 + s * (generate + BatchPrompt + 64) : null,
                    Kv = Common.KvFormat(parsed.GetValue(kv)),
                    Precision = Common.Precision(parsed.GetValue(precision)),
                }))
            {
                double load = clock.Elapsed.TotalSeconds;
                Speed speed = Measure(engine, gpu, prompt, generate);
                if (several is { } count)
                    speed = speed with { Batch = (count, Batched(engine, count, generate) / Batched(engine, 1, generate)) };
                (List<Operation> prefill, List<Operation> decode) = Operations(engine, gpu, prompt);
                Print(parsed.GetValue(json), gpu, engine, load, speed, Math.Min(prompt, engine.Options.MaxRows), prefill, decode);
            }

            Common.Finish(gpu);
            return 0;
        });
        return command;
    }

    private sealed record Speed(
        double PrefillPerSecond, double DecodePerSecond, double GpuMillisecondsPerToken, double ThreadMillisecondsPerToken)
    {
        /// <summary>Sequences decoded at once, and their tokens a second beside those of one; null when not asked for.</summary>
        public (int Sequences, double Ratio)? Batch { get; init; }
    }

    private sealed record Operation(string Name, double Milliseconds, double GigabytesPerSecond, int Dispatches);

    /// <summary>Token ids that spread over the vocabulary; what they say does not matter for speed.</summary>
    private static int[] Tokens(InferenceEngine engine, int count) =>
        [.. Enumerable.Range(0, count).Select(i => (int)((i * 7919L + 13) % engine.Config.Vocabulary))];

    private static Speed Measure(InferenceEngine engine, GpuDevice gpu, int prompt, int generate)
    {
        using TokenGenerator generator = new(engine, gpu, new SamplerSettings());
        generator.Prefill(Tokens(engine, Math.Min(prompt, engine.Options.MaxRows))); // compiles what the driver compiles late
        generator.Next();
        generator.Next();
        generator.Stop(0);

        Stopwatch clock = Stopwatch.StartNew();
        generator.Prefill(Tokens(engine, prompt));
        generator.WaitForPrefill();
        double prefill = clock.Elapsed.TotalSeconds;
        generator.Next();
        double gpuBefore = generator.GpuMilliseconds, threadBefore = FrameClock.ThreadMilliseconds();
        clock.Restart();
        for (int i = 0; i < generate; i++) generator.Next();
        double decode = clock.Elapsed.TotalSeconds;
        double gpuTime = generator.GpuMilliseconds - gpuBefore; // not a number where the queue has no timestamps
        return new Speed(prompt / prefill, generate / decode, (double.IsNaN(gpuTime) ? decode * 1e3 : gpuTime) / generate,
            (FrameClock.ThreadMilliseconds() - threadBefore) / generate);
    }

    /// <summary>Tokens a second of several sequences with one row each in a step, the next step always on its way.</summary>
    private static double Batched(InferenceEngine engine, int sequences, int steps)
    {
        int[] slots = [.. Enumerable.Range(0, sequences).Select(_ => engine.Open(new SamplerSettings()))];
        foreach (int slot in slots)
        {
            int[] prompt = Tokens(engine, BatchPrompt);
            for (int i = 0; i < prompt.Length; i++) engine.Batch.Add(slot, prompt[i], output: i == prompt.Length - 1);
            engine.Batch.Sample();
            engine.Collect(engine.Submit());
        }

        engine.Collect(Step()); // compiles what the driver compiles late
        Stopwatch clock = Stopwatch.StartNew();
        StepTicket last = Step();
        for (int i = 1; i < steps; i++)
        {
            StepTicket next = Step();
            engine.Collect(last);
            last = next;
        }

        engine.Collect(last);
        double seconds = clock.Elapsed.TotalSeconds;
        foreach (int slot in slots) engine.Close(slot);
        return sequences * steps / seconds;

        StepTicket Step()
        {
            foreach (int slot in slots) engine.Batch.AddNext(slot);
            engine.Batch.Sample();
            return engine.Submit();
        }
    }

    /// <summary>The last step of a prompt, with as many rows as a step may have, and steps of one row after it.</summary>
    private static (List<Operation> Prefill, List<Operation> Decode) Operations(InferenceEngine engine, GpuDevice gpu, int prompt)
    {
        using TimestampQueries times = new(gpu, engine.Nodes.Count + 8);
        int slot = engine.Open(new SamplerSettings()), last = Math.Min(prompt, engine.Options.MaxRows);
        int[] tokens = Tokens(engine, prompt);
        for (int at = 0, rows; at < prompt - last; at += rows) Read(rows = Math.Min(last, prompt - last - at), at);
        List<Operation> prefill = Timed(engine, times, 1, () => Read(last, prompt - last, times));
        List<Operation> decode = Timed(engine, times, OperationSteps, () =>
        {
            engine.Batch.Add(slot, 0, output: true);
            engine.Batch.Sample();
            engine.Collect(engine.Submit(times));
        });
        engine.Close(slot);
        return (prefill, decode);

        void Read(int rows, int at, TimestampQueries? clock = null)
        {
            foreach (int id in tokens.AsSpan(at, rows)) engine.Batch.Add(slot, id);
            engine.Collect(engine.Submit(clock));
        }
    }

    private static List<Operation> Timed(InferenceEngine engine, TimestampQueries times, int steps, Action step)
    {
        Dictionary<string, (double Milliseconds, int Dispatches)> sums = [];
        for (int i = 0; i < steps; i++)
        {
            step();
            times.Read();
            for (int t = 0; t < times.Count; t++)
            {
                string name = Generic(times.Label(t));
                (double ms, int n) = sums.GetValueOrDefault(name);
                sums[name] = (ms + times.Milliseconds(t) / steps, n + 1);
            }
        }

        ILookup<string, GraphNode> nodes = engine.Nodes.ToLookup(n => Generic(n.Label));
        return [.. sums.OrderByDescending(s => s.Value.Milliseconds).Select(s =>
            new Operation(s.Key, s.Value.Milliseconds, nodes[s.Key].Sum(n => n.WeightBytes) / Math.Max(1e-9, s.Value.Milliseconds) / 1e6,
                s.Value.Dispatches / steps))];
    }

    /// <summary>The label without its block number.</summary>
    private static string Generic(string label) => label.StartsWith("blk.", StringComparison.Ordinal)
        ? label[(label.IndexOf('.', 4) + 1)..] : label;

    private static void Print(bool json, GpuDevice gpu, InferenceEngine engine, double load, Speed speed, int prefillRows,
        List<Operation> prefill, List<Operation> decode)
    {
        long peak = gpu.Memory.PeakBytes;
        double bandwidth = engine.Nodes.Sum(n => n.WeightBytes) / speed.GpuMillisecondsPerToken / 1e6, copies = CopyBandwidth.Measure(gpu),
            perDispatch = speed.ThreadMillisecondsPerToken * 1e3 / engine.LastStep.Dispatches;
        if (!json)
        {
            Console.WriteLine($"{gpu.Limits.Name} ({gpu.Limits.Driver})");
            Console.WriteLine($"prefill {speed.PrefillPerSecond:F1} tokens/s, decode {speed.DecodePerSecond:F1} tokens/s, " +
                $"{speed.GpuMillisecondsPerToken:F2} GPU ms per token, weights at {bandwidth:F2} GB/s " +
                $"({100 * bandwidth / copies:F0} % of copies), {perDispatch:F2} us of this thread a dispatch");
            if (speed.Batch is { } batch)
                Console.WriteLine($"{batch.Sequences} sequences at once: {batch.Ratio:F2} times the tokens/s of one");
            Console.WriteLine(
                $"load {load:F2} s (pipeline cache {(gpu.PipelineCacheWasLoaded ? "reused" : "new")}), {peak / 1e6:F0} " +
                    $"MB of device memory, {engine.LastStep.Dispatches} dispatches and {engine.LastStep.Barriers} barriers per token");
            Console.WriteLine("a token of decode");
            foreach (Operation o in decode)
                Console.WriteLine($"  {o.Name,-22} {o.Milliseconds,8:F3} ms {o.GigabytesPerSecond,8:F2} GB/s {o.Dispatches,4} dispatches");
            Console.WriteLine($"the last {prefillRows} tokens of the prompt, in one step");
            foreach (Operation o in prefill)
                Console.WriteLine($"  {o.Name,-22} {o.Milliseconds,8:F3} ms {o.Milliseconds / prefillRows,10:F4} ms a token " +
                    $"{o.Dispatches,4} dispatches");
            return;
        }

        Common.PrintJson(w =>
        {
            w.WriteStartObject();
            w.WriteNumber("prefill_tokens_per_s", Math.Round(speed.PrefillPerSecond, 3));
            w.WriteNumber("decode_tokens_per_s", Math.Round(speed.DecodePerSecond, 3));
            w.WriteNumber("gpu_ms_per_token", Math.Round(speed.GpuMillisecondsPerToken, 3));
            w.WriteNumber("weight_gb_per_s", Math.Round(bandwidth, 3));
            w.WriteNumber("copy_gb_per_s", Math.Round(copies, 3));
            if (double.IsFinite(perDispatch)) w.WriteNumber("thread_us_per_dispatch", Math.Round(perDispatch, 3));
            if (speed.Batch is { } batch)
            {
                w.WriteNumber("sequences", batch.Sequences);
                w.WriteNumber("sequences_to_one", Math.Round(batch.Ratio, 3));
            }

            w.WriteNumber("load_s", Math.Round(load, 3));
            w.WriteNumber("peak_bytes", peak);
            w.WriteNumber("peak_process_bytes", Process.GetCurrentProcess().PeakWorkingSet64);
            w.WriteString("device", gpu.Limits.Name);
            w.WriteString("driver", gpu.Limits.Driver);
            w.WriteBoolean("pipeline_cache_loaded", gpu.PipelineCacheWasLoaded);
            w.WriteNumber("dispatches_per_token", engine.LastStep.Dispatches);
            w.WriteNumber("barriers_per_token", engine.LastStep.Barriers);
            Write("ops", decode);
            w.WriteNumber("prefill_rows", prefillRows);
            Write("prefill_ops", prefill);
            w.WriteEndObject();

            void Write(string name, List<Operation> operations)
            {
                w.WriteStartArray(name);
                foreach (Operation o in operations)
                {
                    w.WriteStartObject();
                    w.WriteString("name", o.Name);
                    w.WriteNumber("ms", Math.Round(o.Milliseconds, 4));
                    w.WriteNumber("gb_per_s", Math.Round(o.GigabytesPerSecond, 3));
                    w.WriteNumber("dispatches", o.Dispatches);
                    w.WriteEndObject();
                }

                w.WriteEndArray();
            }
        });
    }
}
