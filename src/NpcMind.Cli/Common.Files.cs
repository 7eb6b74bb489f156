using System.Globalization;
using System.Text;
using System.Text.Json;
using NpcMind.Core;

namespace NpcMind.Cli;

/// <summary>Text and JSON files that verbs read.</summary>
internal static partial class Common
{
    private const int MaxInputBytes = 1 << 30;

    /// <summary>Reads a text file, naming it in errors; ill-formed UTF-8 is an error. A byte order mark is left out.</summary>
    public static string ReadText(string path)
    {
        try
        {
            return new UTF8Encoding(false, throwOnInvalidBytes: true).GetString(ReadUtf8(path).Span);
        }
        catch (DecoderFallbackException)
        {
            throw new CliException($"{path} is not UTF-8 text. Save it as UTF-8.");
        }
    }

    /// <summary>Reads a JSON file, naming it in errors. A byte order mark is left out.</summary>
    public static JsonDocument ReadJson(string path)
    {
        try
        {
            return JsonDocument.Parse(ReadUtf8(path));
        }
        catch (JsonException e)
        {
            throw new CliException($"{path} is not JSON: {e.Message}");
        }
    }

    /// <summary>Reads the messages of a conversation: a JSON array of objects with role and content.</summary>
    public static JsonDocument ReadMessages(string path)
    {
        JsonDocument messages = ReadJson(path);
        if (Problem(messages.RootElement) is not { } problem) return messages;
        messages.Dispose();
        throw new CliException($"{path}: {problem}. Give messages as [{{\"role\":\"user\",\"content\":\"Hello\"}}].");
    }

    /// <summary>Reads token ids.</summary>
    public static int[] ParseTokens(string text, string where)
    {
        string[] parts = text.Split([' ', ',', '\n', '\r', '\t'], StringSplitOptions.RemoveEmptyEntries);
        int[] ids = new int[parts.Length];
        for (int i = 0; i < parts.Length; i++)
            if (!int.TryParse(parts[i], NumberStyles.None, CultureInfo.InvariantCulture, out ids[i]))
                throw new CliException($"{where}: '{parts[i]}' is not a token id.");
        return ids;
    }

    /// <summary>Why a JSON value is no list of messages; null if it is one.</summary>
    private static string? Problem(JsonElement messages)
    {
        if (messages.ValueKind != JsonValueKind.Array) return $"{Name(messages)} stands where an array of messages is expected";
        int index = 0;
        foreach (JsonElement message in messages.EnumerateArray())
        {
            string where = string.Create(CultureInfo.InvariantCulture, $"message {index++} (from 0)");
            if (message.ValueKind != JsonValueKind.Object) return $"{where} is {Name(message)}, not an object";
            if (!message.TryGetProperty("role", out JsonElement role)) return $"{where} has no role";
            if (role.ValueKind != JsonValueKind.String) return $"the role of {where} is {Name(role)}, not a string";
            if (!message.TryGetProperty("content", out JsonElement content))
            {
                if (message.TryGetProperty("tool_calls", out _)) continue;
                return $"{where} has no content";
            }

            // A message may have no content (null) or several parts, as templates with tools or pictures take it.
            bool isParts = content.ValueKind == JsonValueKind.Array
                && content.EnumerateArray().All(part => part.ValueKind == JsonValueKind.Object);
            if (!isParts && content.ValueKind is not (JsonValueKind.String or JsonValueKind.Null))
                return $"the content of {where} is {Name(content)}, not a string or a list of parts such as "
                    + "{\"type\":\"text\",\"text\":\"Hello\"}";
        }

        return null;
    }

    private static string Name(JsonElement value) => value.ValueKind switch
    {
        JsonValueKind.Array => "a list",
        JsonValueKind.Object => "an object",
        JsonValueKind.String => "a string",
        JsonValueKind.Number => "a number",
        JsonValueKind.Null => "null",
        _ => "true or false",
    };

    /// <summary>The bytes of a text file, without a byte order mark.</summary>
    private static ReadOnlyMemory<byte> ReadUtf8(string path)
    {
        byte[] bytes = RegularFile.ReadAllBytes(path, MaxInputBytes);
        if (bytes is [0xFF, 0xFE, ..] or [0xFE, 0xFF, ..]) throw new CliException($"{path} is UTF-16 text. Save it as UTF-8.");
        return bytes.AsMemory(bytes is [0xEF, 0xBB, 0xBF, ..] ? 3 : 0);
    }
}
