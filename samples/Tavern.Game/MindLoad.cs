using NpcMind;
using Tavern.World;

namespace Tavern.Game;

/// <summary>A model that is being loaded beside the game.</summary>
internal sealed class MindLoad : IDisposable
{
    private readonly Task<NpcRuntime> _task;
    private double _progress;

    /// <param name="model">GGUF file.</param>
    /// <param name="eyes">Its image encoder.</param>
    /// <param name="settings">Sizes and device.</param>
    /// <param name="clock">Game time.</param>
    /// <param name="world">Whose actions are prepared; read before this returns.</param>
    public MindLoad(string model, string? eyes, MindSettings settings, GameClock clock, TavernWorld world)
    {
        (Model, Eyes) = (model, eyes);
        NpcRuntimeOptions options = new()
        {
            Host = settings.Host,
            EyesPath = eyes,
            ContextTokens = settings.ContextTokens,
            DeviceTokens = settings.DeviceTokens ?? settings.ContextTokens * (TavernFile.MostPeople + 1),
            Kv = settings.Kv,
            CacheFolder = settings.CacheFolder,
            Seed = settings.Seed,
            Clock = clock,
            LoadProgress = p => Volatile.Write(ref _progress, p),
        };
        LegalActions[] legal = [.. world.People.Select(p => Deed.Legal(world.People, p))];
        _task = Task.Run(() =>
        {
            NpcRuntime runtime = NpcRuntime.Load(model, options);
            try
            {
                foreach (LegalActions of in legal) runtime.Prepare(of.Type, of);
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

    /// <summary>Waits for it and frees it.</summary>
    public void Dispose()
    {
        try
        {
            _task.Result.Dispose();
        }
        catch (AggregateException)
        {
            // It was refused: there is nothing to free.
        }
    }
}
