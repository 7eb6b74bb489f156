using System.Runtime.InteropServices;

namespace NpcMind;

/// <summary>
/// The turns a character remembers, what it overheard and saw since the last one, and what is given up where the context is too small.
/// Overheard lines never cost a turn: they take what is free beside the talk, and those of earlier turns are forgotten before any turn is.
/// <see cref="Plan"/> does all that can fail and changes nothing.
/// </summary>
internal sealed class Conversation(NpcRuntime runtime, Mind mind, string name, DatedPrompt systemPrompt)
{
    private DatedPrompt _systemPrompt = systemPrompt;

    /// <summary>Pictures that wait to be spoken about.</summary>
    public const int MaxPendingImages = 4;

    private const int MaxCharactersPerToken = 32;

    public List<Turn> Turns { get; } = [];

    public OverheardLines Overheard { get; } = new(runtime.Tokenizer, runtime.Options.ContextTokens / 4);

    /// <summary>Pictures before its eyes that it has not been spoken to about.</summary>
    public List<TurnImage> PendingImages { get; } = [];

    private int Context => runtime.Options.ContextTokens;

    /// <summary>Tokens that a system prompt must leave free: an ordinary line and its reply fit in there.</summary>
    public static int Reserve(int contextTokens) => Math.Max(32, Math.Min(192, contextTokens / 4));

    /// <summary>Whether a text is so long that a context never holds it, whatever its tokens are. Such texts are refused before they are
    /// rendered.</summary>
    public static bool IsTooLong(string text, int contextTokens) => text.Length > (long)MaxCharactersPerToken * contextTokens;

    /// <summary>The first number from <paramref name="low"/> on that fits, or <paramref name="high"/> for none. What follows one that fits
    /// has to fit, too.</summary>
    public static int FirstThatFits(int low, int high, Func<int, bool> fits)
    {
        while (low < high)
        {
            int middle = (low + high) / 2;
            if (fits(middle)) high = middle;
            else low = middle + 1;
        }

        return low;
    }

    /// <summary>Works out the next turn: what is said, with the pictures and overheard lines that fit.</summary>
    /// <param name="line">What is said.</param>
    /// <param name="replyTokens">Most tokens of the reply.</param>
    /// <exception cref="ContextOverflowException">It does not fit even with everything else forgotten.</exception>
    /// <exception cref="ChatTemplateException">The template cannot render it.</exception>
    public NewTurn Plan(string line, int replyTokens)
    {
        if (IsTooLong(line, Context))
            throw new ContextOverflowException(
                $"{name}: what was said has {line.Length} characters, more than a context of {Context} tokens can hold. Say less.");
        return Fit(line, replyTokens < 0 ? int.MaxValue : replyTokens); // a sum that was too large
    }

    /// <summary>Begins the planned turn, forgetting the oldest ones where the context is too small for it and its reply.</summary>
    public Turn Add(NewTurn added)
    {
        runtime.Format.Template.BeginCall(Turns.Count); // nothing may fail from here on
        Settle();
        foreach (TurnImage turnImage in PendingImages.Take(PendingImages.Count - added.Seen.Count)) turnImage.References--;
        Turn turn = new(added.Heard, added.Seen) { OverheardCharacters = added.OverheardCharacters, HeardTokens = added.Tokens.Length };
        if (Turns.Count == 0) Rewrite(added.Tokens);
        else if (mind.Tokens.Count + added.Tokens.Length + added.ReplyTokens <= Context) mind.Tokens.Append(added.Tokens);
        else Forget(added, turn);
        mind.Seen.AddRange(added.Seen);
        Turns.Add(turn);
        Overheard.Clear();
        PendingImages.Clear();
        return turn;
    }

    /// <summary>Makes other turns, in these tokens, what the mind remembers. Cannot fail.</summary>
    public void Replace(List<Turn> turns, List<int> tokens, DatedPrompt systemPrompt)
    {
        _systemPrompt = systemPrompt;
        foreach (TurnImage image in turns.SelectMany(t => t.Seen)) image.References++;
        foreach (TurnImage image in mind.Seen) image.References--;
        Turns.Clear();
        Turns.AddRange(turns);
        mind.Seen.Clear();
        mind.Seen.AddRange(turns.SelectMany(t => t.Seen));
        Rewrite(CollectionsMarshal.AsSpan(tokens));
        mind.ReadAhead = tokens.Count;
    }

