using System.Text.Json;

namespace NpcMind.Cli;

/// <summary>A model's config.json. Wrong values are errors that name file, key and value.</summary>
internal sealed class JsonSettings(string path, JsonElement root)
{
    /// <summary>A whole number from 1, or <paramref name="absent"/>.</summary>
    public int Size(string key, int? absent = null, int least = 1)
    {
        if (!root.TryGetProperty(key, out JsonElement value) || value.ValueKind == JsonValueKind.Null)
            return absent ?? throw new CliException($"{path} has no '{key}': take the config.json of the model itself.");
        return value.ValueKind == JsonValueKind.Number && value.TryGetInt32(out int number) && number >= least
            ? number : throw new CliException($"{path}: '{key}' is {value}; a whole number from {least} is expected.");
    }

    /// <summary>A truth value, or <paramref name="absent"/>.</summary>
    public bool Flag(string key, bool absent)
    {
        if (!root.TryGetProperty(key, out JsonElement value)) return absent;
        return value.ValueKind is JsonValueKind.True or JsonValueKind.False
            ? value.GetBoolean() : throw new CliException($"{path}: '{key}' is {value}; true or false is expected.");
    }

    /// <summary>Refuses a setting for which there is no code.</summary>
    public void Require(string key, string expected)
    {
        if (root.TryGetProperty(key, out JsonElement value)
            && !string.Equals(value.ToString(), expected, StringComparison.OrdinalIgnoreCase))
            throw new CliException($"{path}: '{key}' is {value}; only {expected} can be converted.");
    }
}
