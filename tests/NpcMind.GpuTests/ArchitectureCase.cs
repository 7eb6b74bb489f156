using System.Text.Json;
using NpcMind.Gguf;
using NpcMind.Inference;
using NpcMind.Reference;

namespace NpcMind.GpuTests;

/// <summary>A folder of golden logits of a tiny model: tests/golden/architectures, or that folder of ../shared.</summary>
internal sealed class ArchitectureCase : IDisposable
{
    private readonly JsonDocument _json;
    private readonly string _folder;

    public ArchitectureCase(string folder)
    {
        _folder = folder;
        _json = JsonDocument.Parse(File.ReadAllText(Path.Combine(folder, "case.json")));
        Name = Path.GetFileName(folder);
        Sequences = [.. _json.RootElement.GetProperty("sequences").EnumerateArray().Where(NeedsOnlyIds).Select(Read)];
    }

    public string Name { get; }

    public string ModelPath => Path.Combine(_folder, _json.RootElement.GetProperty("files").GetProperty("model").GetString()!);

    public IReadOnlyList<GoldenSequence> Sequences { get; }

    public int Longest => Sequences.Max(s => s.Ids.Length);

    /// <summary>Largest NMSE: of our own sums, for files whose expected logits belong to the numbers of the file.</summary>
    public static double Tolerance => 1e-9;

    /// <summary>An engine for sequences of this case.</summary>
    public InferenceEngine Load(EngineOptions options)
    {
        using GgufFile file = GgufFile.Open(ModelPath);
        return InferenceEngine.Load(GpuFixture.Device, file, options);
    }

    /// <summary>NMSE of the logits after each token from <paramref name="first"/> on.</summary>
    public static double Nmse(GoldenSequence sequence, float[] logits, int vocabulary, int first = 0)
    {
        float[] expected = sequence.Expected;
        if (sequence.Positions is { } positions)
            logits = [.. positions.SelectMany(p => logits.AsSpan(p * vocabulary, vocabulary).ToArray())];
        else expected = expected[(first * vocabulary)..];
        return TestData.Nmse(logits, expected);
    }

    public void Dispose() => _json.Dispose();

    /// <summary>Some sequences of vision models look at an image.</summary>
    private static bool NeedsOnlyIds(JsonElement s) =>
        !s.TryGetProperty("cross_states", out _) && !(s.TryGetProperty("start_pos", out JsonElement start) && start.GetInt32() != 0);

    private GoldenSequence Read(JsonElement s) => new(
        s.TryGetProperty("ids", out JsonElement ids)
            ? [.. ids.EnumerateArray().Select(i => i.GetInt32())]
            : [.. TestData.Floats(Path.Combine(_folder, s.GetProperty("ids_file").GetString()!)).Select(BitConverter.SingleToInt32Bits)],
        TestData.Floats(Path.Combine(_folder, s.GetProperty("logits").GetString()!)),
        s.TryGetProperty("positions", out JsonElement positions) ? [.. positions.EnumerateArray().Select(p => p.GetInt32())] : null);
}

/// <summary>Token ids and what follows.</summary>
/// <param name="Ids">Tokens from position 0.</param>
/// <param name="Expected">Logits of every position, or of <paramref name="Positions"/>.</param>
/// <param name="Positions">Positions whose logits are known; null for all.</param>
internal sealed record GoldenSequence(int[] Ids, float[] Expected, int[]? Positions);
