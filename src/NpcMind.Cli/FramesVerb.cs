using System.CommandLine;
using System.Diagnostics;
using System.Text.Json;
using NpcMind.Core;

namespace NpcMind.Cli;

/// <summary><c>npcmind frames</c>: what a game's frames cost while its characters talk.</summary>
internal static class FramesVerb
{
    private const string Help =
        "Drives talking characters in a frame loop and measures what they put on the frames. Every character always has something to " +
        "say: when its reply (of at most 48 tokens) is done it hears another line at once. Frames before --warmup count in no figure. " +
        "tick_cpu_ms is the wall time of Tick, tick_thread_cpu_ms the CPU time of its thread; gpu_ms comes from timestamps, one figure " +
        "per frame that had work. An overrun is a frame longer than budget + quantum. Then, with --noise-frames, the same loop runs a " +
        "fixed load instead: every frame the same dispatches of one kernel, as many as take about the budget, on a device of their own, " +
        "beside ticks with a budget of 0. Whatever varies in 'noise' is the driver, the system and the clock, not the minds.";

    public static Command Create()
    {
        Argument<string> model = Common.Model();
        Option<int> npcs = new Option<int>("--npcs") { Description = "Characters.", Required = true }.InRange(1, 4096);
        Option<int> frames = new Option<int>("--frames") { Description = "Frames to measure.", Required = true }.InRange(1, 100_000_000);
        Option<double> budget = new Option<double>("--budget-ms") { Description = "GPU milliseconds of a frame.", Required = true }
            .InRange(0.001, 1000);
        Option<double> quantum = new Option<double>("--quantum-ms")
        {
            Description = "Longest predicted dispatch.",
            DefaultValueFactory = _ => 0.5
        }.InRange(0.001, 1000);
        Option<int> fps = new Option<int>("--fps") { Description = "Frames per second.", DefaultValueFactory = _ => 60 }.InRange(1, 1000);
        Option<int> warmup = new Option<int>("--warmup")
        {
            Description = "Frames before the first that is measured.",
            DefaultValueFactory = _ => 120
        }.InRange(0, 100_000_000);
        Option<int> noise = new Option<int>("--noise-frames")
        {
            Description = "Frames of the fixed load; 0 for none.",
            DefaultValueFactory = _ => 300
        }.InRange(0, 100_000_000);
        Option<int> context = new Option<int>("--context") { Description = "Tokens a character can hold.", DefaultValueFactory = _ => 1024 }
            .InRange(256, Common.MaxContext);
        Option<int?> deviceTokens = new Option<int?>("--device-tokens")
        {
            Description = "Tokens the device can hold, shared ones once; without it four contexts, or one and 128 for each character."
        }.InRange(256, 1 << 30);
        Option<string?> plot = new("--plot") { Description = "PNG to draw the frames into." }, device = Common.Device();
        Option<bool> json = Common.Json(), validate = Common.Validate();
        Option<string?> mmproj = new("--mmproj")
        { Description = "GGUF file of image encoder and projector: the characters are shown images, too." };
        Option<double> imageRate = new Option<double>("--images-per-second")
        {
            Description = "Images that each character is shown per second, with --mmproj.",
            DefaultValueFactory = _ => 1
        }.InRange(0.001, 1000);
        Command command = new("frames", Help) { model, npcs, budget, frames, fps, json, plot, quantum, warmup, noise, context, deviceTokens,
            mmproj, imageRate, device, validate };
        command.SetAction(parsed =>
        {
            FrameLoopOptions options = new()
            {
                Npcs = parsed.GetValue(npcs),
                Frames = parsed.GetValue(frames),
                FramesPerSecond = parsed.GetValue(fps),
                WarmupFrames = parsed.GetValue(warmup),
                BudgetMilliseconds = parsed.GetValue(budget),
                QuantumMilliseconds = parsed.GetValue(quantum),
                ImagesPerSecond = parsed.GetValue(mmproj) is null ? 0 : parsed.GetValue(imageRate),
            };
            string? picture = parsed.GetValue(plot);
            OutputFile.Check("--plot", picture);
            int noiseFrames = parsed.GetValue(noise), contextTokens = parsed.GetValue(context);
            VulkanHost host = VulkanHost.CreateOwn(parsed.GetValue(device), parsed.GetValue(validate));
            long started = Stopwatch.GetTimestamp();
            using NpcRuntime runtime = NpcRuntime.Load(parsed.GetRequiredValue(model), new NpcRuntimeOptions
            {
                Host = host,
                MaxNpcs = options.Npcs,
                ImageEncoderPath = parsed.GetValue(mmproj),
                ContextTokens = contextTokens,
                DeviceKvTokens = parsed.GetValue(deviceTokens)
                    ?? (int)Math.Min(1 << 30, Math.Max(4L * contextTokens, contextTokens + 128L * options.Npcs)),
                MaxDispatchMilliseconds = options.QuantumMilliseconds,
            });
            double load = Stopwatch.GetElapsedTime(started).TotalSeconds;
            FrameLoop loop = new(runtime, options);
            loop.Run();
            FixedLoad? calibration = null;
            if (noiseFrames > 0)
            {
                using Gpu.GpuDevice second = Common.OpenDevice(parsed, device, validate, measures: true);
                calibration = new FixedLoad(second, runtime, options, noiseFrames);
                calibration.Run();
            }

            if (parsed.GetValue(json)) Common.PrintJson(w => Print(w, runtime, loop, calibration, load));
            else Print(runtime, loop, calibration);
            if (picture is not null) FramesPlot.Write(picture, loop.GpuFrames, loop.TickMilliseconds, options);
            if (runtime.ValidationMessages is { Count: > 0 } messages)
                throw new CliException($"the validation layers reported {messages.Count} problems; the first: {messages[0]}");
            return 0;
        });
        return command;
    }

