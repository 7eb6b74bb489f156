using System.Numerics;
using Tavern.Overlay;
using Tavern.World;

namespace Tavern.Hud;

/// <summary>Paints a <see cref="HudState"/>.</summary>
public sealed class HudPainter
{
    /// <summary>Of the screen's height, from the crosshair down to the name: who is faced has its chin there.</summary>
    private const float BelowFace = 0.12f;
    private readonly List<Range> _lines = [];
    private readonly List<Box> _taken = [];
    private readonly BubblePainter _bubbles = new();
    private readonly PagePainter _pages = new();

    /// <summary>Boxes of the bubbles painted last, in the order of the state's; empty ones had no room.</summary>
    public IReadOnlyList<Box> BubbleBoxes => _bubbles.Boxes;

    /// <summary>Boxes of all else that was painted last.</summary>
    public IReadOnlyList<Box> OtherBoxes => _taken;

    public void Paint(HudState state, in Camera camera, OverlayPainter painter)
    {
        ArgumentNullException.ThrowIfNull(state);
        ArgumentNullException.ThrowIfNull(painter);
        HudStyle style = HudStyle.For(painter.Width, painter.Height, state.TextSize);
        _taken.Clear();
        Box area = new Box(0, 0, painter.Width, painter.Height).Inflate(-style.Margin);
        area = PaintEntry(state, painter, style, area);
        area = PaintLine(state.Message, HudStyle.Light, painter, style, area);
        area = PaintLine(state.Said, HudStyle.Amber, painter, style, area);
        if (state.Figures is { } figures) _taken.Add(FiguresPainter.Paint(figures, painter, style, area));
        if (state.Page is { } page) _taken.Add(_pages.Paint(page, painter, style, area));
        if (state.KeyHints.Count > 0) PaintKeyHints(state.KeyHints, painter, style, area);
        if (state.ShowsCrosshair) PaintCrosshair(state, painter, style);
        _bubbles.Paint(state.Bubbles, camera, painter, style, area, _taken);
    }

    /// <summary>The end of a text that fits, for lines that are typed.</summary>
    private static ReadOnlySpan<char> EndOf(string text, float width, int size, OverlayPainter painter)
    {
        int from = 0;
        while (from < text.Length && painter.Measure(text.AsSpan(from), size) > width) from++;
        return text.AsSpan(from);
    }

    /// <returns>What is left of the area.</returns>
    private Box PaintEntry(HudState state, OverlayPainter painter, in HudStyle style, in Box area)
    {
        if (state.Entry is null) return area;
        int size = style.Text;
        float padding = style.Margin, height = OverlayPainter.LineHeight(size) + padding, width = Math.Min(area.Width, size * 40);
        Box box = new(MathF.Round(area.Left + ((area.Width - width) / 2)), MathF.Round(area.Bottom - height), width, height);
        painter.Panel(box, HudStyle.Dark, size * 0.4f, HudStyle.Amber, Math.Max(1, size / 12f));
        float y = box.Top + (padding / 2), x = painter.Text(box.Left + padding, y, size, HudStyle.Amber, state.EntryPrompt, FontFace.Bold)
            + (padding * 0.7f);
        x = painter.Text(x, y, size, HudStyle.Light, EndOf(state.Entry, box.Right - padding - 2 - x, size, painter));
        painter.Panel(new Box(MathF.Round(x) + 1, y, Math.Max(1, MathF.Round(size / 9f)), OverlayPainter.LineHeight(size)), HudStyle.Amber);
        _taken.Add(box);
        return area with { Height = area.Height - height - style.Margin };
    }

