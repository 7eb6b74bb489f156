using System.Globalization;
using NpcMind.Core;

namespace NpcMind.Text;

/// <summary>Why a chat template failed.</summary>
public enum ChatTemplateFault
{
    /// <summary>The source is not a valid template: bad syntax, or a tag, filter or test that does not exist.</summary>
    Syntax,

    /// <summary>A value does not fit what the template does with it.</summary>
    Evaluation,

    /// <summary>The template reached for something the sandbox refuses.</summary>
    Forbidden,

    /// <summary>A limit of <see cref="ChatTemplateLimits"/> was passed.</summary>
    Limit,

    /// <summary>The template called <c>raise_exception</c>: it does not accept these messages.</summary>
    Raised,
}

/// <summary>A chat template could not be parsed or rendered. Nothing was produced.</summary>
public sealed class ChatTemplateException : Exception
{
    /// <summary>Creates the error; the message is composed from the parts.</summary>
    /// <param name="templateName">Name the template was parsed under.</param>
    /// <param name="line">Line of the template, from 1.</param>
    /// <param name="fault">Kind of failure.</param>
    /// <param name="problem">What is wrong there; for <see cref="ChatTemplateFault.Raised"/> the template's own words.</param>
    /// <param name="inner">Underlying error, if any.</param>
    public ChatTemplateException(string templateName, int line, ChatTemplateFault fault, string problem, Exception? inner = null)
        : base(PrintableText.Escape(string.Create(CultureInfo.InvariantCulture,
            $"{templateName}: line {line}: {Describe(fault, OneLine(problem))}")), inner)
    {
        TemplateName = templateName;
        Line = line;
        Fault = fault;
        RaisedMessage = fault == ChatTemplateFault.Raised ? problem : null;
    }

    /// <summary>Name the template was parsed under.</summary>
    public string TemplateName { get; }

    /// <summary>Line of the template, from 1.</summary>
    public int Line { get; }

    /// <summary>Kind of failure.</summary>
    public ChatTemplateFault Fault { get; }

    /// <summary>What the template itself said through <c>raise_exception</c>; null for every other failure.</summary>
    public string? RaisedMessage { get; }

    // The problem can quote the template or the messages.
    private static string OneLine(string problem) => (problem.Length > 300 ? problem[..300] + "..." : problem).ReplaceLineEndings(" ");

    private static string Describe(ChatTemplateFault fault, string problem) => fault switch
    {
        ChatTemplateFault.Raised => $"the template refuses these messages: {problem}. Change the messages to suit it.",
        ChatTemplateFault.Syntax => $"{problem}. Correct the template, or use another one.",
        ChatTemplateFault.Forbidden => $"{problem}. The sandbox does not allow it; use another template.",
        ChatTemplateFault.Limit => $"{problem}. Shorten the messages, or raise the limit in ChatTemplateLimits if the template is trusted.",
        _ => $"{problem}. Pass the messages and variables this template expects, or correct the template.",
    };
}
