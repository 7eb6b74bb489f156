namespace NpcMind;

/// <summary>What comes of the tokens that minds choose: words, actions, ends. Used by the game's thread, within a tick.</summary>
internal sealed class ReplyWriter(NpcRuntime runtime)
{
    private const string BrokenLogits = "The model file is broken, or the device or driver computed wrongly: try another model or device.";

    /// <summary>Tokens said since this was set to 0.</summary>
    public int Said { get; set; }

    /// <summary>Ends a reply for good.</summary>
    public static void EndReply(Mind mind, Reply reply, ReplyEnd end)
    {
        reply.Finish(end);
        reply.Npc.History[^1].SaidTokens = mind.Tokens.Count - reply.FirstToken;
    }

    /// <summary>
    /// Takes the token that a mind chose next, and writes what its grammar then leaves no choice about: that is read in one step with it.
    /// </summary>
    public void Take(Mind mind, int token)
    {
        TakeOne(mind, token);
        if (mind.Reply is not { IsDone: false, Constraint: { } constraint } reply) return;
        foreach (int forced in constraint.Forced())
        {
            if (mind.Reply != reply || reply.IsDone || reply.Constraint != constraint) return;
            TakeOne(mind, forced);
        }
    }

    private void TakeOne(Mind mind, int token)
    {
        if (mind.Reply is not { } reply) return;
        if ((uint)token >= (uint)runtime.Tokenizer.VocabularySize)
        {
            Fail(mind, "None of the model's logits that may be chosen is a finite number. " + BrokenLogits);
            return;
        }

        bool ends = runtime.Tokenizer.IsEndOfGeneration(token);
        ReadOnlySpan<byte> bytes = ends ? default : runtime.Format.Bytes(token);
        // What is legal can have changed since the token was chosen; then it is chosen anew, or the whole action is. A token outside the
        // mask that the device was given would be chosen again for ever.
        if (reply.Constraint is { } constraint)
        {
            if (!constraint.UpdateLegalActions())
            {
                reply.Npc.Conversation.TakeBack(reply.ActionStart);
                return;
            }

            if (!constraint.TryAdvance(token, bytes))
            {
                if (constraint.Error is { } error) Fail(mind, error);
                else if (constraint.MaskIsCurrent)
                    Fail(mind, $"Token {token} is forbidden, and was chosen from the logits. {BrokenLogits}");
                return;
            }
        }

        if (!ends) reply.Npc.Conversation.Append(token);
        if (reply.InAction)
        {
            bool complete = ends || reply.ActionConstraint!.MustEnd;
            if (!complete && mind.Tokens.Count < runtime.Options.ContextTokens) return;
            reply.ActionIsReady = complete;
            EndReply(mind, reply, reply.SpeechEnd);
            return;
        }

        if (ends)
        {
            EndSpeech(mind, reply, ReplyEnd.Completed);
            return;
        }

        Said++;
        bool stopped = reply.Words.Append(bytes);
        reply.NoteFirstWord(runtime.Seconds);
        if (stopped)
        {
            reply.Npc.Conversation.TakeBack(reply.FirstToken + reply.Words.Tokens);
            EndSpeech(mind, reply, reply.Words.StoppedBy < reply.Options.StopStrings.Count ? ReplyEnd.StopString : ReplyEnd.Completed);
        }
        else if (reply.SpeechConstraint is { MustEnd: true }) EndSpeech(mind, reply, ReplyEnd.Completed);
        else if (reply.Words.InThought && reply.Words.ThoughtTokens >= reply.MaxThoughtTokens && TryEndThought(mind, reply)) return;
        else if (reply.Words.SpokenTokens >= reply.Options.MaxTokens || mind.Tokens.Count >= runtime.Options.ContextTokens - 1)
            EndSpeech(mind, reply, ReplyEnd.Length);
    }

    /// <summary>Ends a reply whose grammar cannot be followed any further. What was said of it stays.</summary>
    public void Fail(Mind mind, string error)
    {
        Reply reply = mind.Reply!;
        if (reply.InAction) reply.Npc.Conversation.TakeBack(reply.ActionStart - runtime.ActionOpening.Length);
        reply.Error = error;
        EndReply(mind, reply, ReplyEnd.Failed);
    }

    /// <summary>Ends the words of a reply; its action follows, where one was asked for.</summary>
    public void EndSpeech(Mind mind, Reply reply, ReplyEnd end)
    {
        if (end == ReplyEnd.Length && reply.Options.EndAtSentence && reply.Words.UnfinishedSentence() is >= 0 and int whole)
            CutTo(mind, reply, whole);
        if (reply.ActionConstraint is null || mind.Tokens.Count + runtime.ActionOpening.Length >= runtime.Options.ContextTokens)
        {
            EndReply(mind, reply, end);
            return;
        }

        reply.Words.Finish();
        reply.Npc.Conversation.Append(runtime.ActionOpening);
        reply.SpeechEnd = end;
        reply.ActionStart = mind.Tokens.Count;
        reply.InAction = true;
    }

    /// <summary>Begins a reply: where it may not think, the thought that the template opens is ended.</summary>
    public void Begin(Mind mind, Reply reply)
    {
        if (reply.Words.InThought && reply.MaxThoughtTokens == 0) TryEndThought(mind, reply);
    }

    /// <summary>Ends a thought that has become too long, once, so that the model comes to speak; false where it cannot be ended.</summary>
    private bool TryEndThought(Mind mind, Reply reply)
    {
        int[] end = runtime.Format.ThoughtEnd;
        if (reply.ThoughtWasEnded || reply.GrammarHoldsThoughts || mind.Tokens.Count + end.Length >= runtime.Options.ContextTokens - 1)
            return false;
        reply.ThoughtWasEnded = true;
        foreach (int token in end)
        {
            if (reply.Words.Tokens == reply.Words.Capacity) return false;
            reply.Npc.Conversation.Append(token);
            reply.Words.Append(runtime.Format.Bytes(token));
        }

        return true;
    }

    /// <summary>
    /// Takes back what was said after the first <paramref name="characters"/>, from the text and from the mind; a token that they end
    /// inside of is written anew.
    /// </summary>
    private void CutTo(Mind mind, Reply reply, int characters)
    {
        int keep = reply.Words.TokensWithin(characters), from = reply.Words.CharactersOf(keep);
        int[] rest = from == characters ? [] : runtime.Tokenizer.Encode(reply.Words.Chars(from, characters).ToString());
        reply.Npc.Conversation.TakeBack(reply.FirstToken + keep);
        reply.Npc.Conversation.Append(rest);
        reply.Words.CutTo(characters, rest.Length);
    }
}
