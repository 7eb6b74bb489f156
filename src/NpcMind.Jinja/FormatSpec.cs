using System.Text;

namespace NpcMind.Jinja;

/// <summary>How one value is to be laid out: the part behind the colon in <c>{:>8.2f}</c>, or the letters behind a percent sign.</summary>
internal sealed record FormatSpec
{
    public string Fill { get; init; } = " ";

    /// <summary>One of &lt; &gt; ^ =; 0 for the default of the type.</summary>
    public char Align { get; init; }

    public char Sign { get; init; } = '-';

    public bool Alternate { get; init; }

    public int Width { get; init; }

    /// <summary>Comma or underscore between groups of digits; 0 for none.</summary>
    public char Grouping { get; init; }

    public int? Precision { get; init; }

    /// <summary>Presentation type; 0 for the default.</summary>
    public char Type { get; init; }

    public static FormatSpec Parse(string text, Budget budget)
    {
        FormatSpec spec = new();
        int at = 0;
        int fill = text.Length > 0 ? CodePoints.SizeAt(text, 0) : 0;
        if (text.Length > fill && text[fill] is '<' or '>' or '^' or '=')
        {
            spec = spec with { Fill = text[..fill], Align = text[fill] };
            at = fill + 1;
        }
        else if (text.Length > 0 && text[0] is '<' or '>' or '^' or '=')
        {
            spec = spec with { Align = text[0] };
            at = 1;
        }

        if (at < text.Length && text[at] is '+' or '-' or ' ') spec = spec with { Sign = text[at++] };
        if (at < text.Length && text[at] == 'z') at++;
        if (at < text.Length && text[at] == '#')
        {
            spec = spec with { Alternate = true };
            at++;
        }

        if (at < text.Length && text[at] == '0')
        {
            if (spec.Align == 0) spec = spec with { Fill = "0", Align = '0' };
            at++;
        }

        if (ReadNumber(text, ref at, budget) is int width) spec = spec with { Width = width };
        if (at < text.Length && text[at] is ',' or '_') spec = spec with { Grouping = text[at++] };
        if (at < text.Length && text[at] == '.')
        {
            at++;
            spec = spec with
            {
                Precision = ReadNumber(text, ref at, budget)
                ?? throw JinjaError.Evaluation("a format misses its precision")
            };
        }

        if (at < text.Length) spec = spec with { Type = text[at++] };
        return at == text.Length ? spec : throw JinjaError.Evaluation($"the format '{text}' is not valid");
    }

    /// <summary>Digits as a number within the length limit; null without digits.</summary>
    public static int? ReadNumber(string text, ref int at, Budget budget)
    {
        int start = at;
        long value = 0;
        for (; at < text.Length && char.IsAsciiDigit(text[at]); at++)
        {
            value = value * 10 + (text[at] - '0');
            if (value > budget.MaxLength) budget.Reserve(value);
        }

        return at > start ? (int)value : null;
    }

    /// <summary>Appends a value laid out by this format.</summary>
    public void Append(TemplateStringBuilder builder, object value)
    {
        if (value is TemplateString text) AppendText(builder, text);
        else if (Numbers.IsNumber(value)) AppendNumber(builder, value);
        else throw JinjaError.Evaluation($"{TypeNames.Of(value)} takes no format");
    }

    public void AppendText(TemplateStringBuilder builder, TemplateString text)
    {
        if (Type is not ('\0' or 's') || Align == '=' || Grouping != 0 || Sign != '-')
            throw JinjaError.Evaluation("the format does not suit a text");
        if (Precision < text.Count) text = text.Slice(0, CodePoints.Offset(text, Precision!.Value));
        (int left, int right) = Padding(text.Count, Align is '\0' or '0' ? '<' : Align);
        Pad(builder, left);
        builder.Append(text);
        Pad(builder, right);
    }

    private (int Left, int Right) Padding(int length, char align)
    {
        int missing = Math.Max(0, Width - length);
        return align switch { '<' => (0, missing), '^' => (missing / 2, missing - missing / 2), _ => (missing, 0) };
    }

    private void Pad(TemplateStringBuilder builder, int count)
    {
        for (int i = 0; i < count; i++) builder.Append(Fill);
    }

    private void AppendNumber(TemplateStringBuilder builder, object value)
    {
        if (Type is 's') throw JinjaError.Evaluation("the format 's' does not suit a number");
        if (Type == 'c')
        {
            (this with { Type = '\0', Align = Align == 0 ? '<' : Align }).AppendText(builder, NumberFormat.Character(value));
            return;
        }

        (string prefix, string digits, string tail) = NumberFormat.Split(value, this, builder.Budget);
        bool negative = Numbers.Compare(value, 0L) < 0 || value is double number && double.IsNegative(number) && !double.IsNaN(number);
        string sign = negative ? "-" : Sign == '-' ? "" : Sign.ToString();
        bool inside = Align is '0' or '=';
        if (Grouping != 0) digits = Group(digits, inside && Fill == "0" ? Width - sign.Length - prefix.Length - tail.Length : 0);
        int length = sign.Length + prefix.Length + digits.Length + tail.Length;
        (int left, int right) = inside ? (0, 0) : Padding(length, Align == 0 ? '>' : Align);
        Pad(builder, left);
        builder.Append(sign + prefix);
        if (inside) Pad(builder, Width - length);
        builder.Append(digits + tail);
        Pad(builder, right);
    }

    private string Group(string digits, int width)
    {
        int size = Type is 'b' or 'o' or 'x' or 'X' ? 4 : 3;
        if (digits.Length > 0 && !char.IsAsciiHexDigit(digits[0])) return digits;
        // So many digits, and a mark between groups, fill the width.
        digits = digits.PadLeft(width <= 0 ? 0 : width - (width - 1) / (size + 1), '0');
        StringBuilder grouped = new();
        for (int at = 0; at < digits.Length; at++)
        {
            if (at > 0 && (digits.Length - at) % size == 0) grouped.Append(Grouping);
            grouped.Append(digits[at]);
        }

        return grouped.ToString();
    }
}
