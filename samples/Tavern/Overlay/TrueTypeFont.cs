using System.Buffers.Binary;
using System.Numerics;
using System.Reflection;

namespace Tavern.Overlay;

/// <summary>Outlines and widths from a TrueType file: what one known font needs, without hinting or kerning.</summary>
internal sealed class TrueTypeFont
{
    private const int CurvePieces = 4;
    private readonly byte[] _file;
    private readonly Dictionary<string, int> _tables = [];
    private readonly int _unitsPerEm;
    private readonly bool _longOffsets;
    private readonly int _fullMetrics;
    private readonly int _characters;

    public TrueTypeFont(byte[] file)
    {
        _file = file;
        for (int i = 0; i < U16(4); i++)
            _tables[System.Text.Encoding.ASCII.GetString(file, 12 + (16 * i), 4)] = (int)U32(12 + (16 * i) + 8);
        int head = _tables["head"], metrics = _tables["hhea"];
        _unitsPerEm = U16(head + 18);
        _longOffsets = U16(head + 50) != 0;
        Ascent = (float)S16(metrics + 4) / _unitsPerEm;
        Descent = -(float)S16(metrics + 6) / _unitsPerEm;
        _fullMetrics = U16(metrics + 34);
        _characters = FindCharacters();
    }

    /// <summary>Of the em, above the base line.</summary>
    public float Ascent { get; }

    /// <summary>Of the em, below the base line.</summary>
    public float Descent { get; }

    public static TrueTypeFont FromResource(string name)
    {
        using Stream stream = Assembly.GetExecutingAssembly().GetManifestResourceStream(name) ?? throw new FileNotFoundException($"The font {name} is not in the assembly.");
        byte[] file = new byte[stream.Length];
        stream.ReadExactly(file);
        return new TrueTypeFont(file);
    }

    /// <summary>Number of a character's glyph; 0 is the box for unknown ones.</summary>
    public int GlyphOf(int character)
    {
        // Format 4: segments of characters; four parallel arrays of their ends, starts, differences and offsets.
        int segments = U16(_characters + 6) / 2;
        int ends = _characters + 14, starts = ends + (2 * segments) + 2, differences = starts + (2 * segments), offsets = differences + (2 * segments);
        for (int i = 0; i < segments; i++)
        {
            if (character > U16(ends + (2 * i))) continue;
            int start = U16(starts + (2 * i));
            if (character < start) return 0;
            int offset = U16(offsets + (2 * i));
            if (offset == 0) return (character + U16(differences + (2 * i))) & 0xFFFF;
            int glyph = U16(offsets + (2 * i) + offset + (2 * (character - start)));
            return glyph == 0 ? 0 : (glyph + U16(differences + (2 * i))) & 0xFFFF;
        }

        return 0;
    }

    /// <summary>How far the pen moves on, in ems.</summary>
    public float AdvanceOf(int glyph) => (float)U16(_tables["hmtx"] + (4 * Math.Min(glyph, _fullMetrics - 1))) / _unitsPerEm;

    /// <summary>Closed outlines in ems, y up, as straight pieces.</summary>
    public IReadOnlyList<IReadOnlyList<Vector2>> OutlinesOf(int glyph)
    {
        List<IReadOnlyList<Vector2>> outlines = [];
        Collect(glyph, Matrix3x2.CreateScale(1f / _unitsPerEm), outlines);
        return outlines;
    }

    private void Collect(int glyph, Matrix3x2 place, List<IReadOnlyList<Vector2>> outlines)
    {
        int from = OffsetOf(glyph), to = OffsetOf(glyph + 1);
        if (from == to) return;
        int at = _tables["glyf"] + from;
        int contours = S16(at);
        if (contours >= 0) CollectSimple(at, contours, place, outlines);
        else CollectParts(at + 10, place, outlines);
    }

    private void CollectSimple(int at, int contours, Matrix3x2 place, List<IReadOnlyList<Vector2>> outlines)
    {
        int ends = at + 10;
        int points = contours == 0 ? 0 : U16(ends + (2 * (contours - 1))) + 1;
        int reader = ends + (2 * contours);
        reader += 2 + U16(reader);
        byte[] flags = new byte[points];
        for (int i = 0; i < points;)
        {
            byte flag = _file[reader++];
            int repeats = (flag & 8) != 0 ? _file[reader++] : 0;
            for (; repeats >= 0; repeats--) flags[i++] = flag;
        }

        int[] xs = Coordinates(flags, 2, 16, ref reader), ys = Coordinates(flags, 4, 32, ref reader);
        for (int contour = 0, first = 0; contour < contours; contour++)
        {
            int last = U16(ends + (2 * contour));
            List<(Vector2 Place, bool IsOn)> outline = [];
            for (int i = first; i <= last; i++) outline.Add((Vector2.Transform(new(xs[i], ys[i]), place), (flags[i] & 1) != 0));
            if (outline.Count > 2) outlines.Add(Flatten(outline));
            first = last + 1;
        }
    }

