using System.Numerics;
using System.Runtime.InteropServices;

namespace Tavern.Overlay;

/// <summary>A colour in sRGB.</summary>
[StructLayout(LayoutKind.Sequential)]
public readonly record struct Ink(byte Red, byte Green, byte Blue, byte Alpha = 255)
{
    public Ink Darker(float by) => this with { Red = (byte)(Red * by), Green = (byte)(Green * by), Blue = (byte)(Blue * by) };
}

/// <summary>The numbers that overlay.vert and overlay.frag know.</summary>
internal enum QuadKind : uint
{
    Glyph,
    Box,
    Line,
}

/// <summary>What the overlay is made of, as the vertex shader reads it.</summary>
[StructLayout(LayoutKind.Sequential)]
internal readonly record struct Quad(Vector4 Box, Vector2 Shape, Ink Fill, Ink Border, QuadKind Kind);

/// <summary>A rectangle in pixels from the upper left corner.</summary>
public readonly record struct Box(float Left, float Top, float Width, float Height)
{
    public float Right => Left + Width;

    public float Bottom => Top + Height;

    public bool Contains(Vector2 point) => point.X >= Left && point.X < Right && point.Y >= Top && point.Y < Bottom;

    public bool Overlaps(in Box other) => Left < other.Right && other.Left < Right && Top < other.Bottom && other.Top < Bottom;

    /// <summary>This, moved as little as it takes to lie within another.</summary>
    public Box Within(in Box area) =>
        this with
        {
            Left = Math.Max(area.Left, Math.Min(Left, area.Right - Width)),
            Top = Math.Max(area.Top, Math.Min(Top, area.Bottom - Height))
        };

    public Box Inflate(float by) => new(Left - by, Top - by, Width + (2 * by), Height + (2 * by));
}
