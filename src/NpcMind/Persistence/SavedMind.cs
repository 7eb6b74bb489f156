namespace NpcMind;

/// <summary>
/// What is kept of an NPC: enough to go on exactly where it stopped, and, on another model or device, to rebuild the KV cache from the
/// token log.
/// </summary>
internal sealed record SavedMind
{
    public const int FingerprintBytes = 32;

    public required string Name { get; init; }

    /// <summary>SHA-256 of the model: <see cref="Tokens"/> mean something to this vocabulary only.</summary>
    public required byte[] ModelFingerprint { get; init; }

    /// <summary>Device, driver, KV format and engine version: KV blocks are used only where this is equal.</summary>
    public required string CacheFingerprint { get; init; }

    /// <summary>SHA-256 of the prefix this mind was forked from.</summary>
    public required byte[] PrefixFingerprint { get; init; }

    /// <summary>Leading tokens shared with the prefix; they are not in <see cref="Tokens"/>.</summary>
    public required int PrefixTokens { get; init; }

    public required string Persona { get; init; }

    /// <summary>The date that the system prompt was begun with; null in saves before 1.2.</summary>
    public DateTime? Date { get; init; }

    public required IReadOnlyList<SavedTurn> Turns { get; init; }

    /// <summary>The token log after the prefix. Where feature rows of pictures stand it has the token that the place is known by.</summary>
    public required int[] Tokens { get; init; }

    /// <summary>Pictures that turns or <see cref="Slots"/> name.</summary>
    public IReadOnlyList<SavedPicture> Pictures { get; init; } = [];

    /// <summary>Where in <see cref="Tokens"/> feature rows of pictures stand, in order.</summary>
    public IReadOnlyList<SavedSlots> Slots { get; init; } = [];

    /// <summary>
    /// Tokens dropped so far because the context was full; with the log's length it tells how many positions were ever used, which the
    /// random numbers need.
    /// </summary>
    public long DroppedTokens { get; init; }

    public required SavedSampler Sampler { get; init; }

    /// <summary>The reply in progress; null between replies.</summary>
    public SavedReply? Reply { get; init; }

    /// <summary>Shape of the KV blocks that follow the body; null if none were saved.</summary>
    public SavedKv? Kv { get; init; }

    /// <summary>
    /// The first rule this mind breaks, or null. The writer and the reader ask the same question, so that what is written can be read.
    /// </summary>
    public (string Field, string Expected, string Found)? Violation()
    {
        if (ModelFingerprint.Length != FingerprintBytes) return ("model fingerprint", "32 bytes", $"{ModelFingerprint.Length}");
        if (PrefixFingerprint.Length != FingerprintBytes) return ("prefix fingerprint", "32 bytes", $"{PrefixFingerprint.Length}");
        if (PrefixTokens < 0) return ("prefix tokens", "0 or more", $"{PrefixTokens}");
        if (DroppedTokens < 0) return ("dropped tokens", "0 or more", $"{DroppedTokens}");
        if (Tokens.AsSpan().IndexOfAnyInRange(int.MinValue, -1) is >= 0 and int at)
            return ($"token {at}", "a token id of 0 or more", $"{Tokens[at]}");
        return TurnViolation() ?? PictureViolation() ?? Sampler.Violation() ?? Reply?.Violation()
            ?? Kv?.Violation(PrefixTokens + (long)Tokens.Length);
    }

    private (string Field, string Expected, string Found)? PictureViolation()
    {
        foreach (SavedPicture picture in Pictures)
            if (picture.Violation() is { } violation) return violation;
        int[] rows = [.. Pictures.Select(p => p.Rows)]; // counted once: a crafted save has many pieces and many runs of rows
        long end = 0;
        foreach (SavedSlots s in Slots)
        {
            if (s.FirstToken < end || s.Count < 1 || (long)s.FirstToken + s.Count > Tokens.Length)
                return ("picture rows", $"tokens within {end}..{Tokens.Length}", $"{s.Count} from {s.FirstToken}");
            if ((uint)s.Picture >= (uint)Pictures.Count) return ("picture", $"one of {Pictures.Count}", $"{s.Picture}");
            if (s.FirstRow < 0 || (long)s.FirstRow + s.Count > rows[s.Picture])
                return ("picture rows", $"within 0..{rows[s.Picture]}", $"{s.Count} from {s.FirstRow}");
            end = s.FirstToken + s.Count;
        }

        return null;
    }

