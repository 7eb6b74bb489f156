using NpcMind.Core;

namespace NpcMind;

/// <content>The conversation as a game reads and edits it. What is edited is read again within the budgets of the coming ticks.</content>
public sealed partial class Npc
{
    /// <summary>
    /// Returns the conversation that the character remembers, oldest line first: what it overheard, heard and said, the reply under way
    /// included. A line of the game's own (speaker "") that was overheard with line ends in it comes back as several. Makes a new list each
    /// time. Game's thread.
    /// </summary>
    public IReadOnlyList<ConversationTurn> GetConversation()
    {
        _runtime.CheckThread();
        List<ConversationTurn> lines = [];
        foreach (Turn turn in History)
        {
            if (turn.OverheardCharacters > 0)
                lines.AddRange(turn.Heard[..turn.OverheardCharacters].TrimEnd('\n').Split('\n').Select(Overheard));
            (string speaker, string text) = SpokenLine.Split(turn.Spoken);
            lines.Add(new ConversationTurn(ConversationTurnKind.Heard, speaker, text) { Images = turn.Seen.Count });
            if (turn.Said.Length > 0) lines.Add(new ConversationTurn(ConversationTurnKind.Said, Name, turn.Said));
        }

        lines.AddRange(Pending.Select(Overheard));
        return lines;

        static ConversationTurn Overheard(string line)
        {
            (string speaker, string text) = SpokenLine.Split(line);
            return new ConversationTurn(ConversationTurnKind.Overheard, speaker, text);
        }
    }

    /// <summary>
    /// Gives the character another conversation to remember, e.g. one that the game wrote. A reply under way is interrupted; images are
    /// forgotten. Of more than the context holds the oldest lines are left out. Game's thread.
    /// </summary>
    /// <param name="lines">Oldest first. An answer follows a line that was heard, one for each at most; whoever its speaker is, it becomes
    /// this character's.</param>
    /// <exception cref="ArgumentException">An answer follows no line that was heard, or a line lacks something. Nothing has
    /// changed.</exception>
    /// <exception cref="ContextOverflowException">Not even the last line fits. Nothing has changed.</exception>
    /// <exception cref="ObjectDisposedException">The character was removed.</exception>
    public void SetConversation(IEnumerable<ConversationTurn> lines)
    {
        ArgumentNullException.ThrowIfNull(lines);
        CheckUse();
        List<Turn> turns = [];
        List<string> overheard = [];
        bool answered = true;
        int at = 0;
        foreach (ConversationTurn line in lines)
        {
            if (line is not { Speaker: not null, Text: not null } || !Enum.IsDefined(line.Kind))
                throw new ArgumentException($"Line {at} has no speaker, no text or an unknown kind.", nameof(lines));
            at++;
            if (line.Kind == ConversationTurnKind.Said)
            {
                if (answered || overheard.Count > 0)
                    throw new ArgumentException(
                        $"'{PrintableText.Escape(line.Text.Length > 40 ? line.Text[..40] + "..." : line.Text)}' answers nothing: put the " +
                            $"line that {Name} heard before it.", nameof(lines));
                turns[^1].Said = line.Text;
                answered = true;
                continue;
            }

            string spoken = SpokenLine.Of(line.Speaker, line.Text);
            if (line.Kind == ConversationTurnKind.Overheard)
            {
                overheard.Add(spoken);
                continue;
            }

            string before = overheard.Count == 0 ? "" : string.Join('\n', overheard) + '\n';
            turns.Add(new Turn(before + spoken) { OverheardCharacters = before.Length });
            overheard.Clear();
            answered = false;
        }

        Rewrite(turns, SystemPrompt);
        Conversation.ForgetPending();
        foreach (string line in overheard) Conversation.Overheard.Add(line);
    }

    /// <summary>
    /// Forgets the whole conversation, with what was overheard and seen. A reply under way is interrupted. Game's thread.
    /// </summary>
    /// <exception cref="ObjectDisposedException">The character was removed.</exception>
    public void Forget() => SetConversation([]);

    /// <summary>
    /// Forgets the oldest turns of the conversation. A reply under way is interrupted, and keeps what <see cref="NpcMind.Reply.TryRead"/>
    /// gave of it. Game's thread.
    /// </summary>
    /// <param name="turns">How many, of <see cref="TurnCount"/>; 0 or more.</param>
    /// <exception cref="ArgumentOutOfRangeException">Below 0.</exception>
    /// <exception cref="ObjectDisposedException">The character was removed.</exception>
    public void Forget(int turns)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(turns);
        CheckUse();
        Rewrite([.. History.Skip(turns)], SystemPrompt);
    }

    /// <summary>Changes who the character is. Its conversation stays, and is read again; a reply under way is interrupted.</summary>
    private void ChangePersona(string persona)
    {
        CheckUse();
        DatedPrompt system = new(NpcRuntime.SystemPrompt(Prefix, persona), Date);
        _runtime.CheckOpening(Name, system);
        Rewrite([.. History], system);
        _persona = persona;
    }

    /// <summary>Makes other turns, after another system prompt, what the mind remembers. All that can fail is done first.</summary>
    private void Rewrite(List<Turn> turns, DatedPrompt system)
    {
        _runtime.Format.Template.BeginCall(turns.Count);
        Turn[] before = [.. turns];
        int[] heard = [.. before.Select(t => t.HeardTokens)], said = [.. before.Select(t => t.SaidTokens)];
        // A reply under way counts as far as it will have been heard.
        (Reply? reply, Turn? last) = Mind.Reply is { } underWay ? (underWay, History[^1]) : (null, null);
        if (reply is not null) last!.Said = reply.SaidWithin(reply.ReadCharacters);
        List<int> tokens;
        try
        {
            tokens = MindLoader.Rebuild(_runtime, Name, turns, system);
        }
        catch
        {
            for (int i = 0; i < before.Length; i++) (before[i].HeardTokens, before[i].SaidTokens) = (heard[i], said[i]);
            throw;
        }
        finally
        {
            if (reply is not null) last!.Said = null;
        }

        if (reply is not null)
        {
            int saidTokens = last!.SaidTokens;
            Interrupt(reply.ReadCharacters);
            last.SaidTokens = saidTokens;
        }

        foreach (Turn turn in turns) turn.IsRewritten = true;
        _runtime.TurnsForgotten += before.Length - turns.Count;
        Conversation.Replace(turns, tokens, system);
    }

    private void CheckUse()
    {
        ObjectDisposedException.ThrowIf(IsDisposed, this);
        _runtime.CheckThread();
    }
}
