namespace NpcMind;

/// <summary>
/// Tokens guessed to come next in a mind's log, which a step reads beside the last one that is known: those that followed the last few
/// tokens where they last occurred (prompt lookup; Yang et al. 2023, "Inference with Reference", arXiv:2304.04487). A guess costs a row and
/// changes no word: the token that the device chose before it decides whether it stays. Allocates nothing after it is made.
/// </summary>
internal sealed class Drafts
{
    /// <summary>Guesses in a step at most.</summary>
    public const int Most = 4;

    private const int Matched = 3;
    private const double Expected = 0.5, Rate = 1.0 / 16, Return = 1.0 / 256;
    private readonly int[] _tokens = new int[Most];
    private int _first;

    /// <summary>Guesses whose fate is not known yet.</summary>
    public int Count { get; private set; }

    /// <summary>Share of guesses that came true of late.</summary>
    public double Accepted { get; private set; } = Expected;

    /// <summary>The guesses under way.</summary>
    public ReadOnlySpan<int> Tokens => _tokens.AsSpan(0, Count);

    /// <summary>Guesses what follows a log.</summary>
    /// <param name="log">Tokens so far.</param>
    /// <param name="most">Guesses at most.</param>
    /// <param name="matched">Tokens that must have occurred before, at least 1.</param>
    /// <returns>How many guesses there are.</returns>
    public int Find(ReadOnlySpan<int> log, int most, int matched = Matched)
    {
        Count = 0;
        _first = log.Length;
        if (log.Length <= matched || most <= 0) return 0;
        int at = log[..^1].LastIndexOf(log[^matched..]);
        if (at < 0) return 0;
        foreach (int token in log[(at + matched)..])
        {
            if (Count == Math.Min(most, Most) || token < 0) break; // rows of images are no guesses
            _tokens[Count++] = token;
        }

        return Count;
    }

    /// <summary>Whether the token that came at a place of the log is the one guessed there; null where none was.</summary>
    public bool? Check(int index, int token)
    {
        if ((uint)(index - _first) >= (uint)Count) return null;
        bool agrees = _tokens[index - _first] == token;
        Accepted += ((agrees ? 1 : 0) - Accepted) * Rate;
        return agrees;
    }

    /// <summary>Gives up the guesses under way, from the <paramref name="keep"/>-th on.</summary>
    public void Cut(int keep = 0) => Count = Math.Min(Count, keep);

    /// <summary>
    /// How many guesses bring most tokens in the time of a step; 0 where going on with the device's own tokens brings more: the step after
    /// one with guesses begins a frame later, when the host knows which came true.
    /// </summary>
    /// <param name="found">Guesses there are.</param>
    /// <param name="times">Milliseconds of a step by its rows; the first is unused.</param>
    /// <param name="rows">Rows of the step without guesses, of which each brings a token.</param>
    /// <param name="frame">Milliseconds of a frame's budget.</param>
    public int Paying(int found, ReadOnlySpan<double> times, int rows, double frame)
    {
        int count = 0;
        double best = frame / times[rows], expected = 0, all = 1;
        for (int guesses = 1; guesses <= found && rows + guesses < times.Length; guesses++)
        {
            expected += all *= Accepted;
            double gain = expected - (times[rows + guesses] / times[rows] - 1) * rows;
            if (gain > best) (best, count) = (gain, guesses);
        }

        // What was not worth its rows is tried again some day: times change.
        if (found > 0 && count == 0) Accepted += (Expected - Accepted) * Return;
        return count;
    }
}
