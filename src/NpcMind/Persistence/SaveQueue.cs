using NpcMind.Inference;

namespace NpcMind;

/// <summary>
/// Saves and loads under way. In each tick they go on as far as they come without waiting; streams and files are written and read on other
/// threads. Those that use the same stream or file come one after the other, in the order of the calls, and so do characters that are
/// loaded. Used by the game's thread.
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

    /// <summary>Whether a save or load uses a stream or file; with <paramref name="loads"/>, whether anything is being loaded.</summary>
    public bool Uses(object target, bool loads) => _jobs.Exists(j => IsMeant(j, target, loads));

    /// <summary>
    /// Ends those that use a stream or file, and with <paramref name="loads"/> all loads. They do without what the device has not given
    /// yet. Waits for streams. Who awaits them goes on at the end of a tick, as always.
    /// </summary>
    public void Finish(object target, bool loads)
    {
        for (bool isFirst = true; Uses(target, loads); isFirst = false)
        {
            for (int i = 0; i < _jobs.Count; i++)
            {
                if (!IsMeant(_jobs[i], target, loads)) continue;
                if (!isFirst) _jobs[i].GiveUp();
                Step(i, Patience);
            }

#pragma warning disable RS0030 // Waits by its contract, for streams that other threads read and write.
            Thread.Sleep(1);
#pragma warning restore RS0030
        }
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

    private static bool IsMeant(SaveJob job, object target, bool loads) =>
        (job.UsesTarget && job.Target.Equals(target)) || (loads && job is PendingLoad { IsOver: false });

    private void Step(int index, int weight)
    {
        SaveJob job = _jobs[index];
        int copying = 0;
        bool isFree = true, isFirstLoad = true;
        for (int i = 0; i < _jobs.Count; i++)
        {
            copying += _jobs[i].Copying;
            if (i >= index) continue;
            isFree &= !_jobs[i].UsesTarget || !_jobs[i].Target.Equals(job.Target);
            isFirstLoad &= _jobs[i] is not PendingLoad { IsOver: false };
        }

        job.Step(isFree, isFirstLoad, KvReadback.MostTogether - copying, weight);
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
    /// <param name="isFirstLoad">Whether nothing that was asked for earlier is still being loaded.</param>
    /// <param name="most">Blocks of keys and values that it may begin to copy.</param>
    /// <param name="weight">How much the tick counts against <see cref="SaveQueue.Patience"/>.</param>
    public abstract void Step(bool targetIsFree, bool isFirstLoad, int most, int weight);

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
