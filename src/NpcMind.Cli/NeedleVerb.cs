using System.CommandLine;
using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using NpcMind.Cli.Needle;
using NpcMind.Gguf;
using NpcMind.Gpu;
using NpcMind.Inference;
using NpcMind.Text;

namespace NpcMind.Cli;

/// <summary>What came of one case.</summary>
internal sealed record NeedleResult(NeedleCase Case, int Length, string Reply, double Score, GenerateVerb.Result Run);

/// <summary><c>npcmind needle</c>: what a model finds again in a long text.</summary>
internal static class NeedleVerb
{
    private const int LeastLength = 64;

    private const string Help =
        "Hides facts in long texts and asks for them: a needle in a haystack, and the tasks of RULER that need no data. Texts are made "
            + "from a seed, answers scored by the words they hold (0 to 1).";

    public static Command Create()
    {
        Argument<string> model = Common.Model();
        Option<int[]> lengths = new Option<int[]>("--length")
        {
            Description = "Tokens of each text, question and answer included; several can be given.",
            Required = true,
            AllowMultipleArgumentsPerToken = true,
        }.InRange(LeastLength, Common.MaxContext);
        Option<int> depths = new Option<int>("--depths")
        {
            Description = "Depths at which the answer is hidden, from the beginning to the end.",
            DefaultValueFactory = _ => 5,
        }.InRange(1, 1000);
        Option<string> task = new("--task")
        {
            Description = $"One of {string.Join(", ", NeedleTasks.Names)}, all.",
            DefaultValueFactory = _ => "single",
        };
        task.AcceptOnlyFromAmong([.. NeedleTasks.Names, "all"]);
        Option<ulong> seed = new Option<ulong>("--seed") { Description = "Seed of the texts." }.InRange(0ul, ulong.MaxValue);
        Option<string?> plot = new("--plot") { Description = "SVG to draw the scores into." }, device = Common.Device(), kv = Common.Kv();
        Option<bool> json = Common.Json(), validate = Common.Validate();
        Command command = new("needle", Help) { model, lengths, depths, task, seed, json, plot, device, validate, kv };
        command.SetAction(parsed =>
        {
            string? picture = parsed.GetValue(plot);
            OutputFile.Check("--plot", picture);
            using GgufFile file = GgufFile.Open(parsed.GetRequiredValue(model));
            InferenceEngine.ReadConfig(file);
            Tokenizer tokenizer = Tokenizer.Create(file.Metadata);
            NeedlePrompt prompt = new(file, tokenizer);
            string[] tasks = parsed.GetValue(task) == "all" ? [.. NeedleTasks.Names] : [parsed.GetValue(task)!];
            List<(NeedleCase Case, int Length)> cases =
                [.. Cases(prompt, tasks, parsed.GetRequiredValue(lengths), parsed.GetValue(depths), parsed.GetValue(seed))];
            using GpuDevice gpu = Common.OpenDevice(parsed, device, validate);
            Stopwatch load = Stopwatch.StartNew();
            EngineOptions options = new()
            {
                ContextTokens = cases.Max(c => c.Length),
                MaxRows = EngineOptions.RowsFor(gpu.Limits),
                Kv = Common.KvFormat(parsed.GetValue(kv)),
            };
            using (InferenceEngine engine = InferenceEngine.Load(gpu, file, options))
            {
                double seconds = load.Elapsed.TotalSeconds;
                List<NeedleResult> results = [.. cases.Select(c => Run(engine, gpu, tokenizer, prompt, c.Case, c.Length))];
                if (parsed.GetValue(json)) Common.PrintJson(w => Write(w, results, parsed.GetValue(seed), gpu, seconds));
                else Print(results, gpu);
                if (picture is not null) NeedlePlot.Write(picture, results);
            }

            Common.Finish(gpu);
            return 0;
        });
        return command;
    }

