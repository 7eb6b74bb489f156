using NpcMind;
using Tavern.World;

namespace Tavern.Game;

/// <summary>A model that is being loaded beside the game.</summary>
internal sealed class MindLoad : IDisposable, IProgress<LoadProgress>
{
    private readonly Task<NpcRuntime> _task;
    private double _progress;
    private readonly CancellationTokenSource _unwanted = new();

    /// <param name="model">GGUF file.</param>
    /// <param name="eyes">Its image encoder.</param>
    /// <param name="settings">Sizes and device.</param>
    /// <param name="clock">Game time.</param>
    public MindLoad(string model, string? eyes, MindSettings settings, GameClock clock)
    {
        (Model, Eyes) = (model, eyes);
        NpcRuntimeOptions options = new()
        {
            Host = settings.Host,
            ImageEncoderPath = eyes,
            ContextTokens = settings.ContextTokens,
            DeviceKvTokens = settings.DeviceKvTokens ?? settings.ContextTokens * (TavernFile.MostPeople + 1) / 2,
            KvFormat = settings.KvFormat,
            CacheFolder = settings.CacheFolder,
            Seed = settings.Seed,
            Clock = clock,
        };
        LegalActions idle = Deed.Legal([]);
        _task = Load();

        async Task<NpcRuntime> Load()
        {
            NpcRuntime runtime = await NpcRuntime.LoadAsync(model, options, this, _unwanted.Token).ConfigureAwait(false);
            try
            {
                runtime.Prepare(idle.Type, idle);
                return runtime;
            }
            catch
            {
                runtime.Dispose();
                throw;
            }
        }
    }

    public string Model { get; }

    public string? Eyes { get; }

    public double Progress => Volatile.Read(ref _progress);

    public bool IsCompleted => _task.IsCompleted;

    /// <summary>Why it was refused, in one line; null when it was not.</summary>
    public string? Problem => _task.Exception is { } e ? Lines.One(e.InnerException ?? e) : null;

    public NpcRuntime Take() => _task.Result;

    /// <summary>Breaks it off, or frees what was loaded.</summary>
    public void Dispose()
    {
        _unwanted.Cancel();
        try
        {
            _task.Result.Dispose();
        }
        catch (AggregateException)
        {
            // It was refused or broken off: there is nothing to free.
        }

        _unwanted.Dispose();
    }

    void IProgress<LoadProgress>.Report(LoadProgress value)
    {
        // Weights take most of the time.
        double done = value.Stage switch { LoadStage.Weights => 0.9 * value.Fraction, LoadStage.Calibration => 0.9, _ => 1 };
        Volatile.Write(ref _progress, done);
    }
}
