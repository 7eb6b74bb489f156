using System.Globalization;
using Microsoft.Win32.SafeHandles;
using NpcMind.Core;

namespace NpcMind.Gguf;

/// <summary>
/// A GGUF model file, version 2 or 3, one file or split in shards. <see cref="Open"/> parses and checks the headers; tensor data stays on
/// disk and is copied out by <see cref="Read"/>. Data is read by position, not through a mapping: a file cut short while it is mapped kills
/// a .NET process, a positional read reports it (docs/decisions/0002). Immutable after opening; safe from any thread until disposed.
/// Source: ggml docs/gguf.md.
/// </summary>
internal sealed class GgufFile : IDisposable
{
    private const string OtherParts =
        "The parts of the split model do not belong together; give all of them the names they were published under.";

    private readonly List<SafeFileHandle> _handles;
    private readonly List<string> _paths;
    private readonly Dictionary<string, GgufTensor> _byName;

    private GgufFile(List<SafeFileHandle> handles, List<string> paths, uint version, GgufMetadata metadata, List<GgufTensor> tensors,
        Dictionary<string, GgufTensor> byName, long length)
    {
        _handles = handles;
        _paths = paths;
        _byName = byName;
        Version = version;
        Metadata = metadata;
        Tensors = tensors;
        ByteLength = length;
    }

    /// <summary>Path as given to <see cref="Open"/>.</summary>
    public string Path => _paths[0];

    /// <summary>Paths of all shards in order; one for a model in one file.</summary>
    public IReadOnlyList<string> Shards => _paths;

    /// <summary>Format version of the (first) file: 2 or 3.</summary>
    public uint Version { get; }

    /// <summary>Key-value pairs of the (first) file.</summary>
    public GgufMetadata Metadata { get; }

    /// <summary>All tensors in file order, shard after shard.</summary>
    public IReadOnlyList<GgufTensor> Tensors { get; }

    /// <summary>Bytes of all shards together.</summary>
    public long ByteLength { get; }

    /// <summary>Opens and checks a model file. For a split model give the first shard; the others must lie beside it.</summary>
    /// <exception cref="GgufFormatException">Anything in a header is not as the format demands.</exception>
    /// <exception cref="UnsupportedModelException">A tensor is of a type that only other programs know.</exception>
    /// <exception cref="IOException">A file is missing, cannot be read, or is a folder, pipe, socket or device.</exception>
    /// <exception cref="UnauthorizedAccessException">A file may not be read.</exception>
    public static GgufFile Open(string path)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        List<SafeFileHandle> handles = [];
        try
        {
            List<string> paths = [path];
            (uint version, GgufMetadata metadata, List<GgufTensor> tensors, long length) = Parse(path, 0, handles);
            long count = metadata.Integer("split.count") ?? 1;
            if (count is < 0 or > ushort.MaxValue)
                throw metadata.Wrong("split.count", "up to 65535 shards; 0 or 1 for a model in one file");
            if (count > 1) length += OpenOthers(path, (int)count, metadata, handles, paths, tensors);

            Dictionary<string, GgufTensor> byName = new(tensors.Count, StringComparer.Ordinal);
            foreach (GgufTensor tensor in tensors)
                if (!byName.TryAdd(tensor.Name, tensor))
                    throw new GgufFormatException(paths[tensor.Shard], tensor.Offset, "tensor names that occur once",
                        $"'{tensor.Name}' twice");
            return new GgufFile(handles, paths, version, metadata, tensors, byName, length);
        }
        catch
        {
            handles.ForEach(h => h.Dispose());
            throw;
        }
    }

    /// <summary>The tensor called <paramref name="name"/>, or null.</summary>
    public GgufTensor? Find(string name) => _byName.GetValueOrDefault(name);

    /// <summary>Copies <c>destination.Length</c> bytes of a tensor's data, from byte <paramref name="start"/> of it.</summary>
    /// <exception cref="GgufFormatException">The file has become shorter since it was opened.</exception>
    public void Read(GgufTensor tensor, long start, Span<byte> destination)
    {
        ArgumentNullException.ThrowIfNull(tensor);
        ArgumentOutOfRangeException.ThrowIfNegative(start);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(start, tensor.ByteLength - destination.Length);
        long at = tensor.Offset + start;
        while (!destination.IsEmpty)
        {
            int got = RandomAccess.Read(_handles[tensor.Shard], destination, at);
            if (got == 0)
                throw new GgufFormatException(_paths[tensor.Shard], at,
                    string.Create(CultureInfo.InvariantCulture, $"{destination.Length} more bytes of tensor '{tensor.Name}'"),
                    "the end of the file, which was longer when it was opened")
                {
                    Fault = GgufFault.Truncated,
                };
            at += got;
            destination = destination[got..];
        }
    }

    /// <summary>Closes the files.</summary>
    public void Dispose() => _handles.ForEach(h => h.Dispose());

    private static (uint Version, GgufMetadata Metadata, List<GgufTensor> Tensors, long Length) Parse(string path, int shard,
        List<SafeFileHandle> handles)
    {
        SafeFileHandle handle = RegularFile.Open(path, FileOptions.RandomAccess);
        handles.Add(handle);
        long length = RandomAccess.GetLength(handle);
        GgufHeader header = GgufHeader.Parse(new GgufCursor(path, handle, length), shard);
        return (header.Version, header.Metadata, header.Tensors, length);
    }

    private static long OpenOthers(string path, int count, GgufMetadata first, List<SafeFileHandle> handles, List<string> paths,
        List<GgufTensor> tensors)
    {
        if (first.Integer("split.no") is not 0)
            throw first.Wrong("split.no", "0, as in the first shard",
                $"The model is split into {count} files, and this is not the first: give the one named ...-00001-of-{count:D5}.gguf.",
                GgufFault.SplitModel);
        string suffix = string.Create(CultureInfo.InvariantCulture, $"-00001-of-{count:D5}.gguf");
        if (!path.EndsWith(suffix, StringComparison.Ordinal))
            throw new GgufFormatException(path, 0, $"a file name ending in {suffix}, as the first of {count} shards",
                $"'{System.IO.Path.GetFileName(path)}'",
                $"The model is split into {count} files and this one was renamed: give all of them the names they were published under.")
            {
                Fault = GgufFault.SplitModel,
            };
        long length = 0;
        for (int no = 1; no < count; no++)
        {
            string other = string.Create(CultureInfo.InvariantCulture,
                $"{path.AsSpan(0, path.Length - suffix.Length)}-{no + 1:D5}-of-{count:D5}.gguf");
            if (!File.Exists(other))
                throw new GgufFormatException(other, 0, $"shard {no + 1} of {count} beside '{path}'", "no such file",
                    $"File {no + 1} of the {count} that the model is split into is missing; put all of them into one folder.")
                {
                    Fault = GgufFault.SplitModel,
                };
            (_, GgufMetadata metadata, List<GgufTensor> more, long bytes) = Parse(other, no, handles);
            if (metadata.Integer("split.no") != no) throw metadata.Wrong("split.no", $"{no}", OtherParts, GgufFault.SplitModel);
            if (metadata.Integer("split.count") != count)
                throw metadata.Wrong("split.count", $"{count}, as in the first shard", OtherParts, GgufFault.SplitModel);
            paths.Add(other);
            tensors.AddRange(more);
            length += bytes;
        }

        if (first.Integer("split.tensors.count") is { } total && total != tensors.Count)
            throw first.Wrong("split.tensors.count", $"{tensors.Count}, the tensors in all shards", OtherParts, GgufFault.SplitModel);
        return length;
    }
}
