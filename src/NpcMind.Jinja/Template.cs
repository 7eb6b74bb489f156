namespace NpcMind.Jinja;

/// <summary>A parsed template. It can be rendered any number of times, on several threads at once.</summary>
internal sealed class Template
{
    private readonly Body _body;
    private readonly Dictionary<string, BlockStatement> _blocks;

    private Template(Body body, Dictionary<string, BlockStatement> blocks)
    {
        _body = body;
        _blocks = blocks;
    }

    /// <summary>Parses a template.</summary>
    /// <exception cref="JinjaError">
    /// The source is not a template, uses a tag, filter or test that does not exist, or passes a limit.
    /// </exception>
    public static Template Parse(string source, TemplateLimits limits)
    {
        (Body body, Dictionary<string, BlockStatement> blocks) = Parser.Parse(source, limits);
        return new Template(body, blocks);
    }

    /// <summary>Renders the template with these variables, paid from <paramref name="budget"/>.</summary>
    /// <param name="variables">Values of the language by name, made with the same budget.</param>
    /// <param name="now">Local time that the template may print.</param>
    /// <param name="budget">What the rendering may still use.</param>
    /// <exception cref="JinjaError">The template cannot be rendered with these variables; the line is set.</exception>
    public TemplateString Render(Dictionary<string, object> variables, DateTime now, Budget budget)
    {
        Interpreter interpreter = new(variables, _blocks, now, budget);
        try
        {
            return interpreter.Render(_body);
        }
        catch (JinjaError error) when (error.Line <= 0)
        {
            throw new JinjaError(error.Fault, error.Message, interpreter.Line);
        }
    }
}
