using NpcMind.Inference;

namespace NpcMind;

/// <summary>
/// Saves and loads under way. In each tick they go on as far as they come without waiting; streams and files are written and read on other
/// threads. Those that use the same stream or file come one after the other, in the order of the calls. Used by the game's thread.
/// </summary>
internal sealed class SaveQueue
{
    /// <summary>Ticks in which nothing comes of copies of keys and values, after which a save or load does without them.</summary>
    public const int Patience = 600;

    private const int WeightOfTickWithoutBudget = 10; // a game that stands still saves, too
    private readonly List<SaveJob> _jobs = [];

    /// <summary>Whether a save or load is under way.</summary>
    public bool IsBusy => _jobs.Count > 0;

    /// <summary>Begins a save or load.</summary>
    public void Add(SaveJob job)
    {
        _jobs.Add(job);
        Step(_jobs.Count - 1, 1);
    }

    /// <summary>Lets all go on, in a tick of so many milliseconds.</summary>
    public void Step(double milliseconds)
    {
        for (int i = 0; i < _jobs.Count; i++) Step(i, milliseconds > 0 ? 1 : WeightOfTickWithoutBudget);
    }

    /// <summary>Lets those go on who await what is over. They may call anything but a tick.</summary>
    public void Complete()
    {
        for (int i = 0; i < _jobs.Count;)
        {
            SaveJob job = _jobs[i];
            if (!job.IsOver)
            {
                i++;
                continue;
            }

            _jobs.RemoveAt(i);
            job.Complete();
        }
    }

    /// <summary>The cache was forgotten: what is not copied yet cannot be had any more.</summary>
    public void ForgetCache()
    {
        foreach (SaveJob job in _jobs) job.ForgetCache();
    }

    /// <summary>Nothing comes of ticks any more: all do without what only the device can give.</summary>
    public void GiveUp()
    {
        foreach (SaveJob job in _jobs) job.GiveUp();
    }

    /// <summary>
    /// Ends everything: saves are written without what is not there, loads fail. It waits for threads that copy keys and values, and not
    /// for streams: those tasks complete on other threads.
    /// </summary>
    public void Dispose()
    {
        Dictionary<object, Task> last = [];
        foreach (SaveJob job in _jobs) last[job.Target] = job.End(last.GetValueOrDefault(job.Target, Task.CompletedTask));
        _jobs.Clear();
    }

    private void Step(int index, int weight)
    {
        SaveJob job = _jobs[index];
        int copying = 0;
        bool isFree = true;
        for (int i = 0; i < _jobs.Count; i++)
        {
            copying += _jobs[i].Copying;
            isFree &= i >= index || !_jobs[i].UsesTarget || !_jobs[i].Target.Equals(job.Target);
        }

        job.Step(isFree, KvReadback.MostTogether - copying, weight);
    }
}

/// <summary>A save or load that goes on from tick to tick.</summary>
/// <param name="target">The stream or the path of the file that it uses.</param>
internal abstract class SaveJob(object target)
{
    public object Target { get; } = target;

    /// <summary>Whether it uses the stream or file, or will.</summary>
    public abstract bool UsesTarget { get; }

    /// <summary>Whether nothing is left but to tell who awaits it.</summary>
    public abstract bool IsOver { get; }

    /// <summary>Blocks of keys and values that it is copying.</summary>
    public virtual int Copying => 0;

    /// <summary>Goes on, without waiting.</summary>
    /// <param name="targetIsFree">Whether no earlier one uses the stream or file.</param>
    /// <param name="most">Blocks of keys and values that it may begin to copy.</param>
    /// <param name="weight">How much the tick counts against <see cref="SaveQueue.Patience"/>.</param>
    public abstract void Step(bool targetIsFree, int most, int weight);

    /// <summary>Lets who awaits it go on.</summary>
    public abstract void Complete();

    /// <summary>Does without keys and values that are still to come from the cache.</summary>
    public abstract void ForgetCache();

    /// <summary>Does without all that is still to come from the device.</summary>
    public abstract void GiveUp();

    /// <summary>Lets go of all blocks of the engine, and ends without ticks, on other threads.</summary>
    /// <param name="before">When the stream or file is free.</param>
    /// <returns>When it is free again.</returns>
    public abstract Task End(Task before);
}
