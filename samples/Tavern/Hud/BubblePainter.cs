using System.Numerics;
using System.Runtime.InteropServices;
using Tavern.Overlay;
using Tavern.World;

namespace Tavern.Hud;

/// <summary>Paints speech bubbles over heads.</summary>
internal sealed class BubblePainter
{
    /// <summary>Of what is said, the newest lines; more would hide the scene.</summary>
    private const int MostLines = 4;
    private const string Waiting = "…";

    /// <summary>Metres from the top of a head to its chin.</summary>
    private const float FaceHeight = 0.35f;
    private readonly List<Box> _boxes = [];
    private readonly List<Vector2?> _heads = [];
    private readonly List<Box> _faces = [];
    private readonly List<List<Range>> _lines = [];

    public IReadOnlyList<Box> Boxes => _boxes;

    public void Paint(List<HudBubble> bubbles, in Camera camera, OverlayPainter painter, in HudStyle style, in Box area, List<Box> taken)
    {
        _boxes.Clear();
        _heads.Clear();
        _faces.Clear();
        while (_lines.Count < bubbles.Count) _lines.Add([]);
        Matrix4x4 projection = camera.ViewProjection((float)painter.Width / painter.Height);
        for (int i = 0; i < bubbles.Count; i++) AddWish(bubbles[i], _lines[i], projection, painter, style, area);
        BubbleLayout.Arrange(CollectionsMarshal.AsSpan(_boxes), area, CollectionsMarshal.AsSpan(taken), CollectionsMarshal.AsSpan(_faces),
            style.Margin / 2);
        for (int i = 0; i < bubbles.Count; i++)
            if (_boxes[i].Width > 0 && _heads[i] is { } head) PaintTail(_boxes[i], head, taken, painter, style);
        for (int i = 0; i < bubbles.Count; i++)
            if (_boxes[i].Width > 0) PaintBubble(bubbles[i], _boxes[i], _lines[i], painter, style);
    }

    /// <summary>
    /// Pixel of a place; null behind the camera or outside of the screen. <paramref name="nearest"/> is always on the screen.
    /// </summary>
    private static Vector2? OnScreen(Vector3 place, in Matrix4x4 projection, float width, float height, out Vector2 nearest)
    {
        Vector4 clip = Vector4.Transform(new Vector4(place, 1), projection);
        if (clip.W < 0.05f)
        {
            nearest = new(clip.X < 0 ? 0 : width, height * 0.4f);
            return null;
        }

        Vector2 pixel = new(((clip.X / clip.W) + 1) / 2 * width, ((clip.Y / clip.W) + 1) / 2 * height);
        nearest = Vector2.Clamp(pixel, Vector2.Zero, new(width, height));
        return nearest == pixel ? pixel : null;
    }

    private static float HeightOf(int lines, in HudStyle style) =>
        OverlayPainter.LineHeight(style.Small) + (lines * OverlayPainter.LineHeight(style.Text)) + style.Margin;

    private void AddWish(in HudBubble bubble, List<Range> lines, in Matrix4x4 projection, OverlayPainter painter, in HudStyle style,
        in Box area)
    {
        int size = style.Text, shown = Math.Min(bubble.Shown, bubble.Text.Length);
        float padding = style.Margin;
        // All of the text is broken into lines, so that a word does not jump to the next one while it is spoken.
        painter.Break(bubble.Text, Math.Min(area.Width - (2 * padding), size * 17), size, lines);
        while (lines.Count > 0 && lines[^1].Start.Value >= shown) lines.RemoveAt(lines.Count - 1);
        if (lines.Count > 0) lines[^1] = lines[^1].Start..Math.Min(lines[^1].End.Value, shown);
        if (lines.Count > MostLines) lines.RemoveRange(0, lines.Count - MostLines);
        float width = Math.Max(painter.Measure(bubble.Name, style.Small, FontFace.Bold), size * 2);
        foreach (Range line in lines) width = Math.Max(width, painter.Measure(bubble.Text.AsSpan(line), size));
        width = MathF.Ceiling(width + (2 * padding));
        float height = HeightOf(Math.Max(1, lines.Count), style);
        _heads.Add(OnScreen(bubble.Head, projection, painter.Width, painter.Height, out Vector2 head));
        if (_heads[^1] is not null
            && OnScreen(bubble.Head - new Vector3(0, FaceHeight, 0), projection, painter.Width, painter.Height, out Vector2 chin)
            is not null)
            _faces.Add(new Box(head.X - ((chin.Y - head.Y) / 2), head.Y, chin.Y - head.Y, chin.Y - head.Y));
        _boxes.Add(new Box(MathF.Round(head.X - (width / 2)), MathF.Round(head.Y - height - size), width, height));
    }

    /// <summary>Points to the head, unless something else of the overlay lies there.</summary>
    private void PaintTail(in Box box, Vector2 to, List<Box> taken, OverlayPainter painter, in HudStyle style)
    {
        float inset = style.Text * 0.9f; // of the tail's root from the edges
        Vector2 from = new(Math.Clamp(to.X, box.Left + inset, Math.Max(box.Left + inset, box.Right - inset)),
            Math.Clamp(to.Y, box.Top + (inset / 2), box.Bottom - (inset / 2)));
        float way = Vector2.Distance(from, to);
        if (way < style.Text) return;
        float reach = to.Y < box.Top ? style.Text * 0.6f : style.Text * 3; // from below, a long one would lie on the face
        Vector2 tip = from + ((to - from) / way * Math.Min(way - (style.Text * 0.3f), inset + reach));
        foreach (Box other in taken)
            if (other.Contains(tip)) return;
        foreach (Box other in _boxes)
            if (other.Contains(tip)) return;
        painter.Wedge(from, tip, HudStyle.ParchmentEdge, style.Text * 0.8f, style.Text * 0.18f);
        painter.Wedge(from, tip, HudStyle.Parchment with { Alpha = 255 }, (style.Text * 0.8f) - 2, 0.5f);
    }

    private static void PaintBubble(in HudBubble bubble, in Box box, List<Range> lines, OverlayPainter painter, in HudStyle style)
    {
        float padding = style.Margin, x = box.Left + padding, y = box.Top + (padding / 2);
        painter.Panel(box, HudStyle.Parchment, style.Text * 0.55f, HudStyle.ParchmentEdge, Math.Max(1, style.Text / 12f));
        painter.Text(x, y, style.Small, bubble.Accent.Darker(0.4f), bubble.Name, FontFace.Bold);
        y += OverlayPainter.LineHeight(style.Small);
        if (lines.Count == 0) painter.Text(x, y, style.Text, HudStyle.Writing, Waiting);
        foreach (Range line in lines)
        {
            painter.Text(x, y, style.Text, HudStyle.Writing, bubble.Text.AsSpan(line));
            y += OverlayPainter.LineHeight(style.Text);
        }
    }
}
