using System.Buffers.Binary;

namespace NpcMind.Vision.Internal;

/// <summary>
/// Walks the segments of a JPEG file (ITU-T T.81, annex B) without decoding: every table and header must be whole and consistent, and the
/// file must end with EOI.
/// </summary>
internal ref struct JpegWalk
{
    /// <summary>
    /// Encoders write about ten; each costs a pass over the picture, so a small file with thousands would keep a machine busy.
    /// </summary>
    private const int MaxScans = 100;

    /// <summary>
    /// Pixels a byte can stand for: a block of 64 takes at least a bit of its DC scan, the finest component has a fourth of the finest
    /// sampling or more, and a byte has 8 bits. Shorter files are refused before the picture is allocated.
    /// </summary>
    private const long MaxExpansion = 64 * 4 * 8;

    private readonly ReadOnlySpan<byte> _file;
    private readonly FileCheck _check;
    private readonly byte[] _components = new byte[4];
    private readonly int[] _sampling = new int[4], _tables = new int[4];
    private readonly List<int> _adobeTransforms = [], _componentNames = [];
    private int _count, _quantizers, _dcTables, _acTables, _scanned, _scans, _adobe = -1;
    private long _samples;
    private bool _progressive, _jfif, _exif;

    private JpegWalk(ReadOnlySpan<byte> file, FileCheck check)
    {
        _file = file;
        _check = check;
    }

    /// <summary>Pixels in a row, as stored.</summary>
    public int Width { get; private set; }

    /// <summary>Rows, as stored.</summary>
    public int Height { get; private set; }

    /// <summary>EXIF orientation, 1 to 8: that of the first EXIF block.</summary>
    public int Orientation { get; private set; } = 1;

    /// <summary>Bytes up to and with EOI.</summary>
    public int Length { get; private set; }

    /// <summary>
    /// A copy of the file that says in one way only what its colours are. Three components are YCbCr where JFIF's marker stands; else as
    /// Adobe's marker says; else RGB if they are
    /// called so (libjpeg's rule, which browsers and Pillow share). StbImageSharp knows no JFIF and puts names above Adobe's marker.
    /// </summary>
    public readonly byte[] WithColoursStated()
    {
        byte[] copy = _file[..Length].ToArray();
        bool named = _count == 3 && _components.AsSpan(0, 3).SequenceEqual("RGB"u8);
        if (_count != 3) return copy;
        bool rgb = !_jfif && (_adobe >= 0 ? _adobe == 0 : named);
        foreach (int at in _adobeTransforms) copy[at] = (byte)(rgb ? 0 : 1);
        if (named && !rgb)
            foreach (int at in _componentNames) copy[at] = (byte)(1 + "RGB"u8.IndexOf(copy[at]));
        return copy;
    }

    public static JpegWalk Check(ReadOnlySpan<byte> file, FileCheck check)
    {
        JpegWalk walk = new(file, check);
        int at = 2;
        while (walk.Segment(ref at)) { }
        walk.Length = at;
        return walk;
    }

    private bool Segment(ref int at)
    {
        int start = at;
        if (at >= _file.Length) throw CutShort();
        if (_file[at] != 0xFF) throw _check.Error(FileCheck.At("marker", start), "FF", _file[at].ToString("X2", null));
        while (at < _file.Length && _file[at] == 0xFF) at++;
        if (at >= _file.Length) throw CutShort();
        byte marker = _file[at++];
        string where = FileCheck.At($"marker FF{marker:X2}", start);
        if (marker == 0xD9)
        {
            int missing = ((1 << _count) - 1) & ~_scanned;
            if (_count == 0 || missing != 0) throw _check.Error(where, "a scan of every component before the end of the picture", "none");
            return false;
        }

        if (marker is < 0xC0 or (>= 0xD0 and <= 0xD8)) throw _check.Error(where, "the marker of a segment", "another");
        if (_file.Length - at < 2) throw CutShort();
        int length = BinaryPrimitives.ReadUInt16BigEndian(_file[at..]);
        if (length < 2) throw _check.Error(where, "a length of at least 2", FileCheck.Text(length));
        if (length > _file.Length - at) throw CutShort();
        ReadOnlySpan<byte> content = _file[(at + 2)..(at + length)];
        at += length;
        switch (marker)
        {
            case 0xC0 or 0xC1 or 0xC2:
                _progressive = marker == 0xC2;
                Frame(content, where);
                for (int i = 0; i < _count; i++) _componentNames.Add(at - content.Length + 6 + (3 * i));
                break;
            case 0xC4:
                HuffmanTables(content, where);
                break;
            case (>= 0xC3 and <= 0xCF) or 0xDC or 0xDE or 0xDF:
                throw _check.Error(where, "a baseline or progressive Huffman coded JPEG", "a rarer process", FileCheck.Convert);
            case 0xDA:
                Scan(content, where);
                for (int i = 0; i < content[0]; i++) _componentNames.Add(at - content.Length + 1 + (2 * i));
                SkipEntropyCoded(ref at);
                break;
            case 0xDB:
                QuantizationTables(content, where);
                break;
            case 0xDD:
                if (content.Length != 2) throw _check.Error(where, "2 bytes", FileCheck.Text(content.Length));
                break;
            case 0xE1 when !_exif && content.StartsWith("Exif\0\0"u8):
                _exif = true;
                Orientation = Internal.Orientation.Read(content[6..]);
                break;
            // What follows the first scan no longer says what the colours are.
            case 0xE0 when content.Length >= 14 && content.StartsWith("JFIF\0"u8):
                _jfif |= _scans == 0;
                break;
            case 0xEE when content.Length >= 12 && content.StartsWith("Adobe\0"u8[..5]):
                if (_scans == 0) _adobe = content[11];
                _adobeTransforms.Add(at - content.Length + 11);
                break;
            default:
                break;
        }

        return true;
    }

    private void Frame(ReadOnlySpan<byte> content, string where)
    {
        if (_count != 0) throw _check.Error(where, "one frame", "a second one");
        if (content.Length < 6 || content.Length != 6 + (3 * content[5]))
            throw _check.Error(where, "6 bytes and 3 for each component", FileCheck.Text(content.Length));
        if (content[0] != 8) throw _check.Error(where, "8 bits per channel", FileCheck.Text(content[0]), FileCheck.Convert);
        int height = BinaryPrimitives.ReadUInt16BigEndian(content[1..]), width = BinaryPrimitives.ReadUInt16BigEndian(content[3..]);
        if (height == 0 && _file.IndexOf([(byte)0xFF, (byte)0xDC, (byte)0, (byte)4]) >= 0)
            throw _check.Error(where, "the number of rows", "0: it follows in a DNL segment, which is legal but rare", FileCheck.Convert);
        _check.Size(where, width, height);
        if ((long)width * height > _file.Length * MaxExpansion)
            throw _check.Error(where, "a size that the file can hold", $"{width} x {height} pixels in {_file.Length} bytes");
        // Four components without Adobe's marker are CMYK in one polarity or the other: wrong colours would be the likelier result.
        if (content[5] is not (1 or 3) && !(content[5] == 4 && _adobe is 0 or 2))
            throw _check.Error(where, "gray, YCbCr, RGB or Adobe's CMYK", $"{FileCheck.Text(content[5])} channels", FileCheck.Convert);
        for (int i = 0; i < content[5]; i++)
        {
            ReadOnlySpan<byte> component = content.Slice(6 + (3 * i), 3);
            if (_components.AsSpan(0, i).Contains(component[0]))
                throw _check.Error(where, "components with names of their own", FileCheck.Text(component[0]));
            if ((component[1] >> 4) is < 1 or > 4 || (component[1] & 15) is < 1 or > 4)
                throw _check.Error(where, "sampling factors from 1 to 4", component[1].ToString("X2", null));
            if (component[2] > 3) throw _check.Error(where, "quantization tables 0 to 3", FileCheck.Text(component[2]));
            _components[i] = component[0];
            _sampling[i] = (component[1] >> 4) * (component[1] & 15);
            _tables[i] = component[2];
        }

        (Width, Height, _count) = (width, height, content[5]);
    }

    private void Scan(ReadOnlySpan<byte> content, string where)
    {
        if (_count == 0) throw _check.Error(where, "a frame before its scans", "none");
        if (++_scans > MaxScans) throw _check.Error(where, $"at most {MaxScans} scans", "more", FileCheck.Convert);
        int count = content.IsEmpty ? 0 : content[0];
        if (count < 1 || count > _count || content.Length != 4 + (2 * count))
            throw _check.Error(where, "1 to 4 components and 3 bytes", FileCheck.Text(content.Length));
        int first = content[^3], last = content[^2], high = content[^1] >> 4, low = content[^1] & 15;
        bool sound = _progressive ? last <= 63 && (first == 0 ? last == 0 : first <= last && count == 1) && high <= 13
            && low <= 13 : first == 0 && high == 0 && low == 0;
        if (!sound) throw _check.Error(where, "a spectral band of the process", $"{first} to {last}, bits {high} and {low}");
        int finest = _sampling.AsSpan(0, _count).ToArray().Max();
        for (int i = 0; i < count; i++)
        {
            int component = _components.AsSpan(0, _count).IndexOf(content[1 + (2 * i)]);
            int dc = content[2 + (2 * i)] >> 4, ac = content[2 + (2 * i)] & 15;
            if (component < 0) throw _check.Error(where, "components of the frame", FileCheck.Text(content[1 + (2 * i)]));
            bool needsDc = !_progressive || (first == 0 && high == 0), needsAc = !_progressive || first > 0;
            if (needsDc) RequireTable(where, "DC Huffman table", dc, _dcTables);
            if (needsAc) RequireTable(where, "AC Huffman table", ac, _acTables);
            RequireTable(where, "quantization table", _tables[component], _quantizers);
            if (first == 0) _scanned |= 1 << component;
            _samples += (long)Width * Height * _sampling[component] / finest;
        }

        _check.Scans(where, _scans, _samples);
    }

    /// <summary>Tables may be defined anywhere before the scan, and again before later ones.</summary>
    private readonly void RequireTable(string where, string kind, int table, int defined)
    {
        if (table > 3 || (defined >> table & 1) == 0)
            throw _check.Error(where, $"{kind} {FileCheck.Text(table)} before the scan that uses it", "no such table");
    }

    private void HuffmanTables(ReadOnlySpan<byte> content, string where)
    {
        while (!content.IsEmpty)
        {
            if (content.Length < 17 || (content[0] >> 4) > 1 || (content[0] & 15) > 3)
                throw _check.Error(where, "a Huffman table 0 to 3 of class 0 or 1", "another");
            int symbols = 0, free = 1;
            for (int bits = 1; bits <= 16; bits++)
            {
                symbols += content[bits];
                free = (free * 2) - content[bits];
                if (free < 0) throw _check.Error(where, "a prefix code", $"too many codes of {FileCheck.Text(bits)} bits");
            }

            if (symbols > 256 || symbols > content.Length - 17)
                throw _check.Error(where, $"{FileCheck.Text(symbols)} symbols (at most 256)",
                    $"{FileCheck.Text(content.Length - 17)} bytes");
            if (content[0] >> 4 == 0) _dcTables |= 1 << (content[0] & 15);
            else _acTables |= 1 << (content[0] & 15);
            content = content[(17 + symbols)..];
        }
    }

    private void QuantizationTables(ReadOnlySpan<byte> content, string where)
    {
        while (!content.IsEmpty)
        {
            int size = 1 + (64 * (1 + (content[0] >> 4)));
            if ((content[0] >> 4) > 1 || (content[0] & 15) > 3 || content.Length < size)
                throw _check.Error(where, "a whole quantization table 0 to 3 of 8 or 16 bits", $"{FileCheck.Text(content.Length)} bytes");
            _quantizers |= 1 << (content[0] & 15);
            content = content[size..];
        }
    }

    // In entropy coded data FF is followed by 00 or by a restart marker; anything else ends it.
    private readonly void SkipEntropyCoded(ref int at)
    {
        for (; at < _file.Length - 1; at++)
        {
            if (_file[at] == 0xFF && _file[at + 1] is not (0x00 or 0xFF or (>= 0xD0 and <= 0xD7))) return;
        }

        throw CutShort();
    }

    private readonly ImageFormatException CutShort() =>
        _check.Error("end of file", "the end of the picture (FFD9)", "the end of the file before it");
}
