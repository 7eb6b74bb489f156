namespace NpcMind.Scheduling;

/// <summary>
/// Chooses who runs in the next step and with how many tokens. Decode rows go first; prompts fill what is left of the step's time, in
/// chunks. Urgency is priority, then deadline, then whose last turn is longest ago, then the id; whoever has been passed over for
/// <see cref="AgingSteps"/> steps goes before all others, the longest wait first. The first in that order who can run at all always gets
/// rows, whatever the time; a candidate that runs as a whole needs as many free rows as it has tokens. The same calls give the same plans.
/// Not thread-safe; <see cref="Plan"/> allocates nothing.
/// </summary>
/// <remarks>
/// Nobody starves: a candidate that stays ready, and for whose next token enough blocks are free at the start of each step, is planned at
/// the latest in its (<see cref="AgingSteps"/> + n)-th step, n being the most candidates that compete with it, itself included. After
/// <see cref="AgingSteps"/> steps only those that wait at least as long come before it, each step takes the first of them, and who is taken
/// falls behind.
/// </remarks>
internal sealed class StepPlanner
{
    /// <summary>Steps after which a candidate that was passed over goes before all others.</summary>
    public const int AgingSteps = 32;

    /// <summary>Rows of the matmul kernels' tile: prompts are cut at multiples of it where that is possible.</summary>
    public const int TileRows = 8;

    private readonly int[] _waited;
    private readonly long[] _seen;
    private readonly long[] _turn;
    private readonly Entry[] _order;
    private long _step, _turns;
    private int _rowsLeft, _outputsLeft;
    private long _blocksLeft;

