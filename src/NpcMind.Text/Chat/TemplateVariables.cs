using System.Collections;
using System.Globalization;
using System.Text.Json;
using NpcMind.Gguf;

namespace NpcMind.Text;

/// <summary>Variables of chat templates as JSON.</summary>
internal static class TemplateVariables
{
    private const int Deepest = 16;
    private static readonly (string Variable, string Key)[] Tokens =
        [("bos_token", "bos"), ("eos_token", "eos"), ("unk_token", "unknown"), ("pad_token", "padding")];

    /// <summary>Returns a text as a variable.</summary>
    public static JsonElement Json(string text) => Json((object)text, "");

    /// <summary>Adds the control tokens that a file names: bos_token, eos_token, unk_token, pad_token.</summary>
    public static void AddTokens(GgufMetadata metadata, IDictionary<string, JsonElement> variables)
    {
        ArgumentNullException.ThrowIfNull(metadata);
        ArgumentNullException.ThrowIfNull(variables);
        GgufValue? texts = metadata.Strings("tokenizer.ggml.tokens");
        foreach ((string variable, string key) in Tokens)
            if (metadata.Integer($"tokenizer.ggml.{key}_token_id") is { } id && texts is not null && id >= 0 && id < texts.Count)
                variables[variable] = Json(texts.Text((int)id));
    }

    /// <summary>Adds a game's variables.</summary>
    /// <param name="given">Texts, truth values, numbers, null, lists and dictionaries of them.</param>
    /// <param name="variables">Receives them.</param>
    /// <exception cref="ArgumentException">A name is no name of a variable, or is one that a conversation sets itself; or a value is of
    /// another type.</exception>
    public static void Add(IReadOnlyDictionary<string, object?> given, IDictionary<string, JsonElement> variables)
    {
        ArgumentNullException.ThrowIfNull(given);
        ArgumentNullException.ThrowIfNull(variables);
        foreach ((string name, object? value) in given)
        {
            if (name.Length == 0 || char.IsAsciiDigit(name[0]) || name.Any(c => !char.IsAsciiLetterOrDigit(c) && c != '_'))
                throw new ArgumentException(
                    $"TemplateVariables: '{name}' is not a name: letters, digits and '_', no digit first.", nameof(given));
            if (name is "messages" or "add_generation_prompt")
                throw new ArgumentException($"TemplateVariables: '{name}' is set by the conversation.", nameof(given));
            variables[name] = Json(value, name);
        }
    }

    private static JsonElement Json(object? value, string name)
    {
        using MemoryStream stream = new();
        using (Utf8JsonWriter writer = new(stream)) Write(writer, value, name, 0);
        using JsonDocument document = JsonDocument.Parse(stream.ToArray());
        return document.RootElement.Clone();
    }

    private static void Write(Utf8JsonWriter writer, object? value, string name, int depth)
    {
        if (depth > Deepest) throw new ArgumentException($"TemplateVariables: '{name}' is nested deeper than {Deepest}.", nameof(value));
        switch (value)
        {
            case null: writer.WriteNullValue(); break;
            case string text: writer.WriteStringValue(text); break;
            case bool truth: writer.WriteBooleanValue(truth); break;
            case int or long or short or sbyte or byte or ushort or uint or <= (ulong)long.MaxValue:
                writer.WriteNumberValue(Convert.ToInt64(value, CultureInfo.InvariantCulture));
                break;
            case decimal number: writer.WriteNumberValue((double)number); break;
            case float or double when double.IsFinite(Convert.ToDouble(value, CultureInfo.InvariantCulture)):
                writer.WriteNumberValue(Convert.ToDouble(value, CultureInfo.InvariantCulture));
                break;
            case IReadOnlyDictionary<string, object?> members:
                writer.WriteStartObject();
                foreach ((string key, object? member) in members)
                {
                    writer.WritePropertyName(key);
                    Write(writer, member, name, depth + 1);
                }

                writer.WriteEndObject();
                break;
            case IDictionary members when members.Keys.Cast<object>().All(k => k is string): // with values of one type
                Write(writer, members.Keys.Cast<string>().ToDictionary(k => k, k => members[k]), name, depth);
                break;
            case IEnumerable items and not IDictionary:
                writer.WriteStartArray();
                foreach (object? item in items) Write(writer, item, name, depth + 1);
                writer.WriteEndArray();
                break;
            default:
                throw new ArgumentException($"TemplateVariables: '{name}' is "
                    + (value is float or double or ulong
                        ? Convert.ToString(value, CultureInfo.InvariantCulture)
                        : $"a {value.GetType().Name}")
                    + "; it may be a text, a truth value, a finite number, null, or a list or dictionary of them.", nameof(value));
        }
    }
}