    private int[] Coordinates(byte[] flags, int isShort, int isSameOrPositive, ref int reader)
    {
        int[] values = new int[flags.Length];
        int value = 0;
        for (int i = 0; i < flags.Length; i++)
        {
            if ((flags[i] & isShort) != 0)
            {
                value += (flags[i] & isSameOrPositive) != 0 ? _file[reader] : -_file[reader];
                reader++;
            }
            else if ((flags[i] & isSameOrPositive) == 0)
            {
                value += S16(reader);
                reader += 2;
            }

            values[i] = value;
        }

        return values;
    }

    /// <summary>Points off the curve control quadratic pieces; between two of them lies one on the curve.</summary>
    private static List<Vector2> Flatten(List<(Vector2 Place, bool IsOn)> outline)
    {
        List<Vector2> pieces = [];
        int start = outline.FindIndex(p => p.IsOn);
        Vector2 pen = start >= 0 ? outline[start].Place : (outline[0].Place + outline[^1].Place) / 2;
        start = Math.Max(start, 0);
        pieces.Add(pen);
        Vector2? control = null;
        for (int i = 1; i <= outline.Count; i++)
        {
            (Vector2 place, bool isOn) = outline[(start + i) % outline.Count];
            if (isOn && control is null) pieces.Add(place);
            else if (control is { } bend)
            {
                Vector2 end = isOn ? place : (bend + place) / 2;
                for (int piece = 1; piece <= CurvePieces; piece++)
                {
                    float t = (float)piece / CurvePieces;
                    pieces.Add(Vector2.Lerp(Vector2.Lerp(pen, bend, t), Vector2.Lerp(bend, end, t), t));
                }
            }

            if (isOn || control is not null) pen = pieces[^1];
            control = isOn ? null : place;
        }

        return pieces;
    }

    private void CollectParts(int reader, Matrix3x2 place, List<IReadOnlyList<Vector2>> outlines)
    {
        int flags;
        do
        {
            flags = U16(reader);
            int glyph = U16(reader + 2);
            reader += 4;
            bool areWords = (flags & 1) != 0;
            Vector2 shift = areWords ? new(S16(reader), S16(reader + 2)) : new((sbyte)_file[reader], (sbyte)_file[reader + 1]);
            reader += areWords ? 4 : 2;
            Matrix3x2 part = Matrix3x2.Identity;
            if ((flags & 8) != 0) part.M11 = part.M22 = Fraction(ref reader);
            else if ((flags & 0x40) != 0) (part.M11, part.M22) = (Fraction(ref reader), Fraction(ref reader));
            else if ((flags & 0x80) != 0) (part.M11, part.M12, part.M21, part.M22) = (Fraction(ref reader), Fraction(ref reader), Fraction(ref reader), Fraction(ref reader));
            part.Translation = (flags & 2) != 0 ? shift : Vector2.Zero;
            Collect(glyph, part * place, outlines);
        }
        while ((flags & 0x20) != 0);
    }

    private float Fraction(ref int reader)
    {
        reader += 2;
        return S16(reader - 2) / 16384f;
    }

    private int OffsetOf(int glyph) => _longOffsets ? (int)U32(_tables["loca"] + (4 * glyph)) : 2 * U16(_tables["loca"] + (2 * glyph));

    private int FindCharacters()
    {
        int table = _tables["cmap"];
        for (int i = 0; i < U16(table + 2); i++)
        {
            int record = table + 4 + (8 * i);
            int characters = table + (int)U32(record + 4);
            if (U16(record) == 3 && U16(record + 2) == 1 && U16(characters) == 4) return characters;
        }

        throw new InvalidDataException("The font has no table of Unicode characters in format 4.");
    }

    private int U16(int at) => BinaryPrimitives.ReadUInt16BigEndian(_file.AsSpan(at));

    private int S16(int at) => BinaryPrimitives.ReadInt16BigEndian(_file.AsSpan(at));

    private uint U32(int at) => BinaryPrimitives.ReadUInt32BigEndian(_file.AsSpan(at));
}
