namespace NpcMind;

/// <summary>
/// A sequence of tokens that is to be in the KV cache: of a prefix, or of a character. The token log is the truth; what the cache holds of
/// it (<see cref="Slot"/>) can be lost and read again. <see cref="MindScheduler"/> moves the one after the other.
/// </summary>
internal sealed class Mind(int id, string name, Mind? parent, int contextTokens)
{
    /// <summary>Place in the list of minds, and id for the planner.</summary>
    public int Id { get; } = id;

    public string Name { get; } = name;

    /// <summary>Mind whose first tokens this one shares; null for a root.</summary>
    public Mind? Parent { get; set; } = parent;

    /// <summary>How many.</summary>
    public int Shared { get; set; }

    /// <summary>What this mind has read or is to read, with what it said.</summary>
    public TokenLog Tokens { get; } = new(contextTokens);

    /// <summary>Pictures among the tokens.</summary>
    public List<TurnImage> Seen { get; } = [];

    /// <summary>Tokens that are read ahead, before anybody waits for them.</summary>
    public int ReadAhead { get; set; }

    /// <summary>Never spilled or dropped: others begin with it.</summary>
    public bool Pinned { get; init; }

    /// <summary>Sequence of the engine; -1 before the first token is read.</summary>
    public int Slot { get; set; } = -1;

    /// <summary>Rows in the step under way.</summary>
    public int RowsInStep { get; set; }

    /// <summary>Tokens to be kept when the step under way ends.</summary>
    public int KeepAfterStep { get; set; } = int.MaxValue;

    /// <summary>Changes whenever tokens are taken back: a token chosen for an earlier epoch is ignored.</summary>
    public int Epoch { get; set; }

    /// <summary>Tokens that were asked for and have not come yet.</summary>
    public int Awaited { get; set; }

    /// <summary>Tokens guessed to come next.</summary>
    public Drafts Drafts { get; } = new();

    /// <summary>A token was asked for and has not come yet.</summary>
    public bool AwaitsToken => Awaited > 0;

    /// <summary>Reply that is being given or was given last; null before the first.</summary>
    public Reply? LastReply { get; set; }

    /// <summary>Reply being thought of; null when there is nothing to say.</summary>
    public Reply? Reply => LastReply is { IsDone: false } reply ? reply : null;

    /// <summary>Lower is more urgent.</summary>
    public int Priority { get; set; }

    /// <summary>Clock seconds at which it last was part of a step.</summary>
    public double LastUsed { get; set; }

    public NpcWait Waiting { get; set; }

    /// <summary>The picture that a negative token is a row of.</summary>
    public TurnImage TurnImage(int token)
    {
        int id = PictureToken.TurnImage(token);
        foreach (TurnImage turnImage in Seen)
            if (turnImage.Id == id) return turnImage;
        throw new InvalidOperationException($"{Name} has a token of a picture that it does not remember.");
    }

    /// <summary>
    /// Whether the token after the first <paramref name="read"/> is a row of a picture that is not there yet. Who waits so takes no memory:
    /// a game may draw a picture whenever it likes.
    /// </summary>
    public bool WaitsForPicture(int read) => read < Tokens.Count && Readable(read) == read;

    /// <summary>Tokens up to the first row, from token <paramref name="from"/> on, of a picture that is not encoded yet.</summary>
    public int Readable(int from)
    {
        bool all = true;
        foreach (TurnImage turnImage in Seen) all &= turnImage.IsReady;
        if (all) return Tokens.Count;
        for (int i = from; i < Tokens.Count; i++)
            if (Tokens[i] < 0 && !TurnImage(Tokens[i]).IsReady) return i;
        return Tokens.Count;
    }

    /// <summary>The first feature row among the tokens from <paramref name="from"/> on, or <paramref name="end"/>.</summary>
    public int NextPicture(int from, int end)
    {
        int at = Tokens.Span[from..end].IndexOfAnyInRange(int.MinValue, -1);
        return at < 0 ? end : from + at;
    }

    /// <summary>Where the run of feature rows ends that token <paramref name="at"/> is one of.</summary>
    public int PictureEnd(int at) => at + 1 + TurnImage(Tokens[at]).Place(PictureToken.Row(Tokens[at])).Ahead;

    /// <summary>To be closed when the step under way ends.</summary>
    public bool Closing { get; set; }
}
