namespace Tavern.Overlay;

/// <summary>Breaks text into lines.</summary>
public static class WordWrap
{
    /// <summary>
    /// Lines of a text that are no wider than allowed: breaks at line feeds and spaces, and within a word only where it alone is too wide.
    /// </summary>
    /// <param name="text">What to break.</param>
    /// <param name="width">Allowed width.</param>
    /// <param name="measure">Width of a single character.</param>
    /// <param name="lines">Gets the lines, without the spaces they are broken at.</param>
    public static void Break(ReadOnlySpan<char> text, float width, Func<char, float> measure, List<Range> lines)
    {
        ArgumentNullException.ThrowIfNull(measure);
        ArgumentNullException.ThrowIfNull(lines);
        lines.Clear();
        int start = 0, space = -1;
        float used = 0, afterSpace = 0;
        for (int i = 0; i < text.Length; i++)
        {
            if (text[i] == '\n')
            {
                Take(i, i + 1);
                continue;
            }

            float advance = measure(text[i]);
            if (text[i] == ' ') (space, afterSpace) = (i, 0);
            while (text[i] != ' ' && used + advance > width && i > start)
            {
                // The word goes to the next line; when it fills a line by itself it is broken here.
                float kept = afterSpace;
                bool isWord = space >= start;
                if (isWord) Take(space, space + 1);
                else Take(i, i);
                used = afterSpace = isWord ? kept : 0;
            }

            used += advance;
            if (text[i] != ' ') afterSpace += advance;
        }

        if (start < text.Length) Take(text.Length, text.Length);

        void Take(int end, int next)
        {
            lines.Add(start..end);
            (start, space, used, afterSpace) = (next, -1, 0, 0);
        }
    }
}