    /// <summary>Adds a token that the character said.</summary>
    public void Append(int token) => mind.Tokens.Append(token);

    /// <summary>Adds tokens that the character says.</summary>
    public void Append(ReadOnlySpan<int> tokens) => mind.Tokens.Append(tokens);

    /// <summary>Takes everything back but the first <paramref name="keep"/> tokens; what the cache holds of it, too.</summary>
    public void TakeBack(int keep)
    {
        mind.Tokens.Truncate(keep);
        runtime.Scheduler.Forget(mind, keep);
    }

    /// <summary>Gives a new character the tokens of a save, in the place of its opening.</summary>
    public void Restore(List<int> tokens)
    {
        mind.Tokens.Truncate(0);
        mind.Tokens.Append(CollectionsMarshal.AsSpan(tokens));
    }

    /// <summary>Forgets what was overheard and seen since the last turn.</summary>
    public void ForgetPending()
    {
        Overheard.Clear();
        foreach (TurnImage image in PendingImages) image.References--;
        PendingImages.Clear();
    }

    private NewTurn Fit(string line, int replyTokens)
    {
        int limit = Context - replyTokens, before = Turns.Count == 0 ? 0 : mind.Tokens.Count;
        List<TurnImage> seen = [.. PendingImages];
        int[] spoken = Render(line, seen);
        int spare = limit - before - spoken.Length;
        if (spare < 0)
        {
            int alone = First(line, seen).Length, all = seen.Count;
            for (; alone > limit && seen.Count > 0; alone = First(line, seen).Length) seen.RemoveAt(0);
            if (alone > limit)
                throw new ContextOverflowException(
                    $"{name}: the system prompt and what was said take {alone} tokens, and the reply up to {replyTokens}; "
                    + $"the context has {Context}. Say less, allow a shorter reply or use a larger context.");
            if (seen.Count < all) spoken = Render(line, seen);
            // Turns will be forgotten until a quarter is free; overheard lines take half of that.
            spare = Turns.Count == 0 ? limit - alone : Math.Min(limit - alone, (Context - mind.Shared) / 8);
        }

        (List<string> lines, int lineTokens) = Overheard.Latest(spare);
        while (lines.Count > 0)
        {
            string overheard = string.Join('\n', lines) + '\n';
            if (TryRender(overheard + line, seen, Turns.Count == 0) is not { } tokens) break;
            int excess = tokens.Length - spoken.Length - spare;
            if (excess <= 0) return new NewTurn(overheard + line, overheard.Length, seen, tokens, spoken.Length, replyTokens);
            (lines, lineTokens) = Overheard.Latest(lineTokens - excess);
        }

        return new NewTurn(line, 0, seen, spoken, spoken.Length, replyTokens);
    }

