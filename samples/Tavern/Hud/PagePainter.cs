using Tavern.Overlay;

namespace Tavern.Hud;

/// <summary>A line of a page: a text that is broken where it is too long, and what stands at its right end.</summary>
/// <param name="Text">What it says.</param>
/// <param name="Value">At the right end; "" for nothing.</param>
/// <param name="Tone">How it is written.</param>
public readonly record struct HudRow(string Text, string Value = "", HudTone Tone = HudTone.Plain);

/// <summary>How a line is written.</summary>
public enum HudTone
{
    Plain,
    Faint,
    Strong,

    /// <summary>The line that is chosen.</summary>
    Chosen,
}

/// <summary>A page over the scene: the notebook, or the options.</summary>
public sealed class HudPage
{
    public string Title { get; set; } = "";

    public List<HudRow> Rows { get; } = [];
}

/// <summary>Paints a page in the upper right corner.</summary>
internal sealed class PagePainter
{
    private readonly List<Range> _lines = [];

    /// <returns>What it covers.</returns>
    public Box Paint(HudPage page, OverlayPainter painter, in HudStyle style, in Box area)
    {
        int size = style.Text;
        float padding = style.Margin, width = MathF.Round(Math.Min(area.Width, size * 27f)), inner = width - (2 * padding);
        float line = OverlayPainter.LineHeight(size), gap = MathF.Round(size * 0.3f), height = (2 * padding) + line + gap;
        foreach (HudRow row in page.Rows) height += (LinesOf(row, inner, painter, size) * line) + gap;
        Box box = new(MathF.Round(area.Right - width), area.Top, width, MathF.Round(Math.Min(area.Height, height)));
        painter.Panel(box, HudStyle.Dark, size * 0.4f, HudStyle.DarkEdge, 1);
        float x = box.Left + padding, y = box.Top + padding;
        painter.Text(x, y, size, HudStyle.Amber, page.Title, FontFace.Bold);
        y += line + gap;
        foreach (HudRow row in page.Rows)
        {
            int lines = LinesOf(row, inner, painter, size);
            if (y + (lines * line) > box.Bottom) break;
            PaintRow(row, painter, size, x, y, box.Right - padding);
            y += (lines * line) + gap;
        }

        return box;
    }

    private static Ink InkOf(HudTone tone) => tone switch
    {
        HudTone.Faint => HudStyle.Faint,
        HudTone.Strong or HudTone.Chosen => HudStyle.Amber,
        _ => HudStyle.Light,
    };

    private int LinesOf(in HudRow row, float width, OverlayPainter painter, int size)
    {
        float value = row.Value.Length == 0 ? 0 : painter.Measure(row.Value, size) + size;
        painter.Break(row.Text, Math.Max(size * 6, width - value), size, _lines);
        return Math.Max(1, _lines.Count);
    }

    private void PaintRow(in HudRow row, OverlayPainter painter, int size, float x, float y, float right)
    {
        Ink ink = InkOf(row.Tone);
        if (row.Value.Length > 0) painter.Text(right - painter.Measure(row.Value, size), y, size, ink, row.Value);
        foreach (Range range in _lines)
        {
            painter.Text(x, y, size, ink, row.Text.AsSpan(range));
            y += OverlayPainter.LineHeight(size);
        }
    }
}