    /// <summary>All cases, each with a seed of its own, made before the model is loaded: a length that is too small costs
    /// nothing.</summary>
    private static IEnumerable<(NeedleCase Case, int Length)> Cases(NeedlePrompt prompt, string[] tasks, int[] lengths, int depths,
        ulong seed)
    {
        foreach (string task in tasks)
            foreach (int length in lengths)
                for (int i = 0; i < (NeedleTasks.HasDepth(task) ? depths : 1); i++)
                    yield return (prompt.Fit(task, length, depths == 1 ? 0.5 : i / (depths - 1.0), seed * 1000 + (ulong)i), length);
    }

    private static NeedleResult Run(InferenceEngine engine, GpuDevice gpu, Tokenizer tokenizer, NeedlePrompt prompt, NeedleCase needle,
        int length)
    {
        GenerateVerb.Result run = GenerateVerb.Run(engine, gpu, prompt.Encode(needle), needle.AnswerTokens, new SamplerSettings(),
            tokenizer, 0);
        string reply = tokenizer.DecodeWhole(run.Ids.ToArray());
        return new NeedleResult(needle, length, reply, needle.Score(reply), run);
    }

    private static void Print(List<NeedleResult> results, GpuDevice gpu)
    {
        foreach (NeedleResult r in results)
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
                $"{r.Case.Task,-18} {r.Length,7} tokens  {Depth(r.Case),-10}  score {r.Score:F2}  "
                + $"prefill {r.Run.PrefillSeconds,7:F2} s  answer {r.Run.DecodeSeconds,6:F2} s  "
                    + $"{(r.Run.KvBytes.Full + r.Run.KvBytes.Limited) / 1e6,7:F1} MB of keys and values"));
        foreach (IGrouping<string, NeedleResult> task in results.GroupBy(r => r.Case.Task))
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
                $"{task.Key}: {task.Average(r => r.Score):F3} over {task.Count()} cases"));
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{gpu.Memory.PeakBytes / 1e6:F0} MB of device memory at most"));
    }

    private static string Depth(NeedleCase needle) => needle.Depth is { } depth
        ? string.Create(CultureInfo.InvariantCulture, $"{100 * depth:F0} % deep") : "everywhere";

    private static void Write(Utf8JsonWriter w, List<NeedleResult> results, ulong seed, GpuDevice gpu, double loadSeconds)
    {
        w.WriteStartObject();
        w.WriteNumber("seed", seed);
        w.WriteNumber("score", Math.Round(results.Average(r => r.Score), 4));
        w.WriteStartObject("scores");
        foreach (IGrouping<string, NeedleResult> task in results.GroupBy(r => r.Case.Task)) w.WriteNumber(task.Key,
            Math.Round(task.Average(r => r.Score), 4));
        w.WriteEndObject();
        w.WriteStartArray("cases");
        foreach (NeedleResult result in results) Write(w, result);
        w.WriteEndArray();
        w.WriteNumber("load_s", Math.Round(loadSeconds, 3));
        w.WriteNumber("peak_device_bytes", gpu.Memory.PeakBytes);
        w.WriteString("device", gpu.Limits.Name);
        w.WriteEndObject();
    }

    private static void Write(Utf8JsonWriter w, NeedleResult r)
    {
        w.WriteStartObject();
        w.WriteString("task", r.Case.Task);
        w.WriteNumber("length", r.Length);
        if (r.Case.Depth is { } depth) w.WriteNumber("depth", Math.Round(depth, 4));
        else w.WriteNull("depth");
        w.WriteNumber("prompt_tokens", r.Run.PromptTokens);
        w.WriteNumber("score", Math.Round(r.Score, 4));
        w.WriteStartArray("expected");
        foreach (string answer in r.Case.Answers) w.WriteStringValue(answer);
        w.WriteEndArray();
        w.WriteString("reply", r.Reply);
        w.WriteNumber("prefill_s", Math.Round(r.Run.PrefillSeconds, 4));
        w.WriteNumber("decode_s", Math.Round(r.Run.DecodeSeconds, 4));
        w.WriteNumber("kv_bytes", r.Run.KvBytes.Full + r.Run.KvBytes.Limited);
        w.WriteEndObject();
    }
}
