using System.Diagnostics;

namespace NpcMind.Cli;

/// <summary>What a frame loop does.</summary>
internal sealed record FrameLoopOptions
{
    public required int Npcs { get; init; }

    public required int Frames { get; init; }

    public required int FramesPerSecond { get; init; }

    public required int WarmupFrames { get; init; }

    public required double BudgetMilliseconds { get; init; }

    public required double QuantumMilliseconds { get; init; }

    /// <summary>Images that each character is shown per second; 0 for none.</summary>
    public double ImagesPerSecond { get; init; }
}

/// <summary>A game loop with characters that never stop talking, and what it measured. Uses the SDK as a game does.</summary>
internal sealed class FrameLoop
{
    private const int ReplyTokens = 48;

    private const string World =
        "The story takes place in Greywater, a small harbour town with narrow streets, a stone church and a busy market. Last night " +
        "somebody stole the golden bell from the church tower. The guards have closed the gates, no ship may leave, and everybody talks " +
        "about nothing else. The baker saw a tall man with a red scarf run towards the harbour after midnight.";

    private static readonly string[] Trades = ["baker", "fisherman", "guard", "innkeeper", "blacksmith", "priest", "sailor", "merchant",
        "healer", "beggar"];
    private static readonly string[] Moods = ["friendly", "grumpy", "shy", "proud", "nervous", "curious", "tired"];
    private static readonly string[] Lines =
    [
        "Good morning! What is the news in town?",
        "Did you see anybody near the church last night?",
        "What do you know about the man with the red scarf?",
        "Who would want to steal a golden bell?",
        "Where were you when it happened?",
        "Can you tell me the way to the harbour?",
        "What do people say about the priest?",
        "Thank you. Is there anything else I should know?",
    ];

    private readonly NpcRuntime _runtime;
    private readonly Npc[] _npcs;
    private readonly Reply[] _replies;
    private readonly int[] _lines;
    private readonly bool[] _hasSpoken;
    private int _views;

    public FrameLoop(NpcRuntime runtime, FrameLoopOptions options)
    {
        _runtime = runtime;
        Options = options;
        runtime.DefaultReplyOptions = new ReplyOptions { MaxTokens = ReplyTokens };
        Prefix world = runtime.CreatePrefix(World);
        _npcs = [.. Enumerable.Range(0, options.Npcs)
            .Select(i =>
                world.CreateNpc($"Npc {i + 1}",
                    $"You are a {Moods[i % Moods.Length]} {Trades[i % Trades.Length]}, number {i + 1} in the queue at the gate. You " +
                    $"answer in one or two short sentences."))];
        _replies = new Reply[options.Npcs];
        _lines = new int[options.Npcs];
        _hasSpoken = new bool[options.Npcs];
        GpuFrames.EnsureCapacity(options.Frames);
        TickMilliseconds.EnsureCapacity(options.Frames);
        ThreadMilliseconds.EnsureCapacity(options.Frames);
        PredictedMilliseconds.EnsureCapacity(options.Frames);
    }

    public FrameLoopOptions Options { get; }

    /// <summary>GPU time of frames that had work, with the tick that found them finished.</summary>
    public List<(int Frame, double Milliseconds)> GpuFrames { get; } = [];

    public List<double> TickMilliseconds { get; } = [];

    public List<double> ThreadMilliseconds { get; } = [];

    public List<double> PredictedMilliseconds { get; } = [];

    /// <summary>Of replies whose first word came in a measured frame, whenever they were asked for.</summary>
    public List<double> FirstWordMilliseconds { get; } = [];

    public int Overruns => GpuFrames.Count(f => f.Milliseconds > Options.BudgetMilliseconds + Options.QuantumMilliseconds);

    public long AllocatedBytes { get; private set; }

    public long MostAllocatedBytes { get; private set; }

    /// <summary>Frames found finished together with one that took longer: their own time is not known.</summary>
    public int FramesUnseen { get; private set; }

    public int TicksIdle { get; private set; }

    public int TicksBehind { get; private set; }

    public int FramesLate { get; private set; }

    public int TokensGenerated { get; private set; }

    public int TokensProcessed { get; private set; }

    public int RepliesDone { get; private set; }

    public int RepliesWithoutWord => _hasSpoken.Count(spoken => !spoken);

    public long Deferred { get; private set; }

    public long Dispatches { get; private set; }

