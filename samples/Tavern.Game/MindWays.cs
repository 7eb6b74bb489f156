using NpcMind;

namespace Tavern.Game;

/// <summary>How a model is asked: the shipped mind as it was trained, any other as its file recommends.</summary>
internal sealed class MindWays
{
    /// <summary>What the shipped mind calls itself (general.name).</summary>
    public const string ShippedMind = "NpcMind Tavern";
    private const string Briefly = "Everybody answers in one or two short sentences.";
    private const int ShippedTokens = 48, OtherTokens = 80;
    private readonly ReplyOptions _options;

    /// <param name="modelName">What the model calls itself.</param>
    /// <param name="recommended">Its own sampling.</param>
    /// <param name="mostTokens">Most tokens of an answer; null for what suits the model.</param>
    public MindWays(string modelName, ReplyOptions recommended, int? mostTokens)
    {
        IsShipped = modelName == ShippedMind;
        _options = IsShipped ? new ReplyOptions { Temperature = 0, RepetitionPenalty = 1, MaxTokens = mostTokens ?? ShippedTokens }
            : recommended with { MaxTokens = mostTokens ?? OtherTokens, EndAtSentence = true };
        _options = _options with { CharactersPerSecond = Bubble.CharactersPerSecond };
    }

    /// <summary>
    /// Whether it is the shipped mind, which writes an action with every answer to the player, because it was trained so.
    /// </summary>
    public bool IsShipped { get; }

    /// <summary>
    /// Returns what all minds begin with. Others than the shipped one know people who talk in taverns, and need to be told to keep it
    /// short.
    /// </summary>
    public string Opening(string facts) => IsShipped ? facts : $"{facts}\n{Briefly}";

    /// <summary>Returns the options of an answer.</summary>
    /// <param name="legal">What may be done with it; null for nothing.</param>
    public ReplyOptions For(LegalActions? legal) => legal is null ? _options : _options with { Action = legal.Type, LegalActions = legal };
}
