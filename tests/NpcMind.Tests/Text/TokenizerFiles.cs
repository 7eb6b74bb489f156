using System.Collections.Concurrent;
using System.IO.Compression;
using System.Text.Json;
using NpcMind.Gguf;
using NpcMind.Reference;
using NpcMind.Text;

namespace NpcMind.Tests.Text;

/// <summary>The golden vocabularies and cases, read once.</summary>
internal static class TokenizerFiles
{
    private static readonly string[] Committed = ["smollm", "llama-spm"];
    private static readonly ConcurrentDictionary<string, GgufMetadata> MetadataByName = new();
    private static readonly ConcurrentDictionary<string, Tokenizer> ByName = new();

    public static string[] Corpus { get; } = JsonSerializer.Deserialize<string[]>(
        File.ReadAllText(TestData.Golden("tokenizers", "corpus.json")))!;

    public static Tokenizer Load(string name) => ByName.GetOrAdd(name, n => Tokenizer.Create(Metadata(n)));

    public static GgufMetadata Metadata(string name) => MetadataByName.GetOrAdd(name, n =>
    {
        string path = System.IO.Path.GetTempFileName();
        try
        {
            using (FileStream packed = File.OpenRead(Path($"{n}.gguf.gz")))
            using (GZipStream unpacked = new(packed, CompressionMode.Decompress))
            using (FileStream file = File.Create(path))
                unpacked.CopyTo(file);
            using GgufFile gguf = GgufFile.Open(path);
            return gguf.Metadata;
        }
        finally
        {
            File.Delete(path);
        }
    });

    public static JsonElement Json(string file)
    {
        using JsonDocument document = JsonDocument.Parse(File.ReadAllText(Path(file)));
        return document.RootElement.Clone();
    }

    public static int[] Ids(JsonElement array) => [.. array.EnumerateArray().Select(e => e.GetInt32())];

    private static string Path(string file) =>
        Committed.Any(name => file.StartsWith(name + ".", StringComparison.Ordinal))
        ? TestData.Golden("tokenizers", file) : TestData.Shared("golden", "tokenizers", file);
}
