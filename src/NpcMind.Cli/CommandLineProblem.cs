using System.CommandLine;
using System.CommandLine.Parsing;

namespace NpcMind.Cli;

/// <summary>What is wrong with a command line as a whole.</summary>
internal static class CommandLineProblem
{
    /// <summary>Options and arguments that are text, which may be empty; all others name something.</summary>
    private static readonly string[] Texts = ["--text", "--prompt", "--system", "TEXT"];

    /// <summary>Returns the first problem, in a sentence; null where there is none.</summary>
    public static string? Of(ParseResult parsed)
    {
        CommandResult verb = parsed.CommandResult;
        if (parsed.Errors.Count > 0 && verb.Command is RootCommand root)
        {
            string verbs = $"The verbs are {string.Join(", ", root.Subcommands.Select(c => c.Name))}.";
            return parsed.UnmatchedTokens is [var word, ..] ? $"there is no verb '{word}'. {verbs}" : $"no verb was given. {verbs}";
        }

        if (parsed.Errors.Count > 0) return parsed.Errors[0].Message;
        SymbolResult? empty = verb.Children.FirstOrDefault(c => !Texts.Contains(Name(c)) && c.Tokens.Any(t => t.Value.Length == 0));
        return empty is null ? null : $"{Name(empty)} is empty: give it a value.";
    }

    private static string Name(SymbolResult result) => result switch
    {
        OptionResult option => option.Option.Name,
        ArgumentResult argument => argument.Argument.Name,
        _ => "",
    };
}
