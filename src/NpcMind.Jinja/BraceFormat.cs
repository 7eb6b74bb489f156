namespace NpcMind.Jinja;

/// <summary><c>"{} has {name:>5}".format(...)</c>. Members of the values are reached through the sandbox.</summary>
internal sealed class BraceFormat(Interpreter interpreter, Func<int, object?> positional, Func<string, object?> named)
{
    private readonly Budget _budget = interpreter.Budget;

    // Fields are numbered by the format (true), by us (false), or none has come yet.
    private bool? _explicit;
    private int _next;

    // Fill characters come from the format: one from outside taints the whole.
    private bool _untrusted;

    public static TemplateString Format(Interpreter interpreter, TemplateString format, Arguments arguments)
    {
        BraceFormat formatter = new(interpreter,
            index => index < arguments.Positional.Length ? arguments.Positional[index] : null,
            name => arguments.Named is { } all && all.TryGetValue(name, out object? value) ? value : null);
        return formatter.Run(format, 2);
    }

    public static TemplateString FormatMap(Interpreter interpreter, TemplateString format, DictValue map) =>
        new BraceFormat(interpreter, _ => null, name => map.Items.GetValueOrDefault(TemplateString.Trusted(name))).Run(format, 2);

    private TemplateString Run(TemplateString format, int depth)
    {
        if (depth == 0) throw JinjaError.Evaluation("fields in a format are nested too deep");
        TemplateStringBuilder output = new(_budget);
        string text = format.Value;
        _budget.Spend(text.Length);
        for (int at = 0; at < text.Length; at++)
        {
            char c = text[at];
            if (c is not ('{' or '}'))
            {
                output.Append(format, at, 1);
            }
            else if (at + 1 < text.Length && text[at + 1] == c)
            {
                output.Append(format, at++, 1);
            }
            else if (c == '}')
            {
                throw JinjaError.Evaluation("a '}' in a format has no '{'");
            }
            else
            {
                int end = FieldEnd(text, at);
                AppendField(output, format.Slice(at + 1, end - at - 1), depth, format.IsMarkup);
                at = end;
            }
        }

        _untrusted |= format.HasUntrusted;
        TemplateString result = output.ToTemplateString(format.IsMarkup);
        return _untrusted ? TemplateString.Untrusted(result.Value) : result;
    }

    private static int FieldEnd(string text, int open)
    {
        int depth = 0;
        for (int i = open; i < text.Length; i++)
        {
            if (text[i] == '{') depth++;
            else if (text[i] == '}' && --depth == 0) return i;
            else if (text[i] == '[' && depth == 1) i = IndexEnd(text, i);
        }

        throw JinjaError.Evaluation("a '{' in a format is not closed");
    }

    private static int IndexEnd(string text, int open) =>
        text.IndexOf(']', open) is > 0 and var close ? close : throw JinjaError.Evaluation("a '[' in a format is not closed");

    private void AppendField(TemplateStringBuilder output, TemplateString field, int depth, bool escape)
    {
        string text = field.Value;
        int nameEnd = 0;
        while (nameEnd < text.Length && text[nameEnd] is not ('!' or ':'))
            nameEnd = text[nameEnd] == '[' ? IndexEnd(text, nameEnd) + 1 : nameEnd + 1;
        object value = Lookup(text[..nameEnd]);
        int specStart = nameEnd;
        if (nameEnd < text.Length && text[nameEnd] == '!')
        {
            char conversion = nameEnd + 1 < text.Length ? text[nameEnd + 1] : '\0';
            value = Convert(value, conversion);
            specStart = nameEnd + 2;
            if (specStart < text.Length && text[specStart] != ':')
                throw JinjaError.Evaluation("a format has more than one letter behind '!'");
        }

        TemplateString layout = specStart + 1 < text.Length ? Run(field.From(specStart + 1), depth - 1) : TemplateString.Empty;
        _untrusted |= layout.HasUntrusted;
        string spec = layout.Value;
        if (spec.Length > 0)
        {
            FormatSpec.Parse(spec, _budget).Append(output, value);
            return;
        }

        TemplateString shown = PythonText.Str(value, _budget);
        output.Append(escape ? Markup.Escape(shown, _budget) : shown);
    }

    private TemplateString Convert(object value, char conversion)
    {
        TemplateStringBuilder builder = new(_budget);
        if (conversion == 's') PythonText.Append(builder, value);
        else if (conversion == 'r') PythonText.AppendRepr(builder, value);
        else if (conversion == 'a') PythonText.AppendAscii(builder, value);
        else throw JinjaError.Evaluation("a format has an unknown letter behind '!'");
        return builder.ToTemplateString();
    }

    private object Lookup(string path)
    {
        int at = path.AsSpan().IndexOfAny('.', '[');
        string first = at < 0 ? path : path[..at];
        object value = First(first);
        while (at >= 0 && at < path.Length)
        {
            _budget.Spend();
            if (path[at] == '.')
            {
                int end = path.AsSpan(at + 1).IndexOfAny('.', '[');
                end = end < 0 ? path.Length : at + 1 + end;
                value = Members.Attribute(value, path[(at + 1)..end], interpreter);
                at = end;
            }
            else
            {
                int close = path.IndexOf(']', at);
                if (path[at] != '[' || close < 0) throw JinjaError.Evaluation($"the field '{path}' of a format is not valid");
                string key = path[(at + 1)..close];
                value = Members.Item(value, Numbers.ParseInteger(key, 10, _budget) is long index && index >= 0
                    ? index : TemplateString.Trusted(key), interpreter);
                at = close + 1;
            }
        }

        return value;
    }

    private object First(string name)
    {
        bool isNumber = name.Length > 0 && name.All(char.IsAsciiDigit);
        if (name.Length > 0 && !isNumber)
            return named(name) ?? throw JinjaError.Evaluation($"the format names '{name}', which is not given");
        if (_explicit is { } given && given != isNumber) throw JinjaError.Evaluation("a format cannot number some of its fields only");
        _explicit = isNumber;
        int index = !isNumber ? _next++ : Numbers.ParseInteger(name, 10, _budget) is long number && number < int.MaxValue
            ? (int)number : int.MaxValue;
        return positional(index) ?? throw JinjaError.Evaluation("the format needs more values");
    }
}