    /// <summary>
    /// Makes room for a turn and adds its tokens: what was overheard in earlier turns goes first, then the oldest turns. A quarter is freed
    /// at once: reading what is left again is dear, and is needed only then. What was said stays in the tokens that it has; only what
    /// changes is rendered.
    /// </summary>
    private void Forget(NewTurn added, Turn next)
    {
        int count = Turns.Count, aim = Context - added.ReplyTokens - (Context - mind.Shared) / 4, oldest = count;
        int[] starts = new int[count + 1], after = new int[count + 1];
        (starts[count], after[count]) = (mind.Tokens.Count, added.SpokenTokens);
        for (int i = count - 1; i >= 0; i--) starts[i] = starts[i + 1] - Turns[i].HeardTokens - Turns[i].SaidTokens;
        int[]?[] shorter = new int[]?[count];
        bool overheard = false;
        for (int i = count - 1; i >= 0 && after[i + 1] + Turns[i].SaidTokens <= aim; oldest = i--)
        {
            Turn turn = Turns[i];
            overheard |= turn.OverheardCharacters > 0;
            if (turn.OverheardCharacters > 0) shorter[i] = TryRender(turn.Spoken, turn.Seen, first: false, isAnswered: true);
            after[i] = after[i + 1] + turn.SaidTokens + (shorter[i]?.Length ?? turn.HeardTokens);
        }

        if (oldest == 0 && !overheard) oldest = 1; // all of it is what does not fit
        int first = FirstThatFits(oldest, count, i =>
            TryRender(Turns[i].Spoken, Turns[i].Seen, first: true, isAnswered: true) is { } hearing
            && hearing.Length + Turns[i].SaidTokens + after[i + 1] <= aim);
        List<int> tokens = [];
        for (int i = first; i < count; i++)
        {
            Turn turn = Turns[i];
            int said = starts[i + 1] - turn.SaidTokens;
            int[]? hearing = i == first ? First(turn.Spoken, turn.Seen, isAnswered: true) : shorter[i];
            if (hearing is null) tokens.AddRange(mind.Tokens.Span.Slice(starts[i], turn.HeardTokens));
            else
            {
                tokens.AddRange(hearing);
                turn.ForgetOverheard();
                turn.HeardTokens = hearing.Length;
            }

            tokens.AddRange(mind.Tokens.Span.Slice(said, turn.SaidTokens));
        }

        if (first == count)
        {
            int[]? all = TryRender(next.Heard, next.Seen, first: true);
            if (all is null || all.Length + added.ReplyTokens > Context)
            {
                next.ForgetOverheard();
                all = First(next.Heard, next.Seen);
            }

            tokens.AddRange(all);
            next.HeardTokens = all.Length;
        }
        else tokens.AddRange(added.Tokens);

        foreach (TurnImage turnImage in Turns.Take(first).SelectMany(t => t.Seen))
        {
            turnImage.References--;
            mind.Seen.Remove(turnImage);
        }

        Turns.RemoveRange(0, first);
        runtime.TurnsForgotten += first;
        Rewrite(CollectionsMarshal.AsSpan(tokens));
    }

    /// <summary>
    /// Gives the last turn the tokens of one that lies back, where the template writes those without their thoughts. Its action stays.
    /// </summary>
    private void Settle()
    {
        if (Turns.Count == 0 || !runtime.Format.Template.DropsThoughts) return;
        Turn turn = Turns[^1];
        bool isFirst = Turns.Count == 1;
        int start = isFirst ? 0 : mind.Tokens.Count - turn.HeardTokens - turn.SaidTokens;
        if (TryRender(turn.Heard, turn.Seen, isFirst, isAnswered: true) is not { } heard) return;
        int[] past = runtime.Format.PastTurn(_systemPrompt, turn.Heard, turn.Seen, turn.Said, isFirst);
        ReadOnlySpan<int> old = mind.Tokens.Span[^turn.SaidTokens..];
        int at = turn.Reply is { Options.Action: null } ? -1 : old.LastIndexOf(runtime.ActionOpening);
        int[] tail = at < 0 ? [] : old[at..].ToArray();
        int[] tokens = [.. mind.Tokens.Span[..start], .. past, .. tail];
        turn.HeardTokens = heard.AsSpan().CommonPrefixLength(past);
        turn.SaidTokens = past.Length - turn.HeardTokens + tail.Length;
        if (!mind.Tokens.Span.SequenceEqual(tokens)) Rewrite(tokens);
    }

    /// <summary>Gives the mind other tokens; what they begin with alike stays in the cache.</summary>
    private void Rewrite(ReadOnlySpan<int> tokens)
    {
        int same = mind.Tokens.Span.CommonPrefixLength(tokens);
        TakeBack(same);
        mind.Shared = Math.Min(mind.Shared, same); // the words after a prefix can change its last tokens
        mind.Tokens.Append(tokens[same..]);
    }

    private int[] First(string heard, IReadOnlyList<TurnImage> seen, bool isAnswered = false) =>
        runtime.Format.FirstTurn(_systemPrompt, heard, seen, isAnswered);

    /// <summary>What is heard next.</summary>
    private int[] Render(string heard, IReadOnlyList<TurnImage> seen) =>
        Turns.Count == 0 ? First(heard, seen) : runtime.Format.NextTurn(_systemPrompt, heard, seen);

    /// <summary>What is heard in the first turn or a later one; null where the template cannot render it.</summary>
    private int[]? TryRender(string heard, IReadOnlyList<TurnImage> seen, bool first, bool isAnswered = false)
    {
        try
        {
            return first ? First(heard, seen, isAnswered) : runtime.Format.NextTurn(_systemPrompt, heard, seen, isAnswered);
        }
        catch (ChatTemplateException)
        {
            return null;
        }
    }
}
