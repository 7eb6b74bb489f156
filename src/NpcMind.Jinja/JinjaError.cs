namespace NpcMind.Jinja;

/// <summary>
/// A failure inside the engine. Whoever parses or renders turns it into a <see cref="ChatTemplateException"/>, adding the template's name.
/// </summary>
internal sealed class JinjaError(ChatTemplateFault fault, string problem, int line = 0) : Exception(problem)
{
    public ChatTemplateFault Fault { get; } = fault;

    /// <summary>Line in the template; 0 where the thrower does not know it and the interpreter does.</summary>
    public int Line { get; } = line;

    public static JinjaError Evaluation(string problem) => new(ChatTemplateFault.Evaluation, problem);

    public static JinjaError Forbidden(string problem) => new(ChatTemplateFault.Forbidden, problem);

    public static JinjaError Limit(string problem) => new(ChatTemplateFault.Limit, problem);

    public static JinjaError Syntax(string problem, int line) => new(ChatTemplateFault.Syntax, problem, line);
}
