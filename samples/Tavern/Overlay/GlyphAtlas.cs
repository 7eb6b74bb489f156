using Silk.NET.Vulkan;
using Tavern.Renderer;

namespace Tavern.Overlay;

/// <summary>Where a glyph is in the atlas and how it lies about the pen.</summary>
internal readonly record struct Glyph(int X, int Y, int Width, int Height, int Left, int Top);

/// <summary>Glyphs as pictures, drawn when first needed, at the very size and place between pixels at which they are shown.</summary>
internal sealed unsafe class GlyphAtlas : IDisposable
{
    public const int Size = 1024;
    private const int LargestShifted = 30;
    private readonly RenderDevice _device;
    private readonly GlyphRaster _raster = new();
    private readonly Dictionary<(FontFace Face, int Character), float> _advances = [];
    private readonly Dictionary<(FontFace Face, int Character, int Size, int Quarter), Glyph> _glyphs = [];
    private readonly DeviceBuffer[] _staging;
    private readonly byte[] _pixels = new byte[Size * Size];
    private int _penX;
    private int _penY;
    private int _rowHeight;
    private int _dirtyFrom = Size;
    private int _dirtyTo;

    public GlyphAtlas(RenderDevice device, int slots)
    {
        _device = device;
        Image = new DeviceImage(device, Size, Size, Format.R8Unorm, ImageUsageFlags.SampledBit | ImageUsageFlags.TransferDstBit);
        _staging = [.. Enumerable.Range(0, slots).Select(_ => new DeviceBuffer(device, Size * Size, BufferUsageFlags.TransferSrcBit))];
        Clear();
    }

    public DeviceImage Image { get; }

    /// <summary>How far the pen moves on, in ems.</summary>
    public float AdvanceOf(FontFace face, int character)
    {
        if (_advances.TryGetValue((face, character), out float advance)) return advance;
        advance = _raster.AdvanceOf(face, character);
        _advances.Add((face, character), advance);
        return advance;
    }

    /// <summary>The picture of a character whose pen stands at a place between pixels.</summary>
    public Glyph Get(FontFace face, int character, int size, float fraction)
    {
        int quarter = size <= LargestShifted ? (int)(fraction * 4) & 3 : 0;
        if (_glyphs.TryGetValue((face, character, size, quarter), out Glyph glyph)) return glyph;
        glyph = Put(_raster.Draw(face, character, size, quarter / 4f));
        _glyphs.Add((face, character, size, quarter), glyph);
        return glyph;
    }

    /// <summary>Before the texts of a frame: starts anew when little room is left, as after many changes of size.</summary>
    public void MakeRoom()
    {
        if (_penY > Size * 3 / 4) Clear();
    }

    /// <summary>Records the upload of what is new.</summary>
    public void Upload(CommandBuffer commands, int slot)
    {
        if (_dirtyFrom >= _dirtyTo) return;
        int from = _dirtyFrom * Size, bytes = (_dirtyTo - _dirtyFrom) * Size;
        _pixels.AsSpan(from, bytes).CopyTo(_staging[slot].Span);
        Image.Transition(commands, ImageLayout.TransferDstOptimal);
        BufferImageCopy region = new()
        {
            ImageSubresource = new(ImageAspectFlags.ColorBit, 0, 0, 1),
            ImageOffset = new(0, _dirtyFrom, 0),
            ImageExtent = new(Size, (uint)(_dirtyTo - _dirtyFrom), 1)
        };
        _device.Api.CmdCopyBufferToImage(commands, _staging[slot].Handle, Image.Handle, ImageLayout.TransferDstOptimal, 1, &region);
        Image.Transition(commands, ImageLayout.ShaderReadOnlyOptimal);
        (_dirtyFrom, _dirtyTo) = (Size, 0);
    }

    public void Dispose()
    {
        _raster.Dispose();
        Image.Dispose();
        foreach (DeviceBuffer buffer in _staging) buffer.Dispose();
    }

    /// <summary>From left to right in rows; what finds no room is left blank until <see cref="MakeRoom"/>.</summary>
    private Glyph Put(GlyphBitmap bitmap)
    {
        if (_penX + bitmap.Width + 1 > Size) (_penX, _penY, _rowHeight) = (0, _penY + _rowHeight + 1, 0);
        if (bitmap.Width == 0 || _penY + bitmap.Height > Size) return default;
        for (int row = 0; row < bitmap.Height; row++)
            bitmap.Coverage.AsSpan(row * bitmap.Width, bitmap.Width).CopyTo(_pixels.AsSpan(((_penY + row) * Size) + _penX));
        Glyph glyph = new(_penX, _penY, bitmap.Width, bitmap.Height, bitmap.Left, bitmap.Top);
        (_dirtyFrom, _dirtyTo) = (Math.Min(_dirtyFrom, _penY), Math.Max(_dirtyTo, _penY + bitmap.Height));
        _penX += bitmap.Width + 1;
        _rowHeight = Math.Max(_rowHeight, bitmap.Height);
        return glyph;
    }

    private void Clear()
    {
        _glyphs.Clear();
        Array.Clear(_pixels);
        (_penX, _penY, _rowHeight, _dirtyFrom, _dirtyTo) = (0, 0, 0, 0, Size);
    }
}
