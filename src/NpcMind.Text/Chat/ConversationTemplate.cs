using System.Text.Json;
using NpcMind.Gguf;

namespace NpcMind.Text;

/// <summary>What a conversation is given beside its messages.</summary>
internal sealed record ConversationSettings
{
    /// <summary>The date that templates may write.</summary>
    public DateTime Date { get; init; }

    /// <summary>
    /// Whether somebody chose the date: then it is also the variable <c>date_string</c>, which some templates have a date of their own for.
    /// </summary>
    public bool DateIsChosen { get; init; }

    /// <summary>Further variables: the control tokens, and the game's.</summary>
    public IReadOnlyDictionary<string, JsonElement> Variables { get; init; } = new Dictionary<string, JsonElement>();

    /// <summary>Marks of thoughts; null to find them, texts of no length for none.</summary>
    public ThoughtMarks? Thoughts { get; init; }

    /// <summary>Whether a text is one token of the vocabulary.</summary>
    public Func<string, bool> IsToken { get; init; } = _ => false;

    /// <summary>What the template writes where a picture belongs; null for a model without eyes.</summary>
    public string? Placeholder { get; init; }
}

/// <summary>A piece of a conversation.</summary>
/// <param name="Segments">Its text.</param>
/// <param name="Place">What stands in it where pictures belong.</param>
/// <param name="PlaceIsTrusted">Whether that counts only where the template wrote it.</param>
internal readonly record struct ConversationPiece(IReadOnlyList<PromptSegment> Segments, string Place, bool PlaceIsTrusted);

/// <summary>
/// A model's chat template as the pieces that conversations are made of: how it opens, the first turn, and what stands between one answer
/// and the next. Everything that can be known of a template is tried when it is made, so that it fails then or not at all. Used by one
/// thread.
/// </summary>
internal sealed partial class ConversationTemplate
{
    /// <summary>Most steps for a conversation of two short turns: a template that needs more would stop a game's frames.</summary>
    public const long ShortSteps = 50_000;

    /// <summary>Most steps for all that one call of a game renders, some 50 ms.</summary>
    public const long CallSteps = 1_000_000;

    private readonly ChatTemplate _template;
    private readonly ConversationSettings _settings;
    private readonly string _name;
    private readonly string _source;
    private readonly Dictionary<string, JsonElement> _variables;
    private readonly bool _hasSystem;
    private readonly bool _inParts;
    private readonly bool _repeatsSystem;
    private readonly bool _trims;
    private readonly bool _hasPlaceholder;
    private readonly bool _isReady;
    private readonly int _longestRun;
    private bool _hasFailed;
    private long _steps;

    private ConversationTemplate(ChatTemplate template, ConversationSettings settings, Dictionary<string, JsonElement> variables)
    {
        (_template, _settings, _variables, _name, _source, _isReady) = (template, settings, variables, "", "", true);
    }

    private ConversationTemplate(
        ChatTemplate template, string source, string name, ConversationSettings settings, Dictionary<string, JsonElement> variables)
    {
        _template = template;
        _source = source;
        _name = name;
        _settings = settings;
        _variables = variables;
        _longestRun = LongestRun(source);
        _hasSystem = RendersSystem();
        if (!_hasSystem && !Shows(Message("user", Mark)))
        {
            _inParts = true; // some take nothing but lists of parts
            _hasSystem = RendersSystem();
        }

        CheckTurns();
        string prompt = Text(After(Render(First("a", Mark, 0, ""), true, null), Mark));
        _repeatsSystem = Text(Next(Mark, null, "b", 0, isAnswered: false)).Contains(Mark, StringComparison.Ordinal);
        string? placeholder = settings.Placeholder;
        _hasPlaceholder = placeholder is not null && Render([new ChatMessage("user", "x", 1)], false, null)
            .Count(s => s.Trusted && s.Text.Contains(placeholder, StringComparison.Ordinal)) == 1;
        ThoughtMarks? marks = settings.Thoughts ?? ThoughtMarkFinder.Find(source, prompt, settings.IsToken);
        if (marks is { Open.Length: > 0, Close.Length: > 0 })
        {
            Thoughts = marks;
            OpensThought = marks.AreOpenIn(prompt);
            DropsThoughts = Drops(marks);
            _trims = !Past(Mark + " ").Contains(Mark + " ", StringComparison.Ordinal);
        }

        _isReady = true;
        BeginCall();
    }

    /// <summary>Whether the file has a template; without one conversations look like a play.</summary>
    public bool HasTemplate { get; private init; }

    /// <summary>What an answer ends before: the turns of the form that stands in for a missing template.</summary>
    public IReadOnlyList<string> StopStrings => HasTemplate ? [] : BuiltInTemplates.PlainTurns;

    /// <summary>The marks of thoughts; null for a model that is not known to think.</summary>
    public ThoughtMarks? Thoughts { get; }

    /// <summary>Whether the template itself opens a thought where an answer begins.</summary>
    public bool OpensThought { get; }

    /// <summary>Whether the template leaves thoughts out of answers that lie back.</summary>
    public bool DropsThoughts { get; }

