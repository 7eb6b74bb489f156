using System.Globalization;

namespace NpcMind.Jinja;

/// <summary>Methods and filters of texts that pad, indent and shorten.</summary>
internal static class StringLayout
{
    public static TemplateString Pad(TemplateString text, BoundArguments bound, char align, Budget budget)
    {
        int width = bound.Count(0, 80, budget), missing = width - text.Count;
        TemplateString fill = bound.Has(1) ? bound.Text(1) : TemplateString.Trusted(" ");
        if (fill.Count != 1) throw JinjaError.Evaluation("the fill character must be one character");
        if (missing <= 0) return text;
        int left = align switch { '<' => 0, '>' => missing, _ => missing / 2 + (missing & width & 1) };
        TemplateStringBuilder padded = new(budget);
        for (int i = 0; i < left; i++) padded.Append(fill);
        padded.Append(text);
        for (int i = left; i < missing; i++) padded.Append(fill);
        return padded.ToTemplateString(text.IsMarkup);
    }

    public static TemplateString ZeroFill(TemplateString text, int width, Budget budget)
    {
        if (text.Count >= width) return text;
        int sign = text.Length > 0 && text.Value[0] is '+' or '-' ? 1 : 0;
        TemplateStringBuilder filled = new(budget);
        filled.Append(text, 0, sign);
        filled.Append('0', width - text.Count);
        filled.Append(text, sign, text.Length - sign);
        return filled.ToTemplateString(text.IsMarkup);
    }

    public static TemplateString ExpandTabs(TemplateString text, int size, Budget budget)
    {
        TemplateStringBuilder expanded = new(budget);
        int column = 0;
        for (int i = 0, units; i < text.Length; i += units)
        {
            units = CodePoints.SizeAt(text.Value, i);
            char c = text.Value[i];
            if (c == '\t')
            {
                int spaces = size == 0 ? 0 : size - column % size;
                expanded.Append(' ', spaces, text.IsUntrustedAt(i));
                column += spaces;
                continue;
            }

            column = c is '\n' or '\r' ? 0 : column + 1;
            expanded.Append(text, i, units);
        }

        return expanded.ToTemplateString(text.IsMarkup);
    }

    public static TemplateString Translate(TemplateString text, object table, Interpreter interpreter)
    {
        TemplateStringBuilder translated = new(interpreter.Budget);
        foreach (TemplateString character in CodePoints.Split(text))
        {
            interpreter.Budget.Spend();
            long code = CodePoints.ValueAt(character.Value, 0);
            object? mapped = table is DictValue dict ? dict.Items.GetValueOrDefault(code, character)
                : Sequences.ItemAt(table, code, interpreter.Budget) ?? character;
            if (mapped is TemplateString other) translated.Append(other);
            else if (mapped is not NoneValue) translated.Append(NumberFormat.Character(mapped));
        }

        return translated.ToTemplateString(text.IsMarkup);
    }

    /// <summary>The filter indent: every line but the first, unless asked; blank lines only when asked.</summary>
    public static TemplateString Indent(TemplateString text, BoundArguments bound, Budget budget)
    {
        TemplateString indention = bound[0] is TemplateString given
            ? given : TemplateString.Trusted(new string(' ', bound.Count(0, 4, budget)));
        bool blank = bound.Truth(2);
        List<TemplateString> lines = StringSearch.Lines(Operators.Concat(text, TemplateString.Trusted("\n"), budget), false, budget);
        TemplateStringBuilder indented = new(budget);
        for (int i = 0; i < lines.Count; i++)
        {
            if (i > 0) indented.Append("\n");
            if (i == 0 ? bound.Truth(1) : blank || lines[i].Length > 0) indented.Append(indention);
            indented.Append(lines[i]);
        }

        return indented.ToTemplateString(text.IsMarkup);
    }

    /// <summary>The filter truncate: cuts at a word when too long, and says so.</summary>
    public static object Truncate(object value, BoundArguments bound, Budget budget)
    {
        long length = bound.Integer(0, 255);
        TemplateString end = bound.Has(2) ? bound.Text(2) : TemplateString.Trusted("...");
        long leeway = bound[3] is null or NoneValue ? 5 : bound.Integer(3);
        if (length < end.Count) throw JinjaError.Evaluation($"truncate needs a length of at least {end.Count}");
        if (leeway < 0) throw JinjaError.Evaluation("truncate needs a leeway that is not negative");
        long count = Sequences.Count(value) ?? throw Filters.Unsuited("truncate", value);
        if (count <= length || count - length <= leeway) return value;
        TemplateString text = value as TemplateString ?? throw Filters.Unsuited("truncate", value);
        TemplateString kept = text.Slice(0, CodePoints.Offset(text, (int)(length - end.Count)));
        if (!bound.Truth(1) && kept.Value.LastIndexOf(' ') is >= 0 and var space) kept = kept.Slice(0, space);
        return Operators.Concat(kept, end, budget);
    }

    public static long CountWords(string text)
    {
        long words = 0;
        bool inside = false;
        for (int i = 0; i < text.Length; i += CodePoints.SizeAt(text, i))
        {
            bool word = CodePoints.IsWord(text, i);
            if (word && !inside) words++;
            inside = word;
        }

        return words;
    }

    /// <summary>The filter filesizeformat.</summary>
    public static string FileSize(double bytes, bool binary)
    {
        int unit = binary ? 1024 : 1000;
        string[] names = binary ? ["KiB", "MiB", "GiB", "TiB", "PiB", "EiB", "ZiB", "YiB"]
            : ["kB", "MB", "GB", "TB", "PB", "EB", "ZB", "YB"];
        if (bytes == 1) return "1 Byte";
        if (bytes < unit) return string.Create(CultureInfo.InvariantCulture, $"{(long)bytes} Bytes");
        int at = 0;
        while (at < names.Length - 1 && !(bytes < Math.Pow(unit, at + 2))) at++;
        double scaled = unit * bytes / Math.Pow(unit, at + 2);
        return (FloatText.NotFinite(scaled) ?? FloatText.Format(scaled, 'f', 1, false)) + " " + names[at];
    }
}