    /// <returns>What is left of the area.</returns>
    private Box PaintLine(string? text, in Ink ink, OverlayPainter painter, in HudStyle style, in Box area)
    {
        if (string.IsNullOrEmpty(text)) return area;
        int size = style.Text;
        float padding = style.Margin, line = OverlayPainter.LineHeight(size), widest = 0;
        painter.Break(text, Math.Min(area.Width, size * 44) - (2 * padding), size, _lines);
        foreach (Range range in _lines) widest = Math.Max(widest, painter.Measure(text.AsSpan(range), size));
        float width = widest + (2 * padding), height = (_lines.Count * line) + padding;
        Box box = new(MathF.Round(area.Left + ((area.Width - width) / 2)), MathF.Round(area.Bottom - height), width, height);
        painter.Panel(box, HudStyle.Dark, size * 0.4f, HudStyle.DarkEdge, 1);
        float y = box.Top + (padding / 2);
        foreach (Range range in _lines)
        {
            painter.Text(box.Left + padding, y, size, ink, text.AsSpan(range));
            y += line;
        }

        _taken.Add(box);
        return area with { Height = area.Height - height - style.Margin };
    }

    /// <summary>In the lower left corner, keys before what they do.</summary>
    private void PaintKeyHints(List<HudRow> hints, OverlayPainter painter, in HudStyle style, in Box area)
    {
        int size = style.Small;
        float padding = style.Margin, line = OverlayPainter.LineHeight(size), keys = 0, does = 0;
        foreach (HudRow hint in hints)
            (keys, does) = (Math.Max(keys, painter.Measure(hint.Value, size, FontFace.Bold) + size),
                Math.Max(does, painter.Measure(hint.Text, size)));
        float height = (hints.Count * line) + padding;
        Box box = new(area.Left, MathF.Round(area.Bottom - height), MathF.Round(Math.Min(area.Width, keys + does + (2 * padding))), height);
        foreach (Box other in _taken)
            if (other.Overlaps(box)) return;
        painter.Panel(box, HudStyle.Dark with { Alpha = 150 }, size * 0.4f);
        float y = box.Top + (padding / 2);
        foreach (HudRow hint in hints)
        {
            painter.Text(box.Left + padding, y, size, HudStyle.Amber, hint.Value, FontFace.Bold);
            painter.Text(box.Left + padding + keys, y, size, HudStyle.Light, hint.Text);
            y += line;
        }

        _taken.Add(box);
    }

    private void PaintCrosshair(HudState state, OverlayPainter painter, in HudStyle style)
    {
        Vector2 middle = new(MathF.Floor(painter.Width / 2f), MathF.Floor(painter.Height / 2f));
        float radius = Math.Max(2, style.Text / 5f);
        Ink ink = state.Faced is null ? HudStyle.Light with { Alpha = 160 } : HudStyle.Amber;
        Box dot = new(middle.X - radius, middle.Y - radius, 2 * radius, 2 * radius);
        painter.Panel(dot.Inflate(1), HudStyle.Dark with { Alpha = 120 }, radius + 1);
        painter.Panel(dot, ink, radius);
        _taken.Add(dot);
        if (state.Faced is null) return;
        float padding = style.Margin / 2, nameWidth = painter.Measure(state.Faced, style.Text, FontFace.Bold),
            hintWidth = painter.Measure(state.FacedHint, style.Small);
        float nameLine = OverlayPainter.LineHeight(style.Text), width = Math.Max(nameWidth, hintWidth) + (2 * padding);
        float height = nameLine + (string.IsNullOrEmpty(state.FacedHint) ? 0 : OverlayPainter.LineHeight(style.Small)) + padding;
        Box box = new(MathF.Round(middle.X - (width / 2)), MathF.Round(middle.Y + (painter.Height * BelowFace)), width, height);
        painter.Panel(box, HudStyle.Dark, style.Text * 0.35f);
        painter.Text(middle.X - (nameWidth / 2), box.Top + (padding / 2), style.Text, HudStyle.Amber, state.Faced, FontFace.Bold);
        painter.Text(middle.X - (hintWidth / 2), box.Top + (padding / 2) + nameLine, style.Small, HudStyle.Light, state.FacedHint);
        _taken.Add(box);
    }
}