    /// <summary>A planner for candidates with the ids 0 to <paramref name="capacity"/> - 1.</summary>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="capacity"/> is negative.</exception>
    public StepPlanner(int capacity)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(capacity);
        _waited = new int[capacity];
        _seen = new long[capacity];
        _turn = new long[capacity];
        _order = new Entry[capacity];
        new Entry[2].AsSpan().Sort(); // makes the comparer now: the first plan must not allocate
    }

    /// <summary>Steps that a candidate was ready and passed over, since it was last planned or last absent.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The id is not below the planner's capacity.</exception>
    public int Waited(int id)
    {
        if ((uint)id >= (uint)_waited.Length)
            throw new ArgumentOutOfRangeException(nameof(id), id, $"The planner was made for the ids 0 to {_waited.Length - 1}.");
        return _waited[id];
    }

    /// <summary>
    /// Plans the next step and returns how many candidates are part of it, most urgent first in <paramref name="planned"/>.
    /// </summary>
    /// <param name="candidates">Who is ready. A candidate that is left out of one call starts waiting anew.</param>
    /// <param name="limits">What the step may hold.</param>
    /// <param name="millisecondsByRows">Predicted GPU time of a step by its rows, for 0 to <see cref="StepLimits.MaxRows"/> rows.</param>
    /// <param name="planned">Room for as many as there are candidates.</param>
    /// <param name="deferrals">One for each candidate, in the candidates' order.</param>
    /// <exception cref="ArgumentException">A span is too short, an id occurs twice, or a candidate or limit is out of range.</exception>
    public int Plan(ReadOnlySpan<Candidate> candidates, in StepLimits limits, ReadOnlySpan<double> millisecondsByRows,
        Span<PlannedRows> planned, Span<Deferral> deferrals)
    {
        Check(limits, millisecondsByRows);
        if (planned.Length < candidates.Length || deferrals.Length < candidates.Length)
            throw new ArgumentException($"{candidates.Length} candidates need room for as many planned rows and deferrals, not for " +
                $"{planned.Length} and {deferrals.Length}.", nameof(planned));
        Span<Entry> order = Sort(candidates);

        _rowsLeft = limits.MaxRows;
        _outputsLeft = limits.MaxOutputs;
        _blocksLeft = limits.FreeBlocks;
        int head = ReserveHead(order, candidates, limits);
        // An output that the head may need this step is held for it until its prompt is cut.
        bool held = head >= 0 && HoldOutput(order[head], candidates[order[head].Index]);
        PlanDecodes(order, candidates, limits, deferrals);
        if (held) _outputsLeft++;
        PlanPrompts(order, candidates, limits, LongestStep(limits, millisecondsByRows), head, deferrals);
        if (held) PlanDecodes(order, candidates, limits, deferrals);

        int count = 0;
        foreach (ref readonly Entry entry in order)
        {
            Candidate candidate = candidates[entry.Index];
            if (entry.Rows == 0)
            {
                _waited[candidate.Id] = Math.Min(_waited[candidate.Id], int.MaxValue - 1) + 1;
                continue;
            }
            _waited[candidate.Id] = 0;
            _turn[candidate.Id] = ++_turns;
            deferrals[entry.Index] = Deferral.None;
            planned[count++] = new PlannedRows(candidate.Id, entry.Rows, NeedsOutput(candidate, entry.Rows));
        }
        return count;
    }

    private static void Check(in StepLimits limits, ReadOnlySpan<double> millisecondsByRows)
    {
        if (limits.MaxRows < 1 || limits.MaxOutputs < 1 || limits.FreeBlocks < 0 || limits.BlockTokens < 1)
            throw new ArgumentOutOfRangeException(nameof(limits), limits,
                "A step needs at least one row, one output and one token in a block, and no fewer than 0 free blocks.");
        if (millisecondsByRows.Length <= limits.MaxRows)
            throw new ArgumentException($"A step of up to {limits.MaxRows} rows needs {limits.MaxRows + 1L} predictions, not " +
                $"{millisecondsByRows.Length}.", nameof(millisecondsByRows));
    }

    private Span<Entry> Sort(ReadOnlySpan<Candidate> candidates)
    {
        if (candidates.Length > _order.Length)
            throw new ArgumentException(
                $"{candidates.Length} candidates are more than the {_order.Length} ids that the planner was made for.", nameof(candidates));
        _step++;
        for (int i = 0; i < candidates.Length; i++)
        {
            Candidate c = candidates[i];
            if ((uint)c.Id >= (uint)_waited.Length)
                throw new ArgumentOutOfRangeException(nameof(candidates), c.Id,
                    $"The planner was made for the ids 0 to {_waited.Length - 1}.");
            if (_seen[c.Id] == _step) throw new ArgumentException($"Candidate {c.Id} is listed twice.", nameof(candidates));
            if (c.PendingTokens < 1 || c.BlocksNeeded < 0 || c.OpenTokens < 0 || double.IsNaN(c.SecondsToDeadline))
                throw new ArgumentOutOfRangeException(nameof(candidates), c,
                    "A candidate has at least one pending token, needs no fewer than 0 blocks, and its deadline is a number.");
            if (_seen[c.Id] != _step - 1) (_waited[c.Id], _turn[c.Id]) = (0, _turns);
            _seen[c.Id] = _step;
            _order[i] = new Entry(i, c, _waited[c.Id], _turn[c.Id]);
        }
        Span<Entry> order = _order.AsSpan(0, candidates.Length);
        order.Sort();
        return order;
    }

    // The first who can run at all gets a tile before the companions take the rows.
    private int ReserveHead(Span<Entry> order, ReadOnlySpan<Candidate> candidates, in StepLimits limits)
    {
        for (int i = 0; i < order.Length; i++)
        {
            Candidate candidate = candidates[order[i].Index];
            int rows = Chunk(candidate, candidate.IsWhole ? _rowsLeft : Math.Min(_rowsLeft, TileRows), limits, out _);
            if (rows == 0) continue;
            Take(ref order[i], candidate, rows, limits);
            return i;
        }
        return -1;
    }

    private bool HoldOutput(in Entry head, in Candidate candidate)
    {
        if (head.Rows == candidate.PendingTokens || !candidate.WantsOutput || _outputsLeft == 0) return false;
        _outputsLeft--;
        return true;
    }

    private void PlanDecodes(Span<Entry> order, ReadOnlySpan<Candidate> candidates, in StepLimits limits, Span<Deferral> deferrals)
    {
        foreach (ref Entry entry in order)
        {
            Candidate candidate = candidates[entry.Index];
            if (candidate.PendingTokens > 1 || entry.Rows > 0) continue;
            int rows = Chunk(candidate, _rowsLeft, limits, out deferrals[entry.Index]);
            if (rows > 0) Take(ref entry, candidate, rows, limits);
        }
    }

    private void PlanPrompts(Span<Entry> order, ReadOnlySpan<Candidate> candidates, in StepLimits limits, int longest, int head,
        Span<Deferral> deferrals)
    {
        for (int i = 0; i < order.Length; i++)
        {
            ref Entry entry = ref order[i];
            Candidate candidate = candidates[entry.Index];
            if (candidate.PendingTokens == 1) continue;
            int reserved = entry.Rows;
            if (i == head) Take(ref entry, candidate, -reserved, limits);
            int timeLeft = Math.Max(longest - (limits.MaxRows - _rowsLeft), reserved);
            int rows = Chunk(candidate, Math.Min(_rowsLeft, timeLeft), limits, out deferrals[entry.Index]);
            if (rows > 0) Take(ref entry, candidate, rows, limits);
            else if (_rowsLeft > 0 && timeLeft <= 0) deferrals[entry.Index] = Deferral.StepTime;
        }
    }

    // The most rows that the time allows: from above, because a step of whole tiles can be shorter than one with fewer rows.
    private static int LongestStep(in StepLimits limits, ReadOnlySpan<double> millisecondsByRows)
    {
        int rows = limits.MaxRows;
        while (rows > 0 && !(millisecondsByRows[rows] <= limits.TargetMilliseconds)) rows--;
        return rows;
    }

    // The first rows of a candidate that fit into what is left, cut at a tile where that leaves any.
    private int Chunk(in Candidate candidate, int room, in StepLimits limits, out Deferral reason)
    {
        reason = Deferral.None;
        int rows = Math.Min(candidate.PendingTokens, room);
        if (rows <= 0) reason = Deferral.NoRows;
        while (rows > 0 && Blocks(candidate, rows, limits) > _blocksLeft)
        {
            reason = Deferral.NoBlocks;
            // Blocks grow at one row of each block's worth: the next smaller number of blocks ends where the block before does.
            rows = Math.Max(0, rows - 1 - PositiveRemainder(rows - 1 - candidate.OpenTokens, limits.BlockTokens));
        }
        if (rows > 0 && NeedsOutput(candidate, rows) && _outputsLeft == 0)
        {
            reason = Deferral.NoOutputs;
            rows--;
        }
        if (rows < candidate.PendingTokens && rows > TileRows) rows -= rows % TileRows;
        if (rows < candidate.PendingTokens && candidate.IsWhole)
        {
            if (reason == Deferral.None) reason = Deferral.NoRows;
            return 0;
        }

        return rows;
    }

    private static int PositiveRemainder(int value, int divisor) => (value % divisor + divisor) % divisor;

    // Counted from the end, so that a copied last block is in the first row's share. Never more than all pending tokens need.
    private static long Blocks(in Candidate candidate, int rows, in StepLimits limits) =>
        Math.Min(candidate.BlocksNeeded, Math.Max(0, candidate.BlocksNeeded - Ordinary(candidate, candidate.PendingTokens, limits))
            + Ordinary(candidate, rows, limits));

    private static long Ordinary(in Candidate candidate, int rows, in StepLimits limits) =>
        (Math.Max(0L, (long)rows - candidate.OpenTokens) + limits.BlockTokens - 1) / limits.BlockTokens;

    private static bool NeedsOutput(in Candidate candidate, int rows) => candidate.WantsOutput && rows == candidate.PendingTokens;

    // Negative rows give a reservation back.
    private void Take(ref Entry entry, in Candidate candidate, int rows, in StepLimits limits)
    {
        int sign = Math.Sign(rows), count = Math.Abs(rows);
        entry.Rows += rows;
        _rowsLeft -= rows;
        _blocksLeft -= sign * Blocks(candidate, count, limits);
        if (NeedsOutput(candidate, count)) _outputsLeft -= sign;
    }

    private struct Entry(int index, in Candidate candidate, int waited, long turn) : IComparable<Entry>
    {
        private readonly int _priority = candidate.Priority, _waited = waited, _id = candidate.Id;
        private readonly long _turn = turn;
        private readonly double _deadline = candidate.SecondsToDeadline;

        public readonly int Index = index;
        public int Rows;

        public readonly int CompareTo(Entry other)
        {
            int order = Math.Max(other._waited, AgingSteps - 1).CompareTo(Math.Max(_waited, AgingSteps - 1));
            if (order == 0) order = _priority.CompareTo(other._priority);
            if (order == 0) order = _deadline.CompareTo(other._deadline);
            if (order == 0) order = _turn.CompareTo(other._turn);
            return order == 0 ? _id.CompareTo(other._id) : order;
        }
    }
}
