using System.Globalization;
using System.Numerics;

namespace NpcMind.Jinja;

/// <summary>Values as text: Python's str() and repr().</summary>
internal static class PythonText
{
    public static TemplateString Str(object value, Budget budget)
    {
        if (value is TemplateString text) return text;
        TemplateStringBuilder builder = new(budget);
        Append(builder, value);
        return builder.ToTemplateString();
    }

    /// <summary>Appends str(value): a text as it is, anything else as repr.</summary>
    public static void Append(TemplateStringBuilder builder, object value)
    {
        if (value is TemplateString text) builder.Append(text);
        else if (value is not UndefinedValue) AppendRepr(builder, value);
    }

    public static TemplateString Repr(object value, Budget budget)
    {
        TemplateStringBuilder builder = new(budget);
        AppendRepr(builder, value);
        return builder.ToTemplateString();
    }

    public static void AppendRepr(TemplateStringBuilder builder, object value)
    {
        Budget budget = builder.Budget;
        budget.Spend();
        budget.Enter();
        switch (value)
        {
            case NoneValue: builder.Append("None"); break;
            case bool truth: builder.Append(truth ? "True" : "False"); break;
            case long or BigInteger: builder.Append(Numbers.IntegerText(value, budget)); break;
            case double number: builder.Append(FloatText.Repr(number)); break;
            case TemplateString text: AppendQuoted(builder, text); break;
            case ListValue list: AppendItems(builder, "[", list.Items, "]"); break;
            case TupleValue tuple: AppendItems(builder, "(", tuple.Items, tuple.Items.Length == 1 ? ",)" : ")"); break;
            case DictValue dict: AppendDict(builder, dict); break;
            case RangeValue range: builder.Append(Describe(range)); break;
            case UndefinedValue: builder.Append("Undefined"); break;
            case NamespaceValue space:
                builder.Append("<Namespace ");
                AppendDict(builder, space.Dict);
                builder.Append(">");
                break;
            case DictViewValue view:
                AppendItems(builder, TypeNames.Of(view) + "([", Sequences.Iterate(view, budget), "])");
                break;
            case LoopValue loop:
                builder.Append(
                string.Create(CultureInfo.InvariantCulture, $"<LoopContext {loop.Index + 1}/{loop.Count}>")); break;
            case MacroValue macro: builder.Append($"<Macro '{macro.Macro.Name}'>"); break;
            case NativeFunction function:
                builder.Append(
                $"<{(function.IsMethod ? "built-in method" : "function")} {function.Name}>"); break;
            default: builder.Append($"<{TypeNames.Of(value)} object>"); break;
        }

        budget.Leave();
    }

    private static string Describe(RangeValue range) => range.Step == 1
        ? string.Create(CultureInfo.InvariantCulture, $"range({range.Start}, {range.Stop})")
        : string.Create(CultureInfo.InvariantCulture, $"range({range.Start}, {range.Stop}, {range.Step})");

    private static void AppendItems(TemplateStringBuilder builder, string open, IEnumerable<object> items, string close)
    {
        builder.Append(open);
        bool first = true;
        foreach (object item in items)
        {
            if (!first) builder.Append(", ");
            first = false;
            AppendRepr(builder, item);
        }

        builder.Append(close);
    }

    private static void AppendDict(TemplateStringBuilder builder, DictValue dict)
    {
        builder.Append("{");
        bool first = true;
        foreach ((object key, object value) in dict.Items)
        {
            if (!first) builder.Append(", ");
            first = false;
            AppendRepr(builder, key);
            builder.Append(": ");
            AppendRepr(builder, value);
        }

        builder.Append("}");
    }

    /// <summary>Python's ascii(): repr with everything beyond ASCII escaped.</summary>
    public static void AppendAscii(TemplateStringBuilder builder, object value)
    {
        TemplateString shown = Repr(value, builder.Budget);
        for (int i = 0, size; i < shown.Length; i += size)
        {
            size = CodePoints.SizeAt(shown.Value, i);
            if (shown.Value[i] < 128) builder.Append(shown, i, 1);
            else builder.Append(CodeEscape(CodePoints.ValueAt(shown.Value, i)), shown.IsUntrustedAt(i));
        }
    }

    /// <summary>A text in quotes, with what does not print escaped. Escapes are as trusted as the character they stand for.</summary>
    public static void AppendQuoted(TemplateStringBuilder builder, TemplateString text)
    {
        string value = text.Value;
        char quote = value.Contains('\'', StringComparison.Ordinal) && !value.Contains('"', StringComparison.Ordinal) ? '"' : '\'';
        if (text.IsMarkup) builder.Append("Markup(");
        builder.Append(quote, 1);
        for (int i = 0, size; i < value.Length; i += size)
        {
            size = CodePoints.SizeAt(value, i);
            string? escape = Escape(value, i, quote);
            if (escape is null) builder.Append(text, i, size);
            else builder.Append(escape, text.IsUntrustedAt(i));
        }

        builder.Append(quote, 1);
        if (text.IsMarkup) builder.Append(")");
    }

    private static string? Escape(string text, int at, char quote)
    {
        char c = text[at];
        if (c == quote || c == '\\') return "\\" + c;
        if (c is >= ' ' and < '\x7f') return null;
        if (c == '\n') return "\\n";
        if (c == '\r') return "\\r";
        if (c == '\t') return "\\t";
        return CodePoints.IsPrintable(text, at) ? null : CodeEscape(CodePoints.ValueAt(text, at));
    }

    private static string CodeEscape(int code) =>
        code < 0x100 ? "\\x" + Hex(code, "x2") : code < 0x10000 ? "\\u" + Hex(code, "x4") : "\\U" + Hex(code, "x8");

    private static string Hex(int code, string format) => code.ToString(format, CultureInfo.InvariantCulture);
}
