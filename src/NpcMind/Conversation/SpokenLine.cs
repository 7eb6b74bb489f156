using System.Buffers;

namespace NpcMind;

/// <summary>
/// A line of what a character hears: "SPEAKER: TEXT". Line ends and colons of the game's or a player's words cannot make it look like
/// another speaker's.
/// </summary>
internal static class SpokenLine
{
    private static readonly SearchValues<char> LineEnds = SearchValues.Create("\n\r\v\f\u001C\u001D\u001E\u0085\u2028\u2029");
    private static readonly SearchValues<char> NotInNames = SearchValues.Create(
        "\n\r\v\f\u001C\u001D\u001E\u0085\u2028\u2029:\uFF1A\uFE55\uFE13\uA789\u2236");

    /// <summary>
    /// Returns the line. Line ends become a blank, in names colons too. Without a speaker the text is the game's own and stays as it is.
    /// </summary>
    public static string Of(string speaker, string text)
    {
        if (speaker.Length == 0) return text;
        string name = Blank(speaker, NotInNames).Trim();
        return (name.Length == 0 ? "?" : name) + ": " + Blank(text, LineEnds);
    }

    /// <summary>Takes a line apart again; the game's own words have no speaker.</summary>
    public static (string Speaker, string Text) Split(string line)
    {
        int colon = line.IndexOf(": ", StringComparison.Ordinal);
        return colon > 0 && line.AsSpan(0, colon).IndexOfAny(NotInNames) < 0 ? (line[..colon], line[(colon + 2)..]) : ("", line);
    }

    /// <summary>Puts a blank in the place of each run of these characters.</summary>
    private static string Blank(string text, SearchValues<char> characters)
    {
        if (!text.AsSpan().ContainsAny(characters)) return text;
        char[] result = new char[text.Length];
        int length = 0;
        bool inRun = false;
        foreach (char c in text)
        {
            bool isOne = characters.Contains(c);
            if (!isOne) result[length++] = c;
            else if (!inRun) result[length++] = ' ';
            inRun = isOne;
        }

        return new string(result, 0, length);
    }
}
