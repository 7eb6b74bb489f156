using System.Runtime.CompilerServices;

namespace NpcMind;

/// <content>
/// The awaited form. Whoever waits goes on at the end of a tick, on the thread that ticks. Streams and <see cref="Completion"/> go through
/// the synchronization context of whoever waits, where there is one: it has to bring them to the game's thread.
/// </content>
public partial class Reply
{
    private readonly List<Action> _waiting = [];
    private Task<Reply>? _completion;
    private string? _abandoned;

    /// <summary>
    /// Returns a task that completes at the end of the tick in which the reply ends, for code that needs a task; <c>await reply</c> needs
    /// none. It needs somebody who ticks. Game's thread.
    /// </summary>
    /// <exception cref="ReplyFailedException">The task fails with it where the reply <see cref="ReplyEnd.Failed"/>, or the device was lost.
    /// Where the character or the runtime is disposed, the reply ends as <see cref="ReplyEnd.Interrupted"/>, and nothing is
    /// thrown.</exception>
    public Task<Reply> Completion => _completion ??= WaitForEnd();

    private bool IsOver => IsDone || _abandoned is not null;

    /// <summary>Returns what <c>await reply</c> awaits: the end of the reply.</summary>
    public ReplyAwaiter GetAwaiter() => new(this);

    /// <summary>
    /// Streams the text piece by piece, as it comes, to the end. Reads on from where <see cref="TryRead"/> stopped, and counts as read.
    /// Game's thread.
    /// </summary>
    /// <param name="cancellationToken">Stops the waiting at the end of the next tick, and not the reply.</param>
    /// <exception cref="ReplyFailedException">The reply <see cref="ReplyEnd.Failed"/>, or the device was lost; all text before was
    /// streamed. Where the character or the runtime is disposed, the stream ends.</exception>
    /// <exception cref="OperationCanceledException">The waiting was cancelled.</exception>
    public async IAsyncEnumerator<string> GetAsyncEnumerator(CancellationToken cancellationToken = default)
    {
        while (true)
        {
            cancellationToken.ThrowIfCancellationRequested();
            if (Take() is { } text) yield return text;
            else if (IsOver) break;
            else await new TickAwaitable(this);
        }

        _ = Outcome();
    }

    /// <summary>Lets those go on who wait; false when nobody waits any more.</summary>
    internal bool Announce()
    {
        if (_waiting.Count == 0) return false;
        Action[] waiting = [.. _waiting];
        _waiting.Clear();
        foreach (Action next in waiting) Npc.Prefix.Runtime.Call(next, Npc.Name);
        return _waiting.Count > 0;
    }

    /// <summary>Ends the waiting: nothing more will come.</summary>
    internal void Abandon(string message)
    {
        _abandoned = message;
        Announce();
    }

    internal bool IsCompleted => IsOver;

    internal void Wait(Action next)
    {
        _waiting.Add(next); // first: where the device was lost, those who wait are told at once
        if (_waiting.Count == 1) Npc.Prefix.Runtime.Announce(this);
    }

    internal Reply Outcome()
    {
        if (End == ReplyEnd.Failed) throw new ReplyFailedException(Npc.Name, Error ?? "no reason is known.");
        if (!IsDone && _abandoned is { } reason) throw new ReplyFailedException(Npc.Name, reason);
        return this;
    }

    private async Task<Reply> WaitForEnd()
    {
        while (!IsOver) await new TickAwaitable(this);
        return Outcome();
    }

    private string? Take() => TryRead(out ReadOnlySpan<char> text) ? text.ToString() : null;

    /// <summary>Awaits the end of the next tick.</summary>
    private readonly struct TickAwaitable(Reply reply) : INotifyCompletion
    {
        public bool IsCompleted => false;

        public TickAwaitable GetAwaiter() => this;

        public void OnCompleted(Action continuation) => reply.Wait(continuation);

        public void GetResult()
        {
        }
    }
}

/// <summary>Awaits the end of a reply; for the compiler.</summary>
public readonly struct ReplyAwaiter : INotifyCompletion
{
    private readonly Reply _reply;

    internal ReplyAwaiter(Reply reply) => _reply = reply;

    /// <summary>Whether the reply has ended.</summary>
    public bool IsCompleted => _reply.IsCompleted;

    /// <summary>Calls <paramref name="continuation"/> at the end of the tick in which the reply ends, on the thread that ticks.</summary>
    public void OnCompleted(Action continuation)
    {
        Reply reply = _reply;
        reply.Wait(Continue);

        void Continue()
        {
            if (reply.IsCompleted) continuation();
            else reply.Wait(Continue);
        }
    }

    /// <summary>Returns the reply.</summary>
    /// <exception cref="ReplyFailedException">It <see cref="ReplyEnd.Failed"/>, or can never end.</exception>
    public Reply GetResult() => _reply.Outcome();
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
    public bool TryTakeAction([System.Diagnostics.CodeAnalysis.MaybeNullWhen(false)] out TAction action) =>
        TryTakeAction<TAction>(out action);
}
