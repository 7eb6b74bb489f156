using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Text;
using Silk.NET.Vulkan;
using Tavern.Renderer;

namespace Tavern.Overlay;

/// <summary>
/// Paints text, panels and lines over a picture, in pixels from the upper left corner. Per frame: <see cref="Begin"/>, the painting,
/// <see cref="End"/>.
/// </summary>
public sealed class OverlayPainter : IDisposable
{
    private const int MostQuads = 8192;
    private const float Ascent = 0.93f, Descent = 0.24f;
    private readonly GlyphAtlas _atlas;
    private readonly OverlayPipeline _pipeline;
    private readonly DeviceBuffer[] _buffers;
    private readonly Func<char, float> _advance;
    private int _slot;
    private int _count;
    private int _breakSize;

    /// <param name="device">Where it is drawn.</param>
    /// <param name="format">Of the images painted on; sRGB.</param>
    /// <param name="framesInFlight">Frames that may be on their way at once.</param>
    public OverlayPainter(RenderDevice device, Format format, int framesInFlight)
    {
        _atlas = new GlyphAtlas(device, framesInFlight);
        _pipeline = new OverlayPipeline(device, format, _atlas.Image);
        _buffers = [.. Enumerable.Range(0, framesInFlight)
            .Select(_ => new DeviceBuffer(device, MostQuads * Unsafe.SizeOf<Quad>(), BufferUsageFlags.VertexBufferBit))];
        _advance = c => Measure([c], _breakSize);
    }

    public int Width { get; private set; }

    public int Height { get; private set; }

    /// <summary>Height of a line of text of a size.</summary>
    public static float LineHeight(int size) => MathF.Ceiling(size * (Ascent + Descent));

    /// <summary>Paints with the shaders there are now. The device must be idle.</summary>
    public void Rebuild() => _pipeline.Rebuild();

    /// <summary>Starts a frame; the one that took this place before must have finished on the device.</summary>
    public void Begin(int width, int height)
    {
        (Width, Height, _count) = (width, height, 0);
        _slot = (_slot + 1) % _buffers.Length;
        _atlas.MakeRoom();
    }

    /// <summary>Records all that was painted since <see cref="Begin"/> onto an image, which ends in COLOR_ATTACHMENT_OPTIMAL.</summary>
    public void End(CommandBuffer commands, DeviceImage image)
    {
        _atlas.Upload(commands, _slot);
        _pipeline.Draw(commands, image, _buffers[_slot], _count);
    }

    /// <param name="x">Left edge.</param>
    /// <param name="y">Upper edge of the line.</param>
    /// <param name="size">Pixels of an em.</param>
    /// <param name="ink">Colour.</param>
    /// <param name="text">One line.</param>
    /// <param name="face">Which font.</param>
    /// <returns>Where the next text would go on.</returns>
    public float Text(float x, float y, int size, Ink ink, ReadOnlySpan<char> text, FontFace face = FontFace.Regular)
    {
        float baseLine = MathF.Round(y + (size * Ascent));
        foreach (Rune rune in text.EnumerateRunes())
        {
            Glyph glyph = _atlas.Get(face, rune.Value, size, x - MathF.Floor(x));
            if (glyph.Width > 0)
            {
                float left = MathF.Floor(x) + glyph.Left, top = baseLine - glyph.Top;
                Add(new Quad(new(left, top, left + glyph.Width, top + glyph.Height), new(glyph.X, glyph.Y), ink, default, QuadKind.Glyph));
            }

            x += _atlas.AdvanceOf(face, rune.Value) * size;
        }

        return x;
    }

    /// <summary>Width of a line of text.</summary>
    public float Measure(ReadOnlySpan<char> text, int size, FontFace face = FontFace.Regular)
    {
        float width = 0;
        foreach (Rune rune in text.EnumerateRunes()) width += _atlas.AdvanceOf(face, rune.Value) * size;
        return width;
    }

    /// <summary>Lines of a text that are no wider than allowed; see <see cref="WordWrap"/>.</summary>
    public void Break(ReadOnlySpan<char> text, float width, int size, List<Range> lines)
    {
        _breakSize = size;
        WordWrap.Break(text, width, _advance, lines);
    }

    /// <summary>A rounded box, with a border when its width is not 0.</summary>
    public void Panel(in Box box, Ink fill, float radius = 0, Ink border = default, float borderWidth = 0) =>
        Add(new Quad(new(box.Left, box.Top, box.Right, box.Bottom), new(radius, borderWidth), fill, border, QuadKind.Box));

    public void Line(Vector2 from, Vector2 to, Ink ink, float width = 1) => Wedge(from, to, ink, width, width);

    /// <summary>A line whose width changes from end to end.</summary>
    public void Wedge(Vector2 from, Vector2 to, Ink ink, float width, float endWidth) =>
        Add(new Quad(new(from, to.X, to.Y), new Vector2(width, endWidth) / 2, ink, default, QuadKind.Line));

    public void Dispose()
    {
        _pipeline.Dispose();
        _atlas.Dispose();
        foreach (DeviceBuffer buffer in _buffers) buffer.Dispose();
    }

    /// <summary>What is too much for a frame is left out.</summary>
    private void Add(in Quad quad)
    {
        if (_count < MostQuads) MemoryMarshal.Cast<byte, Quad>(_buffers[_slot].Span)[_count++] = quad;
    }
}
