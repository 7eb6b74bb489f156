namespace NpcMind.Scheduling;

/// <summary>
/// Keeps a speaker's text a few tokens ahead of its reader and no further: what is not read yet need not be thought yet. The reader reads
/// evenly from the moment the first word is shown; a token counts as long as the text's tokens were on average.
/// </summary>
internal readonly record struct ReadingPace
{
    /// <summary>A reader of <paramref name="charactersPerSecond"/> whom the text leads by <paramref name="leadTokens"/> tokens.</summary>
    /// <param name="charactersPerSecond">Above 0. Positive infinity means no pacing: every token is due at once.</param>
    /// <param name="leadTokens">At least 1.</param>
    /// <exception cref="ArgumentOutOfRangeException">The pace is not above 0 or the lead is under 1.</exception>
    public ReadingPace(double charactersPerSecond, int leadTokens)
    {
        if (!(charactersPerSecond > 0))
            throw new ArgumentOutOfRangeException(nameof(charactersPerSecond), charactersPerSecond,
                "A reader's pace is above 0; positive infinity means no pacing.");
        ArgumentOutOfRangeException.ThrowIfLessThan(leadTokens, 1);
        CharactersPerSecond = charactersPerSecond;
        LeadTokens = leadTokens;
    }

    /// <summary>Characters the reader takes in a second.</summary>
    public double CharactersPerSecond { get; }

    /// <summary>Tokens the text may be ahead of the reader.</summary>
    public int LeadTokens { get; }

    /// <summary>
    /// Whether the next token may be produced now without leading the reader by more than <see cref="LeadTokens"/>. The first token is
    /// always due.
    /// </summary>
    /// <param name="characters">Characters produced so far.</param>
    /// <param name="tokens">Tokens produced so far.</param>
    /// <param name="seconds">Seconds since the first word was shown.</param>
    public bool IsDue(int characters, int tokens, double seconds) => SecondsUntilDue(characters, tokens, seconds) <= 0;

    /// <summary>Seconds until the next token is due; 0 when it is.</summary>
    /// <param name="characters">Characters produced so far.</param>
    /// <param name="tokens">Tokens produced so far.</param>
    /// <param name="seconds">Seconds since the first word was shown.</param>
    public double SecondsUntilDue(int characters, int tokens, double seconds)
    {
        if (tokens < LeadTokens) return 0;
        // With the next token the text would be this long; all but the lead of it must have been read.
        double length = (double)characters / tokens;
        return Math.Max(0, (characters + length - LeadTokens * length) / CharactersPerSecond - seconds);
    }

    /// <summary>
    /// Seconds until the reader has read all there is: the deadline of the next token. Negative when the reader waits already.
    /// </summary>
    /// <param name="characters">Characters produced so far.</param>
    /// <param name="seconds">Seconds since the first word was shown.</param>
    public double SecondsUntilDry(int characters, double seconds) => characters / CharactersPerSecond - seconds;
}
