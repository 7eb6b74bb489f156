using NpcMind.Core;

namespace NpcMind.Cli.Doctor;

/// <summary>Text of files and errors as a report has it.</summary>
internal static class Sentences
{
    /// <summary>A message on one line, without the path that it begins with: the report has it already.</summary>
    public static string Without(string path, string message)
    {
        string name = PrintableText.Escape(path) + ": ";
        message = message.ReplaceLineEndings(" ");
        return message.StartsWith(name, StringComparison.Ordinal) ? message[name.Length..] : message;
    }

    /// <summary>The beginning of a text, escaped.</summary>
    public static string Short(string text, int most) => PrintableText.Escape(text.Length > most ? text[..most] + "..." : text);
}