    private (string Field, string Expected, string Found)? TurnViolation()
    {
        long end = 0;
        for (int i = 0; i < Turns.Count; i++)
        {
            SavedTurn turn = Turns[i];
            if (turn.FirstToken < end || turn.Tokens < 0 || (long)turn.FirstToken + turn.Tokens > Tokens.Length)
                return ($"turn {i}", $"tokens within {end}..{Tokens.Length}", $"{turn.Tokens} from {turn.FirstToken}");
            if (turn.OverheardCharacters < 0 || turn.OverheardCharacters > turn.Text.Length)
                return ($"turn {i}'s overheard characters", $"0 to {turn.Text.Length}", $"{turn.OverheardCharacters}");
            foreach (int picture in turn.Pictures)
                if ((uint)picture >= (uint)Pictures.Count) return ($"turn {i}'s picture", $"one of {Pictures.Count}", $"{picture}");
            end = turn.FirstToken + turn.Tokens;
        }

        return null;
    }
}

/// <summary>One thing said.</summary>
/// <param name="Role">Who speaks, as the chat template sees it.</param>
/// <param name="Speaker">Name of who speaks.</param>
/// <param name="Text">What was said.</param>
/// <param name="FirstToken">Index into <see cref="SavedMind.Tokens"/>.</param>
/// <param name="Tokens">Tokens of the turn with its template.</param>
internal sealed record SavedTurn(byte Role, string Speaker, string Text, int FirstToken, int Tokens)
{
    /// <summary>Pictures seen with it, as indices into <see cref="SavedMind.Pictures"/>.</summary>
    public int[] Pictures { get; init; } = [];

    /// <summary>Characters of <see cref="Text"/>, from its start, that were overheard.</summary>
    public int OverheardCharacters { get; init; }
}

/// <summary>A picture that was seen: the rows that stand for it, so that it can be read again without its pixels.</summary>
/// <param name="Layout">Text pieces and slots, in order.</param>
/// <param name="Width">Elements of a row.</param>
/// <param name="Features">[Rows, Width] f32, little-endian.</param>
internal sealed record SavedPicture(IReadOnlyList<NpcMind.Vision.ImagePiece> Layout, int Width, byte[] Features)
{
    /// <summary>Feature rows.</summary>
    public int Rows => Layout.Sum(p => p.Count);

    public (string Field, string Expected, string Found)? Violation()
    {
        long rows = 0;
        foreach (NpcMind.Vision.ImagePiece piece in Layout)
        {
            if (piece.Count < 0 || (piece.IsSlot && piece.FirstFeature != rows))
                return ("picture's piece", $"rows from {rows} on", $"{piece.Count} from {piece.FirstFeature}");
            if (piece.Columns < 0 || piece.Columns > piece.Count) return ("picture's columns", $"0 to {piece.Count}", $"{piece.Columns}");
            rows += piece.Count;
        }

        if (rows is < 1 or > PictureToken.MaxRows) return ("picture's rows", $"1 to {PictureToken.MaxRows}", $"{rows}");
        return Width >= 1 && Features.Length == rows * Width * 4
            ? null : ("picture's features", $"{rows} rows of {Width} elements", $"{Features.Length} bytes");
    }
}

/// <summary>A run of tokens that are feature rows.</summary>
/// <param name="FirstToken">Index into <see cref="SavedMind.Tokens"/>.</param>
/// <param name="Picture">Index into <see cref="SavedMind.Pictures"/>.</param>
/// <param name="FirstRow">Row that stands in the place of the first.</param>
/// <param name="Count">Tokens.</param>
internal readonly record struct SavedSlots(int FirstToken, int Picture, int FirstRow, int Count);

/// <summary>How the next token is chosen; seed and position are the whole random state.</summary>
internal sealed record SavedSampler(
    float Temperature, int TopK, float TopP, float MinP, float RepetitionPenalty, float FrequencyPenalty, float PresencePenalty,
    int PenaltyTokens, ulong Seed)
{
    // The ranges of SamplerSettings, which takes -0 for negative, too: a crafted save must be refused here, not when the first token is
    // sampled.
    public (string Field, string Expected, string Found)? Violation()
    {
        if (!float.IsFinite(Temperature + RepetitionPenalty + FrequencyPenalty + PresencePenalty))
            return ("sampler", "finite numbers", $"{this}");
        if (float.IsNegative(Temperature)) return ("temperature", "0 or more", $"{Temperature}");
        if (TopK < 0) return ("top k", "0 or more", $"{TopK}");
        if (float.IsNegative(TopP) || TopP is not (>= 0 and <= 1)) return ("top p", "0 to 1", $"{TopP}");
        if (float.IsNegative(MinP) || MinP is not (>= 0 and <= 1)) return ("min p", "0 to 1", $"{MinP}");
        if (RepetitionPenalty <= 0) return ("repetition penalty", "more than 0", $"{RepetitionPenalty}");
        return PenaltyTokens < 0 ? ("penalty tokens", "0 or more", $"{PenaltyTokens}") : null;
    }
}

