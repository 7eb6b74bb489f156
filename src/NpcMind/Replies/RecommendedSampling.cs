using System.Globalization;
using NpcMind.Gguf;

namespace NpcMind;

/// <summary>How a model's makers want it sampled: the keys <c>general.sampling.*</c> that llama.cpp's converter writes.</summary>
internal static class RecommendedSampling
{
    private const string Prefix = "general.sampling.";

    /// <summary>The default options with what the file recommends. Values out of range are left out and said.</summary>
    public static ReplyOptions Read(GgufMetadata metadata, List<string> warnings)
    {
        ReplyOptions options = new();
        if (Number("temp", v => v is >= 0 and <= 100) is { } temperature) options = options with { Temperature = (float)temperature };
        if (Number("top_k", v => v is >= 0 and <= int.MaxValue && v == Math.Floor(v)) is { } topK)
            options = options with { TopK = (int)topK };
        if (Number("top_p", v => v is > 0 and <= 1) is { } topP) options = options with { TopP = (float)topP };
        if (Number("min_p", v => v is >= 0 and <= 1) is { } minP) options = options with { MinP = (float)minP };
        if (Number("penalty_repeat", v => v is > 0 and <= 100) is { } penalty)
            options = options with { RepetitionPenalty = (float)penalty };
        return options;

        double? Number(string name, Func<double, bool> isInRange)
        {
            string key = Prefix + name;
            try
            {
                if (metadata.Number(key) is not { } value) return null;
                if (isInRange(value)) return value;
                warnings.Add(string.Create(CultureInfo.InvariantCulture,
                    $"The model file recommends {key} = {value}, which is out of range: the default is used."));
            }
            catch (GgufFormatException)
            {
                warnings.Add($"The model file recommends a {key} that is not a number: the default is used.");
            }

            return null;
        }
    }
}
