using System.Numerics;
using Tavern.Overlay;

namespace Tavern.Hud;

/// <summary>Paints the figures of F1 in the upper left corner.</summary>
internal static class FiguresPainter
{
    private const float GraphLines = 4;

    /// <returns>What it covers.</returns>
    public static Box Paint(HudFigures figures, OverlayPainter painter, in HudStyle style, in Box area)
    {
        int size = style.Small;
        float padding = MathF.Round(size * 0.7f), line = OverlayPainter.LineHeight(size), graph = MathF.Round(GraphLines * size);
        float width = Math.Min(area.Width, MathF.Round(size * 25f));
        Box box = new(area.Left, area.Top, width,
            Math.Min(area.Height, (2 * padding) + ((6 + figures.Npcs.Count) * line) + graph + (1.5f * padding)));
        painter.Panel(box, HudStyle.Dark, size * 0.4f, HudStyle.DarkEdge, 1);
        float x = box.Left + padding, y = box.Top + padding, inner = width - (2 * padding), half = (inner - padding) / 2;
        TextWithin(painter, x, y, inner, size, HudStyle.Light, figures.Device, FontFace.Bold);
        TextWithin(painter, x, y + line, inner, size, HudStyle.Faint, figures.Model, FontFace.Regular);
        y += (2 * line) + (padding / 2);

        FrameHistory frames = figures.Frames;
        float top = ScaleFor(frames.Quantile(f => f.RenderMs + f.MindsMs, 0.98)), mindsTop = Math.Max(1, 2 * (float)figures.BudgetMs);
        Box whole = new(x, y + line, half, graph), minds = whole with { Left = x + half + padding };
        Span<char> text = stackalloc char[80];
        text.TryWrite($"frame, of {top:0.#} ms", out int length);
        painter.Text(whole.Left, y, size, HudStyle.Faint, text[..length]);
        text.TryWrite($"minds, of {mindsTop:0.#} ms", out length);
        painter.Text(minds.Left, y, size, HudStyle.Faint, text[..length]);
        PaintGraph(painter, whole, frames, top, (float)figures.BudgetMs, isMinds: false);
        PaintGraph(painter, minds, frames, mindsTop, (float)figures.BudgetMs, isMinds: true);
        y = whole.Bottom + (padding / 2);

        length = Milliseconds(text, frames.Mean(f => f.WholeMs), " ms");
        float pen = Pair(painter, x, y, size, "frame ", text[..length], HudStyle.Light);
        length = Milliseconds(text, frames.Mean(f => f.RenderMs), "");
        pen = Pair(painter, pen + size, y, size, "rendering ", text[..length], HudStyle.Blue);
        length = Milliseconds(text, frames.Mean(f => f.MindsMs), "");
        Pair(painter, pen + size, y, size, "minds ", text[..length], HudStyle.Amber);
        y += line;
        float most = frames.Quantile(f => f.MindsMs, 0.95);
        text.TryWrite($"{most:0.0} of {figures.BudgetMs:0.0} ms", out length);
        pen = Pair(painter, x, y, size, "minds p95 ", text[..length], most > 1.1 * figures.BudgetMs ? HudStyle.Red : HudStyle.Light);
        painter.Text(pen + size, y, size, HudStyle.Faint, "(+ and −)");
        y += line;
        text.TryWrite($"{figures.TokensPerSecond:0}", out length);
        pen = Pair(painter, x, y, size, "tokens/s ", text[..length], HudStyle.Light);
        text.TryWrite($"{figures.KvBlocks} of {figures.KvBlocksInAll}", out length);
        Pair(painter, pen + size, y, size, "KV blocks ", text[..length], HudStyle.Light);
        y += line + (padding / 2);
        foreach (HudNpc npc in figures.Npcs)
        {
            if (y + line > box.Bottom) break;
            float dot = MathF.Round(size * 0.55f);
            painter.Panel(new Box(x, MathF.Round(y + ((line - dot) / 2)), dot, dot), npc.Accent, dot / 2);
            pen = painter.Text(x + size, y, size, HudStyle.Light, npc.Name, FontFace.Bold) + (size * 0.6f);
            TextWithin(painter, pen, y, box.Right - padding - pen, size, HudStyle.Faint, npc.State, FontFace.Regular);
            y += line;
        }

        return box;
    }

    /// <summary>
    /// One digit after the point while there is room: three numbers stand in one line, and on a slow machine each has three digits before
    /// it.
    /// </summary>
    private static int Milliseconds(Span<char> text, float value, string unit)
    {
        bool written = value < 99.95f ? text.TryWrite($"{value:0.0}{unit}", out int length) : text.TryWrite($"{value:0}{unit}", out length);
        return written ? length : 0;
    }

    /// <summary>Whole frames of common rates, and twice the next.</summary>
    private static float ScaleFor(float most)
    {
        float scale = 1000f / 120;
        while (scale < most && scale < 4000) scale *= 2;
        return scale;
    }

    private static void PaintGraph(OverlayPainter painter, in Box box, FrameHistory frames, float top, float budget, bool isMinds)
    {
        painter.Panel(box, HudStyle.Grid with { Alpha = 150 });
        float bar = box.Width / FrameHistory.Length, left = box.Right - (frames.Count * bar);
        for (int i = 0; i < frames.Count; i++, left += bar)
        {
            FrameFigures frame = frames[i];
            float minds = Math.Min(1, frame.MindsMs / top) * box.Height, render = isMinds
                ? 0 : (Math.Min(1, (frame.MindsMs + frame.RenderMs) / top) * box.Height) - minds;
            Ink ink = isMinds && frame.MindsMs > 1.1f * budget ? HudStyle.Red : HudStyle.Amber;
            if (minds > 0) painter.Panel(new Box(left, box.Bottom - minds, bar, minds), ink);
            if (render > 0) painter.Panel(new Box(left, box.Bottom - minds - render, bar, render), HudStyle.Blue);
        }

        if (!isMinds) return;
        float y = MathF.Round(box.Bottom - (budget / top * box.Height)) + 0.5f;
        painter.Line(new Vector2(box.Left, y), new Vector2(box.Right, y), HudStyle.Light, 1);
    }

    private static float Pair(OverlayPainter painter, float x, float y, int size, string label, ReadOnlySpan<char> value, Ink ink) =>
        painter.Text(painter.Text(x, y, size, HudStyle.Faint, label), y, size, ink, value, FontFace.Bold);

    /// <summary>As much of a text as there is room for.</summary>
    private static void TextWithin(OverlayPainter painter, float x, float y, float width, int size, Ink ink, string text, FontFace face)
    {
        ReadOnlySpan<char> shown = text;
        if (painter.Measure(shown, size, face) <= width)
        {
            painter.Text(x, y, size, ink, shown, face);
            return;
        }

        float room = width - painter.Measure("…", size, face);
        while (shown.Length > 0 && painter.Measure(shown, size, face) > room) shown = shown[..^1];
        painter.Text(painter.Text(x, y, size, ink, shown, face), y, size, ink, "…", face);
    }
}
