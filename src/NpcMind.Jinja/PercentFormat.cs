using System.Numerics;

namespace NpcMind.Jinja;

/// <summary><c>"%s has %d" % (a, b)</c>, also the filter <c>format</c>.</summary>
internal sealed class PercentFormat
{
    private readonly TemplateString _format;
    private readonly TemplateStringBuilder _output;
    private readonly Budget _budget;
    private readonly object _value;
    private readonly object[] _items;
    private int _at;
    private int _next;

    private PercentFormat(TemplateString format, object value, Budget budget)
    {
        _format = format;
        _value = value;
        _items = value is TupleValue tuple ? tuple.Items : [value];
        _budget = budget;
        _output = new TemplateStringBuilder(budget);
    }

    public static TemplateString Format(TemplateString format, object value, Budget budget) =>
        new PercentFormat(format, value, budget).Run();

    private TemplateString Run()
    {
        string text = _format.Value;
        while (_at < text.Length)
        {
            int percent = text.IndexOf('%', _at);
            int end = percent < 0 ? text.Length : percent;
            _output.Append(_format, _at, end - _at);
            _at = end + 1;
            if (percent >= 0) Convert();
        }

        // Only values that cannot be looked up by name must all be used.
        bool isMapping = _value is DictValue or ListValue or RangeValue or UndefinedValue;
        if (_next < _items.Length && !isMapping) throw JinjaError.Evaluation("not all values given to the format are used");
        TemplateString result = _output.ToTemplateString(_format.IsMarkup);
        return _format.HasUntrusted ? TemplateString.Untrusted(result.Value) : result; // fill characters come from the format
    }

    private void Convert()
    {
        _budget.Spend();
        string text = _format.Value;
        object? named = ReadName();
        FormatSpec spec = new();
        bool left = false, zero = false;
        for (; _at < text.Length && "#0- +".Contains(text[_at], StringComparison.Ordinal); _at++)
        {
            char flag = text[_at];
            left |= flag == '-';
            zero |= flag == '0';
            if (flag == '#') spec = spec with { Alternate = true };
            else if (flag == '+' || flag == ' ' && spec.Sign != '+') spec = spec with { Sign = flag };
        }

        int? width = ReadSize();
        if (width < 0) (width, left) = (-width, true);
        if (_at < text.Length && text[_at] == '.')
        {
            _at++;
            spec = spec with { Precision = Math.Max(0, ReadSize() ?? 0) };
        }

        while (_at < text.Length && text[_at] is 'h' or 'l' or 'L') _at++;
        if (_at >= text.Length) throw JinjaError.Evaluation("a format ends behind its '%'");
        char type = text[_at++];
        spec = spec with { Width = width ?? 0, Type = type, Align = left ? '<' : zero ? '0' : '>', Fill = zero && !left ? "0" : " " };
        if (type == '%') _output.Append("%");
        else Append(named ?? NextValue(), spec);
    }

    private object? ReadName()
    {
        string text = _format.Value;
        if (_at >= text.Length || text[_at] != '(') return null;
        int start = ++_at;
        for (int depth = 1; _at < text.Length; _at++)
        {
            if (text[_at] == '(') depth++;
            else if (text[_at] == ')' && --depth == 0) break;
        }

        if (_at >= text.Length) throw JinjaError.Evaluation("a name in a format is not closed");
        string name = text[start.._at++];
        if (_value is not DictValue dict) throw JinjaError.Evaluation("a format with names needs a mapping");
        return dict.Items.TryGetValue(TemplateString.Trusted(name), out object? value)
            ? value : throw JinjaError.Evaluation($"the format names '{name}', which is not given");
    }

    private int? ReadSize()
    {
        if (_at >= _format.Length || _format.Value[_at] != '*') return FormatSpec.ReadNumber(_format.Value, ref _at, _budget);
        _at++;
        object size = NextValue();
        if (size is not long number) throw JinjaError.Evaluation("'*' in a format needs an integer");
        return number < 0 ? -_budget.Reserve(number == long.MinValue ? long.MaxValue : -number) : _budget.Reserve(number);
    }

    private object NextValue() => _next < _items.Length ? _items[_next++] : throw JinjaError.Evaluation("the format needs more values");

    private void Append(object value, FormatSpec spec)
    {
        switch (spec.Type)
        {
            case 's' or 'r' or 'a':
                TemplateString shown = spec.Type == 's' ? PythonText.Str(value, _budget) : Quoted(value, spec.Type == 'a');
                if (_format.IsMarkup) shown = Markup.Escape(shown, _budget);
                (spec with { Type = 's', Sign = '-', Fill = " ", Align = spec.Align == '<' ? '<' : '>' }).AppendText(_output, shown);
                break;
            case 'c':
                TemplateString character = value is TemplateString { Count: 1 } text ? text : NumberFormat.Character(value);
                (spec with { Type = 's', Sign = '-', Fill = " ", Precision = null, Align = spec.Align == '<' ? '<' : '>' })
                    .AppendText(_output, character);
                break;
            case 'd' or 'i' or 'u':
                AppendInteger(value is double number ? Truncate(number) : value, spec with { Type = 'd' });
                break;
            case 'x' or 'X' or 'o':
                AppendInteger(value, spec);
                break;
            case 'e' or 'E' or 'f' or 'F' or 'g' or 'G':
                if (!Numbers.IsNumber(value))
                    throw JinjaError.Evaluation($"the format '{spec.Type}' needs a number, found {TypeNames.Of(value)}");
                spec.Append(_output, Numbers.ToDouble(value));
                break;
            default:
                throw JinjaError.Evaluation($"there is no format '%{spec.Type}'");
        }
    }

    private TemplateString Quoted(object value, bool asciiOnly)
    {
        if (!asciiOnly) return PythonText.Repr(value, _budget);
        TemplateStringBuilder quoted = new(_budget);
        PythonText.AppendAscii(quoted, value);
        return quoted.ToTemplateString();
    }

    private static object Truncate(double number) => double.IsFinite(number)
        ? Numbers.Normalize(new BigInteger(number)) : throw JinjaError.Evaluation("the float has no integer value");

    // A precision is a least number of digits here.
    private void AppendInteger(object value, FormatSpec spec)
    {
        if (!Numbers.IsInteger(value))
            throw JinjaError.Evaluation($"the format '{spec.Type}' needs an integer, found {TypeNames.Of(value)}");
        BigInteger number = Numbers.ToBig(value);
        string digits = NumberFormat.Digits(BigInteger.Abs(number), spec.Type, _budget);
        int missing = _budget.Reserve(Math.Max(0, (spec.Precision ?? 0) - digits.Length));
        string sign = number.Sign < 0 ? "-" : spec.Sign == '-' ? "" : spec.Sign.ToString();
        if (spec.Alternate && spec.Type != 'd') sign += "0" + spec.Type;
        int padding = _budget.Reserve(Math.Max(0, spec.Width - sign.Length - missing - digits.Length));
        if (spec.Align == '>') _output.Append(' ', padding);
        _output.Append(sign);
        _output.Append('0', missing + (spec.Align == '0' ? padding : 0));
        _output.Append(digits);
        if (spec.Align == '<') _output.Append(' ', padding);
    }
}
