using System.Reflection;
using SkiaSharp;

namespace Tavern.Overlay;

public enum FontFace
{
    Regular,
    Bold,
}

/// <summary>Coverage of a glyph's pixels.</summary>
/// <param name="Left">Pixels from the pen to the left edge.</param>
/// <param name="Top">Pixels from the base line up to the top edge.</param>
/// <param name="Width">Pixels in a row.</param>
/// <param name="Height">Rows.</param>
/// <param name="Coverage">[height, width] 0 to 255.</param>
internal sealed record GlyphBitmap(int Left, int Top, int Width, int Height, byte[] Coverage);

/// <summary>Glyphs and widths of the overlay's two fonts, by Skia.</summary>
internal sealed class GlyphRaster : IDisposable
{
    private const float UnitsPerEm = 1024;
    private readonly SKTypeface[] _faces = [Load("DejaVuSans.ttf"), Load("DejaVuSans-Bold.ttf")];
    private readonly SKPaint _paint = new() { IsAntialias = true, Color = SKColors.White };

    /// <summary>How far the pen moves on, in ems.</summary>
    public float AdvanceOf(FontFace face, int character)
    {
        using SKFont font = new(_faces[(int)face], UnitsPerEm);
        return font.GetGlyphWidths([font.GetGlyph(character)])[0] / UnitsPerEm;
    }

    /// <param name="face">Which font.</param>
    /// <param name="character">Unicode.</param>
    /// <param name="size">Pixels of an em.</param>
    /// <param name="shift">Pixels to the right, less than one.</param>
    public GlyphBitmap Draw(FontFace face, int character, int size, float shift)
    {
        using SKFont font = new(_faces[(int)face], size) { Hinting = SKFontHinting.None, Subpixel = true };
        using SKPath? path = font.GetGlyphPath(font.GetGlyph(character));
        if (path is null || path.IsEmpty) return new GlyphBitmap(0, 0, 0, 0, []);
        SKRect bounds = path.TightBounds;
        int left = (int)MathF.Floor(bounds.Left + shift), top = (int)MathF.Floor(bounds.Top);
        int width = (int)MathF.Ceiling(bounds.Right + shift) - left, height = (int)MathF.Ceiling(bounds.Bottom) - top;
        using SKBitmap bitmap = new(new SKImageInfo(width, height, SKColorType.Alpha8, SKAlphaType.Premul));
        bitmap.Erase(SKColors.Transparent);
        using (SKCanvas canvas = new(bitmap))
        {
            canvas.Translate(shift - left, -top);
            canvas.DrawPath(path, _paint);
        }

        byte[] coverage = new byte[width * height];
        for (int row = 0; row < height; row++)
            bitmap.GetPixelSpan().Slice(row * bitmap.RowBytes, width).CopyTo(coverage.AsSpan(row * width));
        return new GlyphBitmap(left, -top, width, height, coverage);
    }

    public void Dispose()
    {
        _paint.Dispose();
        foreach (SKTypeface face in _faces) face.Dispose();
    }

    private static SKTypeface Load(string name)
    {
        using Stream stream = Assembly.GetExecutingAssembly().GetManifestResourceStream(name)
            ?? throw new FileNotFoundException($"The font {name} is not in the assembly.");
        return SKTypeface.FromStream(stream) ?? throw new InvalidDataException($"{name} is no font.");
    }
}
