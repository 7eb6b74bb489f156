namespace NpcMind;

/// <content>Saves.</content>
public sealed partial class Npc
{
    /// <summary>
    /// Writes the mind: what it heard and said, a reply under way, and its keys and values. Waits for the device: within a
    /// frame use <see cref="SaveAsync(Stream)"/>. Saves and loads under way that use the same stream or file are finished first.
    /// </summary>
    /// <param name="stream">Where to; several minds may follow one another.</param>
    /// <remarks>After the device was lost a mind is saved as its words, and read again when it is loaded; a picture that was not worked out
    /// yet is lost.</remarks>
    /// <exception cref="InvalidOperationException">A picture cannot be worked out: it has not been drawn (<see cref="NpcImage.IsDrawn"/>),
    /// or the command buffer of the last tick was not submitted.</exception>
    /// <exception cref="VulkanException">
    /// A call failed while keys and values were fetched. The mind is as it was; save again.
    /// </exception>
    /// <exception cref="ObjectDisposedException">The character was removed.</exception>
    public void Save(Stream stream)
    {
        ArgumentNullException.ThrowIfNull(stream);
        CheckUse();
        _runtime.FinishSaves(stream, loads: false);
        MindSaves.Save(_runtime, this, stream);
    }

    /// <summary>
    /// As <see cref="Save(Stream)"/>, to a file, atomically: whatever happens, the file holds the old save or the new one.
    /// </summary>
    /// <exception cref="SaveFileException">The file cannot be written.</exception>
    public void Save(string path)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        CheckUse();
        _runtime.FinishSaves(Path.GetFullPath(path), loads: false);
        SaveFile.WriteAtomically(path, Save);
    }

    /// <summary>
    /// Saves the mind as <see cref="Save(Stream)"/> does, without waiting: the ticks that follow copy its keys and values, and another
    /// thread writes the stream. Game's thread.
    /// </summary>
    /// <param name="stream">Where to; nobody else may use it until the task has ended. Several minds may follow one another: saves into one
    /// stream are written in the order of the calls.</param>
    /// <returns>
    /// A task that completes at the end of a tick, on the thread that ticks: it needs somebody who ticks, so nobody may block on it there.
    /// It fails with what the stream throws. After the runtime was disposed it completes on another thread; the save is written all the
    /// same.
    /// </returns>
    /// <remarks>
    /// The save holds the mind as it is at the moment of the call, whatever it hears or says before the task ends, and also where the
    /// character is removed meanwhile. Images that are being encoded are waited for, as long as ticks have a budget. Keys and values that
    /// cannot be had (memory is short, frames were lost, ticks have no budget) are left out: then the mind is read again when it is loaded.
    /// After the device was lost, or where the runtime is disposed first, a mind with an image that was not encoded is saved as its words.
    /// </remarks>
    /// <exception cref="InvalidOperationException">An image has not been drawn (<see cref="NpcImage.IsDrawn"/>).</exception>
    /// <exception cref="ObjectDisposedException">The character was removed.</exception>
    public Task SaveAsync(Stream stream) => SaveAsync(stream, default);

    /// <summary>As <see cref="SaveAsync(Stream)"/>; the save can be stopped.</summary>
    /// <param name="stream">Where to.</param>
    /// <param name="cancellationToken">Stops the save in one of the next ticks; what was written stays in the stream.</param>
    public Task SaveAsync(Stream stream, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(stream);
        return SaveAsync(stream, write => write(stream), cancellationToken);
    }

    /// <summary>
    /// As <see cref="SaveAsync(Stream)"/>, to a file, atomically: whatever happens, the file holds the old save or the new one. The task
    /// fails with <see cref="SaveFileException"/> where the file cannot be written.
    /// </summary>
    /// <param name="path">The file. Saves to one file are written in the order of the calls.</param>
    public Task SaveAsync(string path) => SaveAsync(path, default);

    /// <summary>As <see cref="SaveAsync(string)"/>; the save can be stopped.</summary>
    /// <param name="path">The file.</param>
    /// <param name="cancellationToken">Stops the save in one of the next ticks; the file stays as it was.</param>
    public Task SaveAsync(string path, CancellationToken cancellationToken)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        path = Path.GetFullPath(path);
        return SaveAsync(path, write => SaveFile.WriteAtomically(path, write), cancellationToken);
    }

    private Task SaveAsync(object target, Action<Action<Stream>> open, CancellationToken cancellation)
    {
        CheckUse();
        if (cancellation.IsCancellationRequested) return Task.FromCanceled(cancellation);
        if (!_runtime.IsLost) MindSaves.CheckDrawn(this);
        PendingSave save = new(_runtime, this, target, open, cancellation);
        _runtime.Saves.Add(save);
        return save.Completion;
    }
}
