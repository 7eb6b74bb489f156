using System.Globalization;
using System.Text;

namespace Tavern.Game;

/// <summary>Messages are one line each, whatever they quote.</summary>
internal static class Lines
{
    /// <summary>The text with its line breaks and other control characters written as in JSON: \n, \u0007.</summary>
    public static string One(string text)
    {
        if (!text.Any(Breaks)) return text;
        StringBuilder line = new(text.Length + 8);
        foreach (char c in text)
        {
            if (!Breaks(c)) line.Append(c);
            else line.Append(
                c switch
                {
                    '\n' => "\\n",
                    '\r' => "\\r",
                    '\t' => "\\t",
                    _ => string.Create(CultureInfo.InvariantCulture, $"\\u{(int)c:x4}")
                });
        }

        return line.ToString();
    }

    /// <summary>What an exception says, without what only programmers read.</summary>
    public static string One(Exception e) => One(e.Message.Split('\n')[0].Split(" (Parameter '")[0].Trim());

    /// <summary>Returns whether a character cannot stand in one line.</summary>
    public static bool Breaks(char c) => char.IsControl(c) || c is '\u2028' or '\u2029';
}
