using System.Text.Json;
using NpcMind.Jinja;

namespace NpcMind.Text;

/// <summary>
/// A chat template: the small Jinja program in a model file that turns a conversation into the text the model was trained on. It is parsed
/// once and can then be rendered any number of times, on several threads at once. Templates come from downloads, so they run sandboxed:
/// they reach nothing but the values passed in, and <see cref="TemplateLimits"/> end those that never would.
/// </summary>
internal sealed class ChatTemplate
{
    private readonly Template _template;
    private readonly string _name;
    private readonly TemplateLimits _limits;

    private ChatTemplate(Template template, string name, TemplateLimits limits)
    {
        _template = template;
        _name = name;
        _limits = limits;
    }

    /// <summary>Parses a template, as in GGUF's <c>tokenizer.chat_template</c>.</summary>
    /// <param name="source">The template.</param>
    /// <param name="name">Name for error messages.</param>
    /// <param name="limits">Limits for parsing and for every rendering; null for <see cref="TemplateLimits.Default"/>.</param>
    /// <exception cref="ChatTemplateException">The source is not a template, or uses a tag, filter or test that does not exist.</exception>
    public static ChatTemplate Parse(string source, string name = "chat template", TemplateLimits? limits = null)
    {
        ArgumentNullException.ThrowIfNull(source);
        limits ??= TemplateLimits.Default;
        try
        {
            return new ChatTemplate(Template.Parse(source, limits), name, limits);
        }
        catch (JinjaError error)
        {
            throw Failure(name, error);
        }
    }

    /// <summary>
    /// Renders messages given as JSON: any shape the template understands, usually a list of objects with role and content.
    /// </summary>
    /// <param name="messages">The conversation.</param>
    /// <param name="addGenerationPrompt">Whether to end with the start of the assistant's answer.</param>
    /// <param name="variables">Further variables, such as bos_token, eos_token, tools, enable_thinking. Absent tools and documents are
    /// none.</param>
    /// <param name="now">Local time the template may print; null for the present.</param>
    /// <exception cref="ChatTemplateException">The template cannot render these messages.</exception>
    public string Render(JsonElement messages, bool addGenerationPrompt, IReadOnlyDictionary<string, JsonElement>? variables = null,
        DateTime? now = null) =>
        Run(budget => ReadMessages(messages, budget), addGenerationPrompt, Convert(variables), now).Value;

    /// <summary>Renders messages of text and pictures.</summary>
    /// <inheritdoc cref="Render(JsonElement, bool, IReadOnlyDictionary{string, JsonElement}?, DateTime?)"/>
    public string Render(IReadOnlyList<ChatMessage> messages, bool addGenerationPrompt,
        IReadOnlyDictionary<string, string>? variables = null, DateTime? now = null) =>
        Run(budget => Convert(messages, budget), addGenerationPrompt, Convert(variables), now).Value;

    /// <summary>
    /// Renders messages given as JSON to pieces that say where their text comes from, so that nothing a player writes becomes a control
    /// token. The pieces joined are what <c>Render</c> gives. Trusted is what the template itself holds, variables whose name ends in
    /// <c>_token</c>, and roles that are a plain word; all else in messages and variables is not, whatever the template does with it.
    /// </summary>
    /// <inheritdoc cref="Render(JsonElement, bool, IReadOnlyDictionary{string, JsonElement}?, DateTime?)"/>
    public IReadOnlyList<PromptSegment> RenderSegments(JsonElement messages, bool addGenerationPrompt,
        IReadOnlyDictionary<string, JsonElement>? variables = null, DateTime? now = null) =>
        Segments(Run(budget => ReadMessages(messages, budget), addGenerationPrompt, Convert(variables), now));

    /// <summary>
    /// Renders messages to pieces that say where their text comes from, so that nothing a player writes becomes a control token. The
    /// pieces joined are what <c>Render</c> gives. Trusted is what the template itself holds, variables whose name ends in <c>_token</c>,
    /// and roles that are a plain word; all else in messages and variables is not, whatever the template does with it.
    /// </summary>
    /// <inheritdoc cref="Render(JsonElement, bool, IReadOnlyDictionary{string, JsonElement}?, DateTime?)"/>
    public IReadOnlyList<PromptSegment> RenderSegments(IReadOnlyList<ChatMessage> messages, bool addGenerationPrompt,
        IReadOnlyDictionary<string, string>? variables = null, DateTime? now = null) =>
        Segments(Run(budget => Convert(messages, budget), addGenerationPrompt, Convert(variables), now));