    /// <summary>Reads a file's template and tries it.</summary>
    /// <param name="metadata">Of the model.</param>
    /// <param name="path">Of the file, for messages.</param>
    /// <param name="settings">Date, variables and marks.</param>
    /// <exception cref="ChatTemplateException">The template cannot render a conversation of a system prompt and turns, writes each turn
    /// differently, or takes too long.</exception>
    public static ConversationTemplate Create(GgufMetadata metadata, string path, ConversationSettings settings)
    {
        ArgumentNullException.ThrowIfNull(metadata);
        ArgumentNullException.ThrowIfNull(settings);
        string? source = BuiltInTemplates.Of(metadata);
        string name = path + " " + BuiltInTemplates.Key;
        ChatTemplate template = ChatTemplate.Parse(source ?? BuiltInTemplates.Plain, name);
        ChatTemplateException? first = null;
        ConversationTemplate? half = null;
        foreach (Dictionary<string, JsonElement> variables in Absent(settings))
        {
            try
            {
                ConversationTemplate made =
                    new(template, source ?? BuiltInTemplates.Plain, name, settings, variables) { HasTemplate = source is not null };
                if (!made._hasFailed) return made;
                half ??= made; // renders, but not all of what was tried
            }
            catch (ChatTemplateException e) when (e.Fault is ChatTemplateFault.Evaluation or ChatTemplateFault.Raised)
            {
                first ??= e;
            }
            catch (ChatTemplateException e) when (e.Fault == ChatTemplateFault.Limit)
            {
                throw new ChatTemplateException(name, e.Line, ChatTemplateFault.Limit, "a conversation of two short turns takes more than "
                    + $"{ShortSteps} steps, or does not end: it would stop the game. Take another model file, or correct its template", e);
            }
        }

        return half ?? throw first!;
    }

    /// <summary>Begins a call of the game: all that is rendered until the next one is paid from <see cref="CallSteps"/>.</summary>
    /// <param name="turns">Turns that the call may have to render.</param>
    public void BeginCall(int turns = 0) => _steps = CallSteps + turns * ShortSteps;

    /// <summary>
    /// As <see cref="Create"/>, for tools: of a template that characters cannot use single conversations may still be rendered.
    /// </summary>
    /// <exception cref="ChatTemplateException">The template cannot be parsed.</exception>
    public static ConversationTemplate CreateUntried(GgufMetadata metadata, string path, ConversationSettings settings)
    {
        ArgumentNullException.ThrowIfNull(metadata);
        ArgumentNullException.ThrowIfNull(settings);
        try
        {
            return Create(metadata, path, settings);
        }
        catch (ChatTemplateException)
        {
            string? source = BuiltInTemplates.Of(metadata);
            return new ConversationTemplate(ChatTemplate.Parse(source ?? BuiltInTemplates.Plain, path + " " + BuiltInTemplates.Key),
                settings, Absent(settings).First())
            { HasTemplate = source is not null };
        }
    }

    /// <summary>Renders messages as they are, given as JSON, with the same variables.</summary>
    /// <param name="messages">The conversation.</param>
    /// <param name="addGenerationPrompt">Whether to end with the start of an answer.</param>
    /// <param name="variables">Variables in place of the same; null for none.</param>
    public IReadOnlyList<PromptSegment> Render(
        JsonElement messages, bool addGenerationPrompt, IReadOnlyDictionary<string, JsonElement>? variables = null)
    {
        Dictionary<string, JsonElement> all = Variables(null);
        foreach ((string variable, JsonElement value) in variables ?? new Dictionary<string, JsonElement>()) all[variable] = value;
        return _template.RenderBare(messages, addGenerationPrompt, all, _settings.Date);
    }

    /// <summary>Renders messages as they are, with the same variables.</summary>
    public IReadOnlyList<PromptSegment> Render(IReadOnlyList<ChatMessage> messages, bool addGenerationPrompt)
    {
        long steps = long.MaxValue;
        return _template.RenderSegments(messages, addGenerationPrompt, Variables(null), _settings.Date, ref steps);
    }

    /// <summary>What a conversation with this system prompt begins with, as far as it is known before anything is said.</summary>
    public ConversationPiece Opening(string system, DateTime? date) =>
        Piece(Render(_hasSystem ? [Message("system", system)] : [Message("user", system + "\n\n")], false, date), Place(system, ""));

    /// <summary>Everything up to the first answer.</summary>
    /// <param name="system">System prompt.</param>
    /// <param name="date">In place of the settings' date.</param>
    /// <param name="heard">What was said.</param>
    /// <param name="pictures">Pictures before it.</param>
    /// <param name="isAnswered">Whether the answer lies back; its thoughts are forgotten then.</param>
    public ConversationPiece FirstTurn(string system, DateTime? date, string heard, int pictures, bool isAnswered)
    {
        string place = Place(system, heard);
        List<ChatMessage> messages = First(system, heard, pictures, place);
        if (!isAnswered || !DropsThoughts) return Piece(Render(messages, true, date), place);
        string marker = Unlike('\uE001', system, heard);
        return Piece(Until(Render([.. messages, Message("assistant", marker), Message("user", "x")], true, date), marker), place);
    }

    /// <summary>What stands between an answer and the next: the end of the turn, what was heard, the start of the answer.</summary>
    /// <inheritdoc cref="FirstTurn"/>
    public ConversationPiece NextTurn(string system, DateTime? date, string heard, int pictures, bool isAnswered)
    {
        if (!_repeatsSystem && system.Length > 0) system = "x";
        string place = Place(system, heard);
        return Piece(Next(system, date, heard, pictures, isAnswered && DropsThoughts), place);
    }

    /// <summary>An answer as it stands in the history.</summary>
    public string PastAnswer(string said) => _trims ? said.Trim() : said;
}
