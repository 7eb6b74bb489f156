using System.Text;
using NpcMind.Scheduling;

namespace NpcMind;

/// <summary>A reply that was under way when its mind was saved. <see cref="Prepare"/> does all that can fail, before anything is
/// replaced.</summary>
internal sealed class ResumedReply
{
    private readonly SavedReply _saved;
    private readonly ReplyOptions _options;
    private readonly bool _sameTokens;
    private readonly Constraint? _speech;
    private readonly Constraint? _action;
    private readonly bool _follows = true;

    private ResumedReply(
        NpcRuntime runtime, SavedMind saved, SavedReply reply, Grammar? grammar, LegalActions? legal, bool sameTokens, SavedMindCheck check)
    {
        _saved = reply;
        _sameTokens = sameTokens;
        ActionType? type = reply.Action is null ? null : ActionType.Find(reply.Action);
        if (legal?.Type != type) legal = null;
        SavedSampler s = saved.Sampler;
        int context = runtime.Options.ContextTokens;
        _options = new ReplyOptions
        {
            Temperature = s.Temperature,
            TopK = s.TopK,
            TopP = s.TopP,
            MinP = s.MinP,
            RepetitionPenalty = s.RepetitionPenalty,
            PresencePenalty = s.PresencePenalty,
            FrequencyPenalty = s.FrequencyPenalty,
            PenaltyTokens = s.PenaltyTokens,
            MaxTokens = Math.Clamp(reply.MaximumTokens, Math.Clamp(reply.GeneratedTokens, 1, context), context),
            MaxThoughtTokens = Math.Min(reply.MaximumThoughtTokens, context),
            ShowThoughts = reply.ShowsThoughts,
            EndAtSentence = reply.EndsAtSentence,
            StopStrings = reply.StopStrings,
            Action = type,
            LegalActions = legal,
            Grammar = grammar,
        };
        try
        {
            if (grammar is not null && reply.Phase == MindSaves.Speech) _speech = Speech(runtime, grammar, check, out _follows);
            if (type is null) return;
            _action = new Constraint(runtime.Constraints, null, type, legal);
            _action.Begin();
        }
        catch
        {
            Release();
            throw;
        }
    }

    /// <summary>Makes ready what the reply of a save needs; null where none was under way.</summary>
    /// <param name="runtime">Where it goes on.</param>
    /// <param name="saved">The save.</param>
    /// <param name="legal">What of its action is legal.</param>
    /// <param name="sameTokens">Whether the mind has the tokens of the save.</param>
    /// <param name="check">Makes errors of the save.</param>
    /// <exception cref="SaveFormatException">Its grammar cannot be used.</exception>
    /// <exception cref="GrammarException">What is legal of its action cannot be used, or the vocabulary cannot write it.</exception>
    public static ResumedReply? Prepare(NpcRuntime runtime, SavedMind saved, LegalActions? legal, bool sameTokens, SavedMindCheck check)
    {
        if (saved.Reply is not { } reply) return null;
        if (Conversation.IsTooLong(reply.Text, runtime.Options.ContextTokens))
            throw check.Error($"a reply that a context holds", $"{reply.Text.Length} characters");
        Grammar? grammar = null;
        try
        {
            if (reply.Grammar is { } text) grammar = Grammar.Parse(text, saved.Name);
        }
        catch (GrammarException e)
        {
            throw check.Error($"a grammar", $"{e.Message}", e);
        }

        return new ResumedReply(runtime, saved, reply, grammar, legal, sameTokens, check);
    }

    /// <summary>Goes on with it as the reply of <paramref name="npc"/>. An action asked for by a type that is no longer known ends the
    /// reply after its speech.</summary>
    public void GoOn(NpcRuntime runtime, Npc npc)
    {
        Mind mind = npc.Mind;
        Turn turn = npc.History[^1];
        int first = mind.Tokens.Count - turn.SaidTokens,
            spoken = _sameTokens ? Math.Min(_saved.GeneratedTokens, turn.SaidTokens) : turn.SaidTokens;
        Reply going = new(npc, _options, new ReadingPace(double.PositiveInfinity, _options.LeadTokens), runtime.Seconds,
            hasThought: !_sameTokens && turn.SaidTokens > 0)
        {
            SpeechConstraint = _speech,
            ActionConstraint = _action,
            FirstToken = first,
            ActionStart = first,
        };
        for (int i = 0; i < spoken && i < going.Words.Capacity; i++) going.Words.Append(runtime.Format.Bytes(mind.Tokens[first + i]));
        going.ReadCharacters = _saved.ReadCharacters;
        turn.Reply = mind.LastReply = going;
        turn.Said = null; // from now on what the reply says
        if (mind.Slot >= 0) runtime.Engine.SetSampler(mind.Slot, npc.Sampler(_options));
        if (_saved.Phase == MindSaves.Speech)
        {
            if (!_follows || going.Words.SpokenTokens >= _options.MaxTokens || mind.Tokens.Count >= runtime.Options.ContextTokens - 1)
                runtime.Replies.EndSpeech(mind, going, ReplyEnd.Length);
            return;
        }

        going.Words.End(_saved.Text);
        int written = turn.SaidTokens - spoken - runtime.ActionOpening.Length;
        if (_sameTokens && written >= 0 && _action is not null && _action.TryReplay(_saved.ConstraintBytes) && !_action.MustEnd
            && mind.Tokens.Count < runtime.Options.ContextTokens)
        {
            going.InAction = true;
            going.SpeechEnd = (ReplyEnd)_saved.Phase;
            going.ActionStart = mind.Tokens.Count - written;
            return;
        }

        npc.Conversation.TakeBack(first + spoken);
        runtime.Replies.EndSpeech(mind, going, (ReplyEnd)_saved.Phase); // the action is written anew
    }

    /// <summary>Gives back what it holds, where it does not go on.</summary>
    public void Release()
    {
        _speech?.Release();
        _action?.Release();
    }

    /// <summary>The grammar of the speech, brought to where the speech stands.</summary>
    private Constraint Speech(NpcRuntime runtime, Grammar grammar, SavedMindCheck check, out bool follows)
    {
        Constraint? speech = null;
        try
        {
            speech = new Constraint(runtime.Constraints, grammar, null, null);
            follows = speech.TryReplay(_sameTokens ? _saved.ConstraintBytes : Encoding.UTF8.GetBytes(_saved.Text));
            if (speech.Error is { } error) throw check.Error($"a grammar that can be followed", $"{error}");
            if (!follows && _sameTokens) throw check.Error($"a reply that its grammar allows", $"another");
            if (follows) speech.Begin();
            return speech;
        }
        catch (GrammarException e)
        {
            speech?.Release();
            throw check.Error($"a grammar that can be followed", $"{e.Message}", e);
        }
    }
}