    /// <summary>
    /// As <see cref="RenderSegments(IReadOnlyList{ChatMessage}, bool, IReadOnlyDictionary{string, string}?, DateTime?)"/>, with nothing but
    /// these variables, and paid from <paramref name="steps"/>.
    /// </summary>
    internal IReadOnlyList<PromptSegment> RenderSegments(IReadOnlyList<ChatMessage> messages, bool addGenerationPrompt,
        IReadOnlyDictionary<string, JsonElement> variables, DateTime now, ref long steps)
    {
        Budget budget = new(_limits with { Steps = Math.Min(_limits.Steps, steps) });
        long given = budget.Steps;
        try
        {
            return Segments(Run(b => Convert(messages, b), addGenerationPrompt, Convert(variables), now, budget, []));
        }
        finally
        {
            steps -= given - Math.Max(0, budget.Steps);
        }
    }

    /// <summary>
    /// As <see cref="RenderSegments(JsonElement, bool, IReadOnlyDictionary{string, JsonElement}?, DateTime?)"/>, with nothing but these
    /// variables.
    /// </summary>
    internal IReadOnlyList<PromptSegment> RenderBare(
        JsonElement messages, bool addGenerationPrompt, IReadOnlyDictionary<string, JsonElement> variables, DateTime now) =>
        Segments(Run(budget => ReadMessages(messages, budget), addGenerationPrompt, Convert(variables), now, new Budget(_limits), []));

    private static IReadOnlyList<PromptSegment> Segments(TemplateString text) =>
        [.. text.Runs(0, text.Length).Select(run => new PromptSegment(text.Value.Substring(run.Start, run.Length), !run.Untrusted))];

    // Nothing in messages is trusted but a role that is a plain word: templates put roles inside control tokens.
    private static object ReadMessages(JsonElement messages, Budget budget)
    {
        object value = JsonValues.Read(messages, false, budget);
        if (value is not ListValue list) return value;
        foreach (DictValue message in list.Items.OfType<DictValue>())
        {
            TemplateString key = TemplateString.Trusted("role");
            if (message.Items.TryGetValue(key, out object? role) && role is TemplateString text) message.Items[key] = Role(text.Value);
        }

        return list;
    }

    private static TemplateString Role(string role) => TemplateString.Of(role, !CodePoints.IsPlainWord(role));

    private static ListValue Convert(IReadOnlyList<ChatMessage> messages, Budget budget) =>
        new([.. messages.Select(message => new DictValue(budget)
    {
        ["role"] = Role(message.Role),
        ["content"] = message.InParts || message.Pictures > 0 ? Parts(message, budget) : TemplateString.Untrusted(message.Content),
    })]);

    private static ListValue Parts(ChatMessage message, Budget budget) => new(
    [
        .. Enumerable.Range(0, message.Pictures).Select(_ => new DictValue(budget) { ["type"] = TemplateString.Trusted("image") }),
        new DictValue(budget) { ["type"] = TemplateString.Trusted("text"), ["text"] = TemplateString.Untrusted(message.Content) },
    ]);

    private static IEnumerable<(string Name, Func<Budget, object> Value)> Convert(IReadOnlyDictionary<string, JsonElement>? variables) =>
        variables?.Select(v => (v.Key, (Func<Budget, object>)(budget => JsonValues.Read(v.Value, IsTrusted(v.Key), budget)))) ?? [];

    private static IEnumerable<(string Name, Func<Budget, object> Value)> Convert(IReadOnlyDictionary<string, string>? variables) =>
        variables?.Select(v => (v.Key, (Func<Budget, object>)(_ => TemplateString.Of(v.Value, !IsTrusted(v.Key))))) ?? [];

    // Control tokens are passed in as variables: bos_token and the like.
    private static bool IsTrusted(string variable) => variable.EndsWith("_token", StringComparison.Ordinal);

    private TemplateString Run(Func<Budget, object> messages, bool addGenerationPrompt,
        IEnumerable<(string Name, Func<Budget, object> Value)> variables, DateTime? now) =>
        Run(messages, addGenerationPrompt, variables, now, new Budget(_limits),
            new() { ["tools"] = NoneValue.Instance, ["documents"] = NoneValue.Instance });

    private TemplateString Run(
        Func<Budget, object> messages, bool addGenerationPrompt, IEnumerable<(string Name, Func<Budget, object> Value)> variables,
        DateTime? now, Budget budget, Dictionary<string, object> context)
    {
        try
        {
            foreach ((string name, Func<Budget, object> value) in variables) context[name] = value(budget);
            context["messages"] = messages(budget);
            context["add_generation_prompt"] = addGenerationPrompt;
            return _template.Render(context, now ?? TimeProvider.System.GetLocalNow().DateTime, budget);
        }
        catch (JinjaError error)
        {
            throw Failure(_name, error);
        }
    }

    private static ChatTemplateException Failure(string name, JinjaError error) =>
        new(name, Math.Max(1, error.Line), error.Fault, error.Message, error);
}
