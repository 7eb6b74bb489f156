using System.Globalization;
using System.Numerics;

namespace NpcMind.Jinja;

/// <summary>
/// The filter <c>tojson</c>: JSON laid out as Python's json.dumps does. The result is trusted only if every text in the value is.
/// </summary>
internal sealed class JsonText(TemplateStringBuilder builder, bool asciiOnly, string? indent, string itemSeparator, string keySeparator,
    bool sortKeys)
{
    private readonly Budget _budget = builder.Budget;
    private bool _untrusted;

    public static TemplateString Write(Interpreter interpreter, object value, Arguments arguments)
    {
        BoundArguments bound = arguments.Bind("tojson", 0, "ensure_ascii", "indent", "separators", "sort_keys");
        Budget budget = interpreter.Budget;
        string? indent = bound[1] is null or NoneValue ? null : bound[1] is TemplateString text
            ? text.Value : new string(' ', bound.Count(1, 0, budget));
        string item = indent is null ? ", " : ",", key = ": ";
        if (bound[2] is not (null or NoneValue))
        {
            object[] separators = Sequences.ToArray(bound[2]!, budget);
            if (separators is not [TemplateString first, TemplateString second])
                throw JinjaError.Evaluation("tojson needs two texts as separators");
            (item, key) = (first.Value, second.Value);
        }

        TemplateStringBuilder builder = new(budget);
        JsonText json = new(builder, bound.Truth(0), indent, item, key, bound.Truth(3));
        json._untrusted = arguments.AnyUntrusted(budget);
        json.Append(value, 0);
        return TemplateString.Of(builder.ToTemplateString().Value, json._untrusted);
    }

    private void Append(object value, int depth)
    {
        _budget.Spend();
        _budget.Enter();
        switch (value)
        {
            case TemplateString text:
                AppendText(text);
                break;
            case ItemsValue list:
                AppendAll("[", "]", list.Items, depth, item => Append(item, depth + 1));
                break;
            case DictValue dict:
                IEnumerable<KeyValuePair<object, object>> pairs = dict.Items;
                if (sortKeys) pairs = Sorting.Sort([.. pairs], pair => pair.Key, _budget);
                AppendAll("{", "}", pairs, depth, pair =>
                {
                    AppendText(Key(pair.Key));
                    builder.Append(keySeparator);
                    Append(pair.Value, depth + 1);
                });
                break;
            default:
                builder.Append(Scalar(value) ?? throw JinjaError.Evaluation($"{TypeNames.Of(value)} cannot be written as JSON"));
                break;
        }

        _budget.Leave();
    }

    private void AppendAll<T>(string open, string close, IEnumerable<T> items, int depth, Action<T> append)
    {
        builder.Append(open);
        bool any = false;
        foreach (T item in items)
        {
            if (any) builder.Append(itemSeparator);
            any = true;
            NewLine(depth + 1);
            append(item);
        }

        if (any) NewLine(depth);
        builder.Append(close);
    }

    private void NewLine(int depth)
    {
        if (indent is null) return;
        builder.Append("\n");
        for (int i = 0; i < depth; i++) builder.Append(indent);
    }

    private string? Scalar(object value) => value switch
    {
        NoneValue => "null",
        bool truth => truth ? "true" : "false",
        long or BigInteger => Numbers.IntegerText(value, _budget),
        double number =>
            FloatText.NotFinite(number) switch { "nan" => "NaN", "inf" => "Infinity", "-inf" => "-Infinity", _ => FloatText.Repr(number) },
        _ => null,
    };

    private TemplateString Key(object key) => key as TemplateString
        ?? TemplateString.Trusted(Scalar(key) ?? throw JinjaError.Evaluation($"{TypeNames.Of(key)} cannot be a key in JSON"));

    private void AppendText(TemplateString text)
    {
        _untrusted |= text.HasUntrusted;
        builder.Append("\"");
        int plain = 0;
        for (int i = 0; i < text.Length; i++)
        {
            if (Escape(text.Value[i]) is not { } escape) continue;
            builder.Append(text, plain, i - plain);
            builder.Append(escape);
            plain = i + 1;
        }

        builder.Append(text, plain, text.Length - plain);
        builder.Append("\"");
    }

    private string? Escape(char c) => c switch
    {
        '"' => "\\\"",
        '\\' => "\\\\",
        '\n' => "\\n",
        '\r' => "\\r",
        '\t' => "\\t",
        '\f' => "\\f",
        '\b' => "\\b",
        < ' ' => Unicode(c),
        > '~' when asciiOnly => Unicode(c),
        _ => null,
    };

    private static string Unicode(char c) => string.Create(CultureInfo.InvariantCulture, $"\\u{(int)c:x4}");
}