    public int Spilled { get; private set; }

    public int Restored { get; private set; }

    public int Dropped { get; private set; }

    public int TurnsForgotten { get; private set; }

    public int ImagesShown { get; private set; }

    public int ImagesSeen { get; private set; }

    public int ImagesWaiting { get; private set; }

    public double TokensPerSecondPerNpc { get; private set; }

    public void Run()
    {
        FrameClock clock = new(Options.FramesPerSecond);
        long began = Stopwatch.GetTimestamp();
        for (int frame = -Options.WarmupFrames; frame < Options.Frames; frame++)
        {
            if (frame == 0) began = Stopwatch.GetTimestamp();
            Show(frame);
            Talk(measured: frame >= 0);
            Tick(frame);
            if (!clock.WaitForFrame() && frame >= 0) FramesLate++;
        }

        TokensPerSecondPerNpc = TokensGenerated / Stopwatch.GetElapsedTime(began).TotalSeconds / Options.Npcs;
    }

    /// <summary>Shows each character an image of its own when it is due, one character after the other.</summary>
    private void Show(int frame)
    {
        if (Options.ImagesPerSecond == 0) return;
        double interval = Options.FramesPerSecond / Options.ImagesPerSecond;
        for (int i = 0; i < _npcs.Length; i++)
        {
            double phase = frame + Options.WarmupFrames - i * interval / _npcs.Length;
            if (phase < 0 || Math.Floor(phase / interval) == Math.Floor((phase - 1) / interval)) continue;
            _npcs[i].See(ViewPicture.Make(_views++));
            if (frame >= 0) ImagesShown++;
        }
    }

    private void Talk(bool measured)
    {
        for (int i = 0; i < _npcs.Length; i++)
        {
            Reply? reply = _replies[i];
            if (reply is not null)
            {
                while (reply.TryRead(out _)) { }
                if (!_hasSpoken[i] && !double.IsNaN(reply.SecondsToFirstWord))
                {
                    _hasSpoken[i] = true;
                    if (measured) FirstWordMilliseconds.Add(reply.SecondsToFirstWord * 1000);
                }

                if (!reply.IsDone) continue;
                if (measured) RepliesDone++;
            }

            _replies[i] = _npcs[i].Hear("Traveller", Lines[(i + _lines[i]++) % Lines.Length]);
            _hasSpoken[i] = false;
        }
    }

    private void Tick(int frame)
    {
        FrameBudget budget = FrameBudget.FromMilliseconds(Options.BudgetMilliseconds);
        long bytes = GC.GetAllocatedBytesForCurrentThread();
        double thread = FrameClock.ThreadMilliseconds();
        long started = Stopwatch.GetTimestamp();
        TickReport report = _runtime.Tick(budget);
        double milliseconds = Stopwatch.GetElapsedTime(started).TotalMilliseconds;
        thread = FrameClock.ThreadMilliseconds() - thread;
        bytes = GC.GetAllocatedBytesForCurrentThread() - bytes;
        if (report.Status == TickStatus.DeviceLost)
            throw new CliException($"the device '{_runtime.DeviceName}' was lost in frame {frame}.");
        if (frame < 0) return;

        TickMilliseconds.Add(milliseconds);
        if (!double.IsNaN(thread)) ThreadMilliseconds.Add(thread);
        AllocatedBytes += bytes;
        MostAllocatedBytes = Math.Max(MostAllocatedBytes, bytes);
        if (report.FramesFinished > 0) GpuFrames.Add((frame, report.GpuMilliseconds));
        if (report.Status == TickStatus.Worked) PredictedMilliseconds.Add(report.PredictedMilliseconds);
        FramesUnseen += Math.Max(0, report.FramesFinished - 1);
        if (report.Status == TickStatus.Idle) TicksIdle++;
        if (report.Status == TickStatus.DeviceBehind) TicksBehind++;
        TokensGenerated += report.TokensGenerated;
        TokensProcessed += report.TokensProcessed;
        Deferred += report.Deferred;
        Dispatches += report.Dispatches;
        Spilled += report.Spilled;
        Restored += report.Restored;
        Dropped += report.Dropped;
        TurnsForgotten += report.TurnsForgotten;
        ImagesSeen += report.Images.Encoded + report.Images.Reused;
        ImagesWaiting = report.Images.Pending;
    }
}
