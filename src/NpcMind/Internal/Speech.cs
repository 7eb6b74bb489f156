namespace NpcMind;

/// <summary>What comes of the tokens that minds choose: words, actions, ends. Used by the game's thread, within a tick.</summary>
internal sealed class Speech(NpcRuntime runtime)
{
    /// <summary>Tokens said since this was set to 0.</summary>
    public int Said { get; set; }

    /// <summary>Ends a reply for good.</summary>
    public static void EndReply(Mind mind, Reply reply, ReplyEnd end)
    {
        mind.Reply = null;
        reply.Finish(end);
        reply.Npc.History[^1].SaidTokens = mind.Tokens.Count - reply.FirstToken;
    }

    /// <summary>Takes the token that a mind chose next.</summary>
    public void Take(Mind mind, int token)
    {
        if (mind.Reply is not { } reply) return;
        bool ends = token >= runtime.Tokenizer.VocabularySize || runtime.Tokenizer.IsEndOfGeneration(token); // a model can have rows that no token has
        ReadOnlySpan<byte> bytes = ends ? default : runtime.Tokenizer.Bytes(token);
        // What is legal can have changed since the token was chosen; then it is chosen anew, or the whole action is.
        if (reply.Constraint is { } constraint)
        {
            if (!constraint.FollowLegal())
            {
                runtime.Thinking.Truncate(mind, reply.ActionStart);
                return;
            }

            if (!ends && !constraint.TryAdvance(token, bytes))
            {
                if (constraint.Trouble is { } trouble) Fail(mind, trouble);
                return;
            }
        }

        if (!ends) mind.Tokens.Add(token);
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
            EndSpeech(mind, reply, ReplyEnd.Said);
            return;
        }

        Said++;
        bool stopped = reply.Words.Append(bytes);
        reply.NoteFirstWord(runtime.Seconds);
        if (stopped)
        {
            runtime.Thinking.Truncate(mind, reply.FirstToken + reply.Words.Tokens);
            EndSpeech(mind, reply, ReplyEnd.StopString);
        }
        else if (reply.SpeechConstraint is { MustEnd: true }) EndSpeech(mind, reply, ReplyEnd.Said);
        else if (reply.Words.Tokens == reply.Options.MaxTokens || mind.Tokens.Count >= runtime.Options.ContextTokens - 1) EndSpeech(mind, reply, ReplyEnd.Length);
    }

    /// <summary>Ends a reply whose grammar cannot be followed any further. What was said of it stays.</summary>
    public void Fail(Mind mind, string trouble)
    {
        Reply reply = mind.Reply!;
        if (reply.InAction) runtime.Thinking.Truncate(mind, reply.ActionStart - runtime.ActionOpening.Length);
        reply.Trouble = trouble;
        EndReply(mind, reply, ReplyEnd.Failed);
    }

    /// <summary>Ends the words of a reply; its action follows, where one was asked for.</summary>
    public void EndSpeech(Mind mind, Reply reply, ReplyEnd end)
    {
        if (end == ReplyEnd.Length && reply.Options.EndAtSentence && reply.Words.UnfinishedSentence() is >= 0 and int whole) CutTo(mind, reply, whole);
        if (reply.ActionConstraint is null || mind.Tokens.Count + runtime.ActionOpening.Length >= runtime.Options.ContextTokens)
        {
            EndReply(mind, reply, end);
            return;
        }

        reply.Words.Finish();
        mind.Tokens.AddRange(runtime.ActionOpening);
        reply.SpeechEnd = end;
        reply.ActionStart = mind.Tokens.Count;
        reply.InAction = true;
    }

    /// <summary>Takes back what was said after the first <paramref name="characters"/>, from the text and from the mind; a token that they end inside of is written anew.</summary>
    private void CutTo(Mind mind, Reply reply, int characters)
    {
        int keep = reply.Words.TokensWithin(characters), from = reply.Words.CharactersOf(keep);
        int[] rest = from == characters ? [] : runtime.Tokenizer.Encode(reply.Words.Chars(from, characters).ToString());
        runtime.Thinking.Truncate(mind, reply.FirstToken + keep);
        mind.Tokens.AddRange(rest);
        reply.Words.CutTo(characters, rest.Length);
    }
}
