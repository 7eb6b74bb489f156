using System.Runtime.CompilerServices;

namespace NpcMind;

/// <content>The awaited form. Whoever waits goes on at the end of a tick, on the thread that ticks.</content>
public partial class Reply
{
    private TaskCompletionSource<Reply>? _completion;
    private TaskCompletionSource? _change;
    private int _announced;

    /// <summary>
    /// Returns a task that completes at the end of the tick in which the reply ends. It needs somebody who ticks. Game's thread.
    /// </summary>
    /// <exception cref="ReplyFailedException">The task fails with it where the reply <see cref="ReplyEnd.Failed"/>, the device was lost,
    /// or the runtime was disposed.</exception>
    public Task<Reply> Completion
    {
        get
        {
            if (_completion is null)
            {
                _completion = new TaskCompletionSource<Reply>();
                if (IsDone) Complete();
                else Npc.Prefix.Runtime.Announce(this);
            }

            return _completion.Task;
        }
    }

    /// <summary>Returns what <c>await reply</c> awaits: <see cref="Completion"/>.</summary>
    public TaskAwaiter<Reply> GetAwaiter() => Completion.GetAwaiter();

    /// <summary>
    /// Streams the text piece by piece, as it comes, to the end. Reads on from where <see cref="TryRead"/> stopped, and counts as read. Game's thread.
    /// </summary>
    /// <param name="cancellationToken">Stops the waiting, not the reply.</param>
    /// <exception cref="ReplyFailedException">The reply <see cref="ReplyEnd.Failed"/>, the device was lost, or the runtime was disposed; all text before was
    /// streamed.</exception>
    /// <exception cref="OperationCanceledException">The waiting was cancelled.</exception>
    public async IAsyncEnumerator<string> GetAsyncEnumerator(CancellationToken cancellationToken = default)
    {
        while (true)
        {
            cancellationToken.ThrowIfCancellationRequested();
            if (Take() is { } text) yield return text;
            else if (IsDone) break;
            else await NextChange().WaitAsync(cancellationToken);
        }

        await Completion;
    }

    /// <summary>Lets those go on who wait for what has come; false when nobody waits for more.</summary>
    internal bool Announce()
    {
        if (_change is { } change && (IsDone || Words.Shown > _announced))
        {
            _change = null;
            change.SetResult();
        }

        if (IsDone) Complete();
        return _change is not null || _completion is { Task.IsCompleted: false };
    }

    /// <summary>Ends the waiting: nothing more will come.</summary>
    internal void Abandon(string message)
    {
        ReplyFailedException error = new(Npc.Name, message);
        _completion?.TrySetException(error);
        _change?.TrySetException(error);
        _change = null;
    }

    private void Complete()
    {
        if (End == ReplyEnd.Failed) _completion?.TrySetException(new ReplyFailedException(Npc.Name, Error ?? "no reason is known"));
        else _completion?.TrySetResult(this);
    }

    private string? Take() => TryRead(out ReadOnlySpan<char> text) ? text.ToString() : null;

    private Task NextChange()
    {
        _announced = Words.Shown;
        if (_change is null)
        {
            _change = new TaskCompletionSource();
            Npc.Prefix.Runtime.Announce(this);
        }

        return _change.Task;
    }
}

/// <summary>A reply with an action of a known type.</summary>
/// <typeparam name="TAction">An enum or record with <see cref="NpcActionAttribute"/>.</typeparam>
public sealed class Reply<TAction> : Reply
{
    internal Reply(Npc npc, ReplyOptions options, Scheduling.ReadingPace pace, double started)
        : base(npc, options, pace, started)
    {
    }

    /// <summary>Takes the action, once, when it is complete, as <see cref="Reply.TryTakeAction{T}"/> does.</summary>
    /// <param name="action">What the character does.</param>
    public bool TryTakeAction([System.Diagnostics.CodeAnalysis.MaybeNullWhen(false)] out TAction action) => TryTakeAction<TAction>(out action);
}
