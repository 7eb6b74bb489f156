using System.Security.Cryptography;
using System.Text;

namespace NpcMind.Scheduling;

/// <summary>
/// The file of a <see cref="CostModel"/>, little-endian: magic, version, device, the margin's ratio and excess, classes (key, knots: bin,
/// samples, work, mean, deviation), SHA-256 of all that. The checksum finds damage; every number is checked all the same, so that no
/// content can break a model.
/// </summary>
internal static class CostModelFile
{
    private const uint Magic = 0x4F43504E; // "NPCO"
    private const ushort Version = 1;

    // Logarithms of milliseconds and ratios: far outside what a device can do.
    private const double MostLog = 40;
    private const int MostBytes = 32 << 20;

    public static byte[] Write(CostModel model, string device)
    {
        ArgumentException.ThrowIfNullOrEmpty(device);
        if (device.Length > CostModel.MaxKeyLength)
            throw new ArgumentException($"A device's name has at most {CostModel.MaxKeyLength} characters, not {device.Length}.",
                nameof(device));
        using MemoryStream stream = new();
        using BinaryWriter writer = new(stream, Encoding.UTF8);
        writer.Write(Magic);
        writer.Write(Version);
        writer.Write(device);
        writer.Write(model.Margin.RatioLog);
        writer.Write(model.Margin.Excess);
        writer.Write((ushort)model.Classes);
        for (int i = 0; i < model.Classes; i++)
        {
            writer.Write(model.Key(i));
            writer.Write((byte)model.Curve(i).Count);
            foreach (ref readonly CostCurve.Knot knot in model.Curve(i).Knots)
            {
                writer.Write((byte)knot.Bin);
                writer.Write(knot.Samples);
                writer.Write(knot.Work);
                writer.Write(knot.Mean);
                writer.Write(knot.Deviation);
            }
        }
        writer.Flush();
        writer.Write(SHA256.HashData(stream.GetBuffer().AsSpan(0, (int)stream.Length)));
        writer.Flush();
        return stream.ToArray();
    }

    public static bool TryRead(ReadOnlySpan<byte> content, string device, CostModel into)
    {
        ArgumentException.ThrowIfNullOrEmpty(device);
        ArgumentNullException.ThrowIfNull(into);
        int length = content.Length - SHA256.HashSizeInBytes;
        if (length < 0 || length > MostBytes) return false;
        Span<byte> hash = stackalloc byte[SHA256.HashSizeInBytes];
        SHA256.HashData(content[..length], hash);
        if (!hash.SequenceEqual(content[length..])) return false;
        // All is read before the model is touched.
        return Parse(content[..length], device, into, apply: false) && Parse(content[..length], device, into, apply: true);
    }

    private static bool Parse(ReadOnlySpan<byte> content, string device, CostModel into, bool apply)
    {
        using MemoryStream stream = new(content.ToArray(), writable: false);
        using BinaryReader reader = new(stream, Encoding.UTF8);
        try
        {
            if (reader.ReadUInt32() != Magic || reader.ReadUInt16() != Version || reader.ReadString() != device) return false;
            double ratioLog = reader.ReadDouble(), excess = reader.ReadDouble();
            int classes = reader.ReadUInt16(), added = 0;
            if (!IsLog(ratioLog) || !IsLog(excess) || classes > CostModel.MaxClasses) return false;
            Span<CostCurve.Knot> knots = stackalloc CostCurve.Knot[CostCurve.Bins];
            for (int i = 0; i < classes; i++)
            {
                string key = reader.ReadString();
                int count = reader.ReadByte();
                if (key.Length is 0 or > CostModel.MaxKeyLength || count > CostCurve.Bins || !TryReadKnots(reader, knots[..count]))
                    return false;
                if (!into.Has(key)) added++;
                if (apply && count > 0) into.Curve(into.Class(key)).Restore(knots[..count]);
            }
            if (apply) into.Margin = (ratioLog, excess);
            return apply || (stream.Position == stream.Length && added <= CostModel.MaxClasses - into.Classes);
        }
        catch (Exception e) when (e is EndOfStreamException or FormatException or IOException)
        {
            return false;
        }
    }

    private static bool TryReadKnots(BinaryReader reader, Span<CostCurve.Knot> knots)
    {
        int bin = -1;
        double work = 0;
        foreach (ref CostCurve.Knot knot in knots)
        {
            knot = new CostCurve.Knot
            {
                Bin = reader.ReadByte(),
                Samples = reader.ReadInt32(),
                Work = reader.ReadDouble(),
                Mean = reader.ReadDouble(),
                Deviation = reader.ReadDouble()
            };
            if (knot.Bin <= bin || knot.Bin >= CostCurve.Bins || knot.Samples < 1 || !(knot.Work > work && double.IsFinite(knot.Work)))
                return false;
            if (!IsLog(knot.Mean) || !IsLog(knot.Deviation) || knot.Deviation < 0) return false;
            bin = knot.Bin;
            work = knot.Work;
        }
        return true;
    }

    private static bool IsLog(double value) => Math.Abs(value) <= MostLog;
}