/// <summary>A reply that was not finished when the mind was saved.</summary>
internal sealed record SavedReply
{
    public required byte Phase { get; init; }

    /// <summary>Text so far.</summary>
    public required string Text { get; init; }

    public required int GeneratedTokens { get; init; }

    /// <summary>Most tokens the reply may have; 0 for no limit.</summary>
    public int MaximumTokens { get; init; }

    /// <summary>Most tokens of thoughts.</summary>
    public int MaximumThoughtTokens { get; init; }

    /// <summary>Whether <see cref="Text"/> has the thoughts, too.</summary>
    public bool ShowsThoughts { get; init; }

    /// <summary>Whether a reply that is too long ends with its last whole sentence.</summary>
    public bool EndsAtSentence { get; init; }

    /// <summary>Characters of <see cref="Text"/> the game has read.</summary>
    public int ReadCharacters { get; init; }

    /// <summary>Characters of <see cref="Text"/> the player has heard.</summary>
    public required int HeardCharacters { get; init; }

    /// <summary>Bytes of generated tokens that are no whole UTF-8 character yet.</summary>
    public byte[] UndecodedBytes { get; init; } = [];

    public IReadOnlyList<string> StopStrings { get; init; } = [];

    /// <summary>Name of the action type asked for; null for none.</summary>
    public string? Action { get; init; }

    /// <summary>Grammar asked for, as text; null for none.</summary>
    public string? Grammar { get; init; }

    /// <summary>Bytes the constraint has consumed: replayed they give its state, in any version of the constraint's code.</summary>
    public byte[] ConstraintBytes { get; init; } = [];

    /// <summary>Tokens chosen or heard but not yet in the KV cache.</summary>
    public int[] PendingTokens { get; init; } = [];

    public (string Field, string Expected, string Found)? Violation()
    {
        if (GeneratedTokens < 0) return ("generated tokens", "0 or more", $"{GeneratedTokens}");
        if (MaximumThoughtTokens < 0) return ("maximum thought tokens", "0 or more", $"{MaximumThoughtTokens}");
        if (MaximumTokens < 0) return ("maximum tokens", "0 or more", $"{MaximumTokens}");
        if (ReadCharacters < 0 || ReadCharacters > Text.Length) return ("read characters", $"0 to {Text.Length}", $"{ReadCharacters}");
        if (HeardCharacters < 0 || HeardCharacters > Text.Length) return ("heard characters", $"0 to {Text.Length}", $"{HeardCharacters}");
        return PendingTokens.AsSpan().IndexOfAnyInRange(int.MinValue, -1) is >= 0 and int at
            ? ($"pending token {at}", "a token id of 0 or more", $"{PendingTokens[at]}") : null;
    }
}

/// <summary>KV blocks of what follows the prefix.</summary>
/// <param name="FirstToken">Position in the whole sequence, prefix included, of the first block's first token: a copied block may begin
/// inside the prefix.</param>
/// <param name="Tokens">Tokens whose keys and values the blocks hold; the last block may be partly filled.</param>
/// <param name="Blocks">Number of blocks.</param>
/// <param name="BytesPerBlock">Bytes of one block.</param>
internal sealed record SavedKv(int FirstToken, int Tokens, int Blocks, int BytesPerBlock)
{
    public const int MaximumBlocks = 1 << 20;
    public const int MaximumBytesPerBlock = 64 << 20;

    public (string Field, string Expected, string Found)? Violation(long sequenceTokens)
    {
        if (Blocks is < 0 or > MaximumBlocks) return ("KV blocks", $"0 to {MaximumBlocks}", $"{Blocks}");
        if (BytesPerBlock is < 0 or > MaximumBytesPerBlock)
            return ("bytes per KV block", $"0 to {MaximumBytesPerBlock}", $"{BytesPerBlock}");
        if (FirstToken < 0 || Tokens < 0 || (long)FirstToken + Tokens > sequenceTokens)
            return ("KV tokens", $"within 0..{sequenceTokens}", $"{Tokens} from {FirstToken}");
        return null;
    }
}

/// <summary>A mind as it was read.</summary>
/// <param name="Mind">What was saved.</param>
/// <param name="KvBlocks">Leading KV blocks that were sound and accepted by the reader; what lies behind them is prefilled from the token
/// log.</param>
/// <param name="KvDamaged">Some KV block is damaged or cut off.</param>
internal sealed record LoadedMind(SavedMind Mind, int KvBlocks, bool KvDamaged);
