namespace NpcMind;

/// <summary>How a character answers.</summary>
public sealed record ReplyOptions
{
    /// <summary>0 always says the likeliest; 1 follows the model's own distribution. 0 to 100.</summary>
    public float Temperature { get; init; } = 0.7f;

    /// <summary>Keeps the k likeliest tokens; 0 keeps all.</summary>
    public int TopK { get; init; }

    /// <summary>Keeps the smallest set of likeliest tokens with at least this probability; 1 keeps all.</summary>
    public float TopP { get; init; } = 0.9f;

    /// <summary>Keeps tokens at least this probable relative to the likeliest; 0 keeps all.</summary>
    public float MinP { get; init; }

    /// <summary>Divides positive and multiplies negative logits of recent tokens; 1 is off. Above 0, at most 100.</summary>
    public float RepetitionPenalty { get; init; } = 1.1f;

    /// <summary>Taken from the logit of every token that stands among the recent ones; 0 is off. -100 to 100.</summary>
    public float PresencePenalty { get; init; }

    /// <summary>Taken from the logit of a token once for each time that it stands among the recent ones; 0 is off. -100 to 100.</summary>
    public float FrequencyPenalty { get; init; }

    /// <summary>How many of the latest tokens, heard and said, the three penalties look at. 0 or more.</summary>
    public int PenaltyTokens { get; init; } = 64;

    /// <summary>Most tokens of speech, from 1 to the context.</summary>
    public int MaxTokens { get; init; } = 128;

    /// <summary>
    /// Most tokens of thoughts, for models that think before they speak; they do not count as speech. A longer thought is ended and the
    /// model goes on to speak. Of a context at most a quarter is thought. 0 or more.
    /// </summary>
    public int MaxThoughtTokens { get; init; } = 256;

    /// <summary>Shows what the model thinks as part of the reply, with its marks. Otherwise <see cref="Reply.Thoughts"/> has it.</summary>
    public bool ShowThoughts { get; init; }

    /// <summary>
    /// Ends a reply that reaches <see cref="MaxTokens"/>, or fills the context, at the end of its last whole sentence, where it has one:
    /// text and memory alike. Sentences that begin in the second half of <see cref="MaxTokens"/> come whole, so that what was read is taken
    /// back only where a single sentence is longer than that half.
    /// </summary>
    public bool EndAtSentence { get; init; }

    /// <summary>Speech ends before the first of these.</summary>
    public IReadOnlyList<string> StopStrings { get; init; } = [];

    /// <summary>Action that follows the speech; null for none.</summary>
    public ActionType? Action { get; init; }

    /// <summary>
    /// What of the action is legal; looked at whenever a token of it is chosen. Null for everything; only together with <see
    /// cref="Action"/>.
    /// </summary>
    public LegalActions? LegalActions { get; init; }

    /// <summary>
    /// Grammar that the speech follows; null for free speech. Thoughts before the speech are free, unless the grammar holds the mark that
    /// ends them.
    /// </summary>
    public Grammar? Grammar { get; init; }

    /// <summary>
    /// Characters the reader reads in a second; thinking keeps <see cref="LeadTokens"/> ahead and no further. Above 0; infinity thinks as
    /// fast as budgets allow.
    /// </summary>
    public double CharactersPerSecond { get; init; } = double.PositiveInfinity;

    /// <summary>Tokens that the text leads its reader by, where it is paced; 1 or more.</summary>
    public int LeadTokens { get; init; } = 8;

    /// <summary>When the first word should be there; later ones are due at the reader's pace.</summary>
    public TimeSpan FirstWordDeadline { get; init; } = TimeSpan.FromSeconds(1);
}
