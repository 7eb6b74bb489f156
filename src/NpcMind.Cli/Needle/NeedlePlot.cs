using System.Globalization;
using System.Text;

namespace NpcMind.Cli.Needle;

/// <summary>Draws scores as SVG: a panel for each task, lengths from left to right, depths from top to bottom, red for 0 and green for
/// 1.</summary>
internal static class NeedlePlot
{
    private const int Cell = 56, CellHeight = 30, Left = 90, Head = 34, Gap = 46;

    public static void Write(string path, IReadOnlyList<NeedleResult> results)
    {
        IGrouping<string, NeedleResult>[] tasks = [.. results.GroupBy(r => r.Case.Task)];
        int[] lengths = [.. results.Select(r => r.Length).Distinct().Order()];
        StringBuilder svg = new();
        int y = 0;
        foreach (IGrouping<string, NeedleResult> task in tasks) y = Panel(svg, task, lengths, y);
        File.WriteAllText(path, string.Create(CultureInfo.InvariantCulture,
            $"<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{Left + (Cell * lengths.Length) + 20}\" height=\"{y}\" "
                + $"font-family=\"sans-serif\" font-size=\"12\">\n")
            + "<rect width=\"100%\" height=\"100%\" fill=\"white\"/>\n" + svg + "</svg>\n");
    }

    private static int Panel(StringBuilder svg, IGrouping<string, NeedleResult> task, int[] lengths, int y)
    {
        double?[] depths = [.. task.Select(r => r.Case.Depth).Distinct().Order()];
        Text(svg, 8, y + 20, task.Key, bold: true);
        foreach (NeedleResult result in task)
        {
            int x = Left + Cell * Array.IndexOf(lengths, result.Length), top =
                y + Head + CellHeight * Array.IndexOf(depths, result.Case.Depth);
            svg.Append(CultureInfo.InvariantCulture,
                $"<rect x=\"{x}\" y=\"{top}\" width=\"{Cell - 2}\" height=\"{CellHeight - 2}\" fill=\"{Color(result.Score)}\"/>\n");
            Text(svg, x + 12, top + 18, result.Score.ToString("0.00", CultureInfo.InvariantCulture));
        }

        for (int i = 0; i < depths.Length; i++) Text(svg, 8, y + Head + CellHeight * i + 18, depths[i] is { } depth
            ? $"{100 * depth:F0} % deep" : "everywhere");
        int bottom = y + Head + CellHeight * depths.Length;
        for (int i = 0; i < lengths.Length; i++) Text(svg, Left + Cell * i + 4, bottom + 16,
            lengths[i].ToString(CultureInfo.InvariantCulture));
        Text(svg, 8, bottom + 16, "tokens");
        return bottom + Gap;
    }

    private static void Text(StringBuilder svg, int x, int y, string text, bool bold = false) =>
        svg.Append(CultureInfo.InvariantCulture, $"<text x=\"{x}\" y=\"{y}\"{(bold ? " font-weight=\"bold\"" : "")}>{text}</text>\n");

    private static string Color(double score) => string.Create(CultureInfo.InvariantCulture,
        $"rgb({235 - (int)(135 * score)},{120 + (int)(90 * score)},110)");
}
