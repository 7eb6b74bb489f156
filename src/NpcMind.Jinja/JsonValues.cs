using System.Globalization;
using System.Numerics;
using System.Text.Json;

namespace NpcMind.Jinja;

/// <summary>Turns what the caller passes in into values of the language.</summary>
internal static class JsonValues
{
    /// <summary>Reads a value; all text in it is as trusted as said.</summary>
    public static object Read(JsonElement element, bool trusted, Budget budget)
    {
        budget.Spend();
        budget.Enter();
        object value = element.ValueKind switch
        {
            JsonValueKind.String => TemplateString.Of(Text(element), !trusted),
            JsonValueKind.Number => Number(element.GetRawText()),
            JsonValueKind.True => true,
            JsonValueKind.False => false,
            JsonValueKind.Array => new ListValue([.. element.EnumerateArray().Select(item => Read(item, trusted, budget))]),
            JsonValueKind.Object => Object(element, trusted, budget),
            JsonValueKind.Null => NoneValue.Instance,
            _ => UndefinedValue.Plain,
        };
        budget.Leave();
        return value;
    }

    private static DictValue Object(JsonElement element, bool trusted, Budget budget)
    {
        DictValue dict = new(budget);
        foreach (JsonProperty property in element.EnumerateObject())
            dict.Items[TemplateString.Of(Name(property), !trusted)] = Read(property.Value, trusted, budget);
        return dict;
    }

    private static string Text(JsonElement element) => Valid(() => element.GetString()!);

    private static string Name(JsonProperty property) => Valid(() => property.Name);

    private static string Valid(Func<string> read)
    {
        try
        {
            return read();
        }
        catch (InvalidOperationException)
        {
            throw JinjaError.Evaluation("a text passed in is not valid Unicode (half of a surrogate pair)");
        }
    }

    private static object Number(string text) => text.AsSpan().IndexOfAny('.', 'e', 'E') >= 0
        ? double.Parse(text, CultureInfo.InvariantCulture)
        : text.Length > 4300 ? throw JinjaError.Limit("an integer passed in has more than 4300 digits")
        : Numbers.Normalize(BigInteger.Parse(text, CultureInfo.InvariantCulture));
}
