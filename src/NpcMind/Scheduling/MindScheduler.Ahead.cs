namespace NpcMind;

/// <summary>When steps read guessed tokens.</summary>
internal enum Drafting
{
    /// <summary>Where they are predicted to bring more than they cost.</summary>
    WhereItPays,
    Never,

    /// <summary>Wherever the last token has occurred before, at any price: tests want guesses that are wrong often.</summary>
    Always,
}

/// <summary>
/// What minds that speak freely need not wait for: the device goes on with the token that it chose, or a step reads tokens guessed from the
/// log beside the last one known (<see cref="Drafts"/>).
/// </summary>
internal sealed partial class MindScheduler
{
    /// <summary>Tokens of a mind on their way at most: what comes after the end of a reply was computed for nothing.</summary>
    private const int MostAwaited = 4;

    /// <summary>When steps read guessed tokens.</summary>
    public Drafting Drafting { get; set; }

    /// <summary>Guesses that came true.</summary>
    public long DraftsTaken { get; private set; }

    /// <summary>Guesses that were read.</summary>
    public long DraftsRead { get; private set; }

    /// <summary>Whether the device may go on with a token before the host knows it: only where nobody can say no.</summary>
    private bool CanGoOn(Mind mind) => mind is { Slot: >= 0, Awaited: < MostAwaited, Drafts.Count: 0, Reply: { Constraint: null } reply }
        && RoomAhead(mind, reply) > 0
        && engine.Length(mind.Slot) == mind.Tokens.Count + mind.Awaited - 1
        && engine.Transfer.OnHost(mind.Slot) == 0;

    /// <summary>Tokens that may be asked for beyond those on their way.</summary>
    private int RoomAhead(Mind mind, Reply reply)
    {
        int room = engine.Options.ContextTokens - 1 - mind.Tokens.Count;
        if (!double.IsPositiveInfinity(reply.Pace.CharactersPerSecond))
            room = Math.Min(room, reply.Pace.LeadTokens - reply.Words.SpokenTokens);
        room = Math.Min(room, reply.Words.InThought ? reply.MaxThoughtTokens - reply.Words.ThoughtTokens
            : reply.Options.MaxTokens - reply.Words.SpokenTokens);
        return room - mind.Awaited;
    }

    /// <summary>Adds guesses to a step that holds the planned rows, where there is room.</summary>
    private void AddDrafts(int planned, double milliseconds)
    {
        if (Drafting == Drafting.Never) return;
        for (int i = 0; i < planned; i++)
        {
            Mind mind = minds[_planned[i].Id]!;
            // Only the first token on its way is known to be followed by what the log says: the device's own ones are not there yet.
            if (!_planned[i].Output || mind is not { Awaited: 1, Reply: { Constraint: null } reply }) continue;
            int room = Math.Min(Math.Min(engine.Batch.FreeRows, engine.Batch.FreeOutputs), RoomAhead(mind, reply));
            int count = Drafting == Drafting.Always ? mind.Drafts.Find(mind.Tokens.Span, room, matched: 1)
                : mind.Drafts.Paying(mind.Drafts.Find(mind.Tokens.Span, room), _stepTimes.Milliseconds, _rowsInStep, milliseconds);
            int added = 0;
            while (added < count && engine.Batch.Add(mind.Slot, mind.Drafts.Tokens[added], output: true)) added++;
            mind.Drafts.Cut(added);
            mind.RowsInStep += added;
            _rowsInStep += added;
            DraftsRead += added;
            for (int n = 0; n < added; n++) Await(mind);
        }
    }
}