    private static void Print(NpcRuntime runtime, FrameLoop loop, FixedLoad? noise)
    {
        FrameLoopOptions options = loop.Options;
        Figures gpu = new(loop.GpuFrames.Select(f => f.Milliseconds)), tick = new(loop.TickMilliseconds),
            thread = new(loop.ThreadMilliseconds), first = new(loop.FirstWordMilliseconds);
        Console.WriteLine($"{PrintableText.Escape(runtime.ModelName)} on {runtime.DeviceName}: {options.Npcs} characters, "
            + $"{options.BudgetMilliseconds} ms of each frame, {options.Frames} frames at {options.FramesPerSecond} fps");
        Console.WriteLine($"GPU ms per frame     {gpu}, {loop.Overruns} longer than budget + quantum");
        Console.WriteLine($"tick ms              {tick}; of its thread's CPU {thread}");
        Console.WriteLine(
            $"allocated per tick   {loop.AllocatedBytes / (double)options.Frames:F1} bytes, at most {loop.MostAllocatedBytes}");
        Console.WriteLine($"tokens/s per NPC     {loop.TokensPerSecondPerNpc:F2}; first word after ms {first}");
        if (options.ImagesPerSecond > 0)
            Console.WriteLine(
                $"images               {loop.ImagesShown} shown, {loop.ImagesSeen} seen, {loop.ImagesWaiting} waiting at the end");
        if (noise is null) return;
        Figures fixedGpu = new(noise.GpuMilliseconds);
        Console.WriteLine($"fixed load, GPU ms   {fixedGpu}, {noise.BeyondQuantum} longer than median + quantum; tick with budget 0, ms " +
            $"{new Figures(noise.TickMilliseconds)}");
    }

    private static void Print(Utf8JsonWriter w, NpcRuntime runtime, FrameLoop loop, FixedLoad? noise, double load)
    {
        FrameLoopOptions options = loop.Options;
        w.WriteStartObject();
        new Figures(loop.GpuFrames.Select(f => f.Milliseconds)).Write(w, "gpu_ms");
        w.WriteNumber("overruns", loop.Overruns);
        w.WriteNumber("quantum_ms", options.QuantumMilliseconds);
        new Figures(loop.TickMilliseconds).Write(w, "tick_cpu_ms");
        w.WriteNumber("allocated_bytes_per_tick", loop.AllocatedBytes / (double)options.Frames);
        w.WriteNumber("tokens_per_s_per_npc", Math.Round(loop.TokensPerSecondPerNpc, 4));
        new Figures(loop.FirstWordMilliseconds).Write(w, "first_word_ms");

        w.WriteString("model", runtime.ModelName);
        w.WriteString("device", runtime.DeviceName);
        w.WriteNumber("npcs", options.Npcs);
        w.WriteNumber("budget_ms", options.BudgetMilliseconds);
        w.WriteNumber("frames", options.Frames);
        w.WriteNumber("fps", options.FramesPerSecond);
        w.WriteNumber("warmup_frames", options.WarmupFrames);
        w.WriteNumber("load_s", Math.Round(load, 3));
        new Figures(loop.ThreadMilliseconds).Write(w, "tick_thread_cpu_ms");
        new Figures(loop.PredictedMilliseconds).Write(w, "predicted_ms");
        w.WriteNumber("allocated_bytes_max", loop.MostAllocatedBytes);
        w.WriteNumber("gpu_frames", loop.GpuFrames.Count);
        w.WriteNumber("gpu_frames_beside_a_longer_one", loop.FramesUnseen);
        w.WriteNumber("ticks_idle", loop.TicksIdle);
        w.WriteNumber("ticks_behind", loop.TicksBehind);
        w.WriteNumber("frames_late", loop.FramesLate);
        w.WriteNumber("tokens_said", loop.TokensGenerated);
        w.WriteNumber("tokens_read", loop.TokensProcessed);
        w.WriteNumber("replies_done", loop.RepliesDone);
        w.WriteNumber("replies_without_word", loop.RepliesWithoutWord);
        w.WriteNumber("deferred_per_tick", Math.Round(loop.Deferred / (double)options.Frames, 3));
        w.WriteNumber("dispatches_per_tick", Math.Round(loop.Dispatches / (double)options.Frames, 3));
        w.WriteNumber("spilled", loop.Spilled);
        w.WriteNumber("restored", loop.Restored);
        w.WriteNumber("dropped", loop.Dropped);
        w.WriteNumber("turns_forgotten", loop.TurnsForgotten);
        if (options.ImagesPerSecond > 0)
        {
            w.WriteNumber("images_per_s_per_npc", options.ImagesPerSecond);
            w.WriteNumber("images_shown", loop.ImagesShown);
            w.WriteNumber("images_seen", loop.ImagesSeen);
            w.WriteNumber("images_waiting", loop.ImagesWaiting);
        }

        if (noise is not null)
        {
            Figures gpu = new(noise.GpuMilliseconds);
            w.WriteStartObject("noise");
            gpu.Write(w, "gpu_ms");
            w.WriteNumber("ratio_p99_to_p50", Math.Round(gpu.At(0.99) / gpu.At(0.5), 4));
            w.WriteNumber("beyond_quantum", noise.BeyondQuantum);
            new Figures(noise.TickMilliseconds).Write(w, "tick_cpu_ms");
            new Figures(noise.ThreadMilliseconds).Write(w, "tick_thread_cpu_ms");
            w.WriteNumber("frames", noise.Frames);
            w.WriteNumber("frames_behind", noise.FramesBehind);
            w.WriteNumber("dispatches", noise.Dispatches);
            w.WriteEndObject();
        }

        w.WriteEndObject();
    }
}
