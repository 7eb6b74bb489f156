using System.Security.Cryptography;
using System.Text;

namespace Tavern.Game;

/// <summary>Named parts in one file with a checksum, written whole or not at all.</summary>
internal static class SaveContainer
{
    private static readonly byte[] Magic = "TAVERN-1"u8.ToArray();

    public static void Write(string path, IEnumerable<KeyValuePair<string, byte[]>> parts)
    {
        using MemoryStream content = new();
        using BinaryWriter writer = new(content, Encoding.UTF8);
        writer.Write(Magic);
        foreach ((string name, byte[] bytes) in parts)
        {
            writer.Write(name);
            writer.Write(bytes.Length);
            writer.Write(bytes);
        }

        writer.Flush();
        byte[] sum = SHA256.HashData(content.GetBuffer().AsSpan(0, (int)content.Length));
        Directory.CreateDirectory(Path.GetDirectoryName(Path.GetFullPath(path))!);
        string beside = path + ".new";
        using (FileStream file = new(beside, FileMode.Create, FileAccess.Write))
        {
            content.WriteTo(file);
            file.Write(sum);
            file.Flush(flushToDisk: true);
        }

        File.Move(beside, path, overwrite: true);
    }

    /// <exception cref="InvalidDataException">It is no save, or not as it was written.</exception>
    public static Dictionary<string, byte[]> Read(string path)
    {
        byte[] all = File.ReadAllBytes(path);
        int end = all.Length - SHA256.HashSizeInBytes;
        if (end < Magic.Length || !all.AsSpan().StartsWith(Magic)) throw new InvalidDataException("it is no save of this game, or its beginning is damaged");
        if (!SHA256.HashData(all.AsSpan(0, end)).AsSpan().SequenceEqual(all.AsSpan(end))) throw new InvalidDataException("it is damaged or cut short");
        Dictionary<string, byte[]> parts = new(StringComparer.Ordinal);
        using BinaryReader reader = new(new MemoryStream(all, Magic.Length, end - Magic.Length), Encoding.UTF8);
        while (reader.BaseStream.Position < reader.BaseStream.Length)
        {
            string name = reader.ReadString();
            parts[name] = reader.ReadBytes(reader.ReadInt32());
        }

        return parts;
    }
}
