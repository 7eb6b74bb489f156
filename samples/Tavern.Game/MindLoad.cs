using NpcMind;
using Tavern.World;

namespace Tavern.Game;

/// <summary>A model that is being loaded beside the game.</summary>
internal sealed class MindLoad : IDisposable
{
    private readonly Task<NpcRuntime> _task;
    private double _progress;
    private volatile bool _unwanted;

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
            DeviceKvTokens = settings.DeviceKvTokens ?? settings.ContextTokens * (TavernFile.MostPeople + 1),
            Kv = settings.Kv,
            CacheFolder = settings.CacheFolder,
            Seed = settings.Seed,
            Clock = clock,
            LoadProgress = Follow,
        };
        LegalActions idle = Deed.Legal([]);
        _task = Task.Run(() =>
        {
            NpcRuntime runtime = NpcRuntime.Load(model, options);
            try
            {
                if (!_unwanted) runtime.Prepare(idle.Type, idle);
                return runtime;
            }
            catch
            {
                runtime.Dispose();
                throw;
            }
        });
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
        _unwanted = true;
        try
        {
            _task.Result.Dispose();
        }
        catch (AggregateException)
        {
            // It was refused or broken off: there is nothing to free.
        }
    }

    /// <summary>Called while it loads; ends that when nobody waits for it any more. What is loaded whole is freed as a whole.</summary>
    private void Follow(double progress)
    {
        if (_unwanted && progress < 1) throw new OperationCanceledException();
        Volatile.Write(ref _progress, progress);
    }
}
