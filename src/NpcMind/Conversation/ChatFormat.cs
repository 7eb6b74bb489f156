using NpcMind.Gguf;
using NpcMind.Text;

namespace NpcMind;

/// <summary>A system prompt, and the date that its template may write.</summary>
/// <param name="Text">The prompt.</param>
/// <param name="Date">Null for the runtime's.</param>
internal readonly record struct DatedPrompt(string Text, DateTime? Date)
{
    public static implicit operator DatedPrompt(string text) => new(text, null);
}

/// <summary>
/// A model's chat template as the pieces that conversations are made of, in tokens: how it opens, the first turn, and what stands between
/// one answer and the next. Words of players never become control tokens. Templates without a system role get its text at the head of the
/// first turn. Pictures stand where the template puts them, or at the head of their turn where it knows none.
/// </summary>
internal sealed class ChatFormat
{
    private readonly Tokenizer _tokenizer;
    private readonly int _mostThoughts;

    /// <param name="file">Model.</param>
    /// <param name="tokenizer">Its tokenizer.</param>
    /// <param name="options">Date, variables and marks of thoughts.</param>
    /// <param name="placeholder">What the template writes where a picture belongs; null for a model without eyes.</param>
    /// <exception cref="ChatTemplateException">The template cannot render a conversation of a system prompt and turns.</exception>
    /// <exception cref="ArgumentException">A variable cannot be passed to templates.</exception>
    public ChatFormat(GgufFile file, Tokenizer tokenizer, NpcRuntimeOptions options, string? placeholder = null)
    {
        _tokenizer = tokenizer;
        Date = options.Date ?? options.Clock.GetLocalNow().Date;
        Dictionary<string, System.Text.Json.JsonElement> variables = new(StringComparer.Ordinal);
        TemplateVariables.AddTokens(file.Metadata, variables);
        if (tokenizer.BosId is { } bos) variables["bos_token"] = TemplateVariables.Json(tokenizer.Piece(bos));
        if (tokenizer.EosId is { } eos) variables["eos_token"] = TemplateVariables.Json(tokenizer.Piece(eos));
        if (options.TemplateVariables is { } given) TemplateVariables.Add(given, variables);
        Template = ConversationTemplate.Create(file.Metadata, file.Path, new ConversationSettings
        {
            Date = Date,
            DateIsChosen = options.Date is not null,
            Variables = variables,
            Thoughts = options.ThoughtMarks,
            IsToken = text => tokenizer.Encode(text, parseSpecial: true).Length == 1,
            Placeholder = placeholder,
        });
        _mostThoughts = options.ContextTokens / 4;
        if (Template.Thoughts is not { } marks) return;
        ThoughtEnd = tokenizer.Encode(marks.Close + "\n\n", parseSpecial: true);
        MarkTokens =
            [.. new[] { marks.Open, marks.Close }.SelectMany(m => tokenizer.Encode(m, parseSpecial: true)).Where(tokenizer.IsControl)];
    }

    /// <summary>The template.</summary>
    public ConversationTemplate Template { get; }

    /// <summary>The date of conversations that are begun now.</summary>
    public DateTime Date { get; }

    /// <summary>Renderings so far, for tests of what a call costs.</summary>
    internal long Renderings { get; private set; }

    /// <summary>Tokens that end a thought.</summary>
    public int[] ThoughtEnd { get; } = [];

    /// <summary>Control tokens that are part of a mark of thoughts.</summary>
    public int[] MarkTokens { get; } = [];

    /// <summary>
    /// Tokens after which a thought is ended for the model: what is asked for, but no more than a quarter of the context.
    /// </summary>
    public int MaxThoughtTokens(ReplyOptions options) => Template.Thoughts is null ? 0 : Math.Min(options.MaxThoughtTokens, _mostThoughts);

    /// <summary>Most tokens of thoughts with their end.</summary>
    public int ThoughtRoom(ReplyOptions options) => Template.Thoughts is null ? 0 : MaxThoughtTokens(options) + ThoughtEnd.Length + 1;

    /// <summary>
    /// The bytes of a token as a reply shows them; those of marks of thoughts are there even where they are control tokens.
    /// </summary>
    public ReadOnlySpan<byte> Bytes(int token) => _tokenizer.Bytes(token, MarkTokens.Length > 0 && Array.IndexOf(MarkTokens, token) >= 0);

    /// <summary>What a conversation with this system prompt begins with, as far as it is known before anything is said.</summary>
    public int[] Opening(DatedPrompt system) => Begin(Template.Opening(system.Text, system.Date), []);

    /// <summary>
    /// Everything up to the first answer. Where the answer lies back it is the history's form, which may differ from what an answer begins
    /// with.
    /// </summary>
    public int[] FirstTurn(DatedPrompt system, string heard, IReadOnlyList<TurnImage>? seen = null, bool isAnswered = false) =>
        Begin(Template.FirstTurn(system.Text, system.Date, heard, seen?.Count ?? 0, isAnswered), seen ?? []);

    /// <summary>What stands between an answer and the next: the end of the turn, what was heard, the start of the answer.</summary>
    public int[] NextTurn(DatedPrompt system, string heard, IReadOnlyList<TurnImage>? seen = null, bool isAnswered = false) =>
        Encode(Template.NextTurn(system.Text, system.Date, heard, seen?.Count ?? 0, isAnswered), seen ?? []);

    /// <summary>A turn that lies back, in the tokens of the template: what was heard and what was said.</summary>
    public int[] PastTurn(DatedPrompt system, string heard, IReadOnlyList<TurnImage> seen, string said, bool isFirst)
    {
        ConversationPiece piece = isFirst
            ? Template.FirstTurn(system.Text, system.Date, heard, seen.Count, isAnswered: true)
            : Template.NextTurn(system.Text, system.Date, heard, seen.Count, isAnswered: true);
        piece = piece with { Segments = [.. piece.Segments, new PromptSegment(Template.PastAnswer(said), false)] };
        return isFirst ? Begin(piece, seen) : Encode(piece, seen);
    }

    /// <summary>A template that does not write BOS itself gets it at the start, where the model wants it.</summary>
    private int[] Begin(ConversationPiece piece, IReadOnlyList<TurnImage> seen)
    {
        int[] ids = Encode(piece, seen);
        return _tokenizer is { AddsBos: true, BosId: { } bos } && (ids.Length == 0 || ids[0] != bos) ? [bos, .. ids] : ids;
    }

    /// <summary>Tokens of a prompt, with the tokens of pictures where their places are.</summary>
    private int[] Encode(ConversationPiece piece, IReadOnlyList<TurnImage> seen)
    {
        Renderings++;
        if (seen.Count == 0) return _tokenizer.Encode(piece.Segments);
        List<int> ids = [];
        List<PromptSegment> text = [];
        int next = 0;
        foreach (PromptSegment segment in piece.Segments)
        {
            string rest = segment.Text;
            // A placeholder in a player's words is words.
            while (next < seen.Count && (segment.Trusted || !piece.PlaceIsTrusted)
                && rest.IndexOf(piece.Place, StringComparison.Ordinal) is >= 0 and int at)
            {
                TurnImage turnImage = seen[next++];
                text.Add(segment with { Text = rest[..at] + turnImage.Beside });
                _tokenizer.Encode(text, ids);
                text.Clear();
                ids.AddRange(turnImage.Tokens);
                rest = turnImage.Beside + rest[(at + piece.Place.Length)..];
            }

            text.Add(segment with { Text = rest });
        }

        _tokenizer.Encode(text, ids);
        return [.. ids];
    }
}
