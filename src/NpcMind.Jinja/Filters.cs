using System.Buffers;
using System.Collections.Frozen;
using System.Numerics;
using System.Text;

namespace NpcMind.Jinja;

/// <summary>A filter: what stands behind a bar.</summary>
internal delegate object Filter(Interpreter interpreter, object value, Arguments arguments);

/// <summary>
/// The filters, by name. Those on sequences are in <see cref="SequenceFilters"/>. Of the reference's, <c>urlize</c>, <c>wordwrap</c>,
/// <c>pprint</c> and <c>random</c> are missing: prompts have no use for them.
/// </summary>
internal static class Filters
{
    private static readonly FrozenDictionary<string, Filter> All = new Dictionary<string, Filter>(SequenceFilters.All)
    {
        ["abs"] = Plain("abs", (_, v) => Numbers.IsNumber(v) ? Numbers.Absolute(v) : throw Unsuited("abs", v)),
        ["attr"] = (i, v, a) => Members.AttributeOnly(v, a.Bind("attr", 1, "name").Text(0).Value, i),
        ["capitalize"] = Plain("capitalize", (i, v) => Casing.Capitalize(Text(i, v), i.Budget)),
        ["center"] = (i, v, a) => StringLayout.Pad(Text(i, v), a.Bind("center", 0, "width", "/fill"), '^', i.Budget),
        ["d"] = Default,
        ["default"] = Default,
        ["e"] = Escape,
        ["escape"] = Escape,
        ["filesizeformat"]
        = (i, v, a) =>
            TemplateString.Trusted(
                StringLayout.FileSize(ToFloat(v) ?? throw Unsuited("filesizeformat", v), a.Bind("filesizeformat", 0, "binary").Truth(0))),
        ["float"] = Float,
        ["forceescape"] = Plain("forceescape", (i, v) => Markup.Escape(Text(i, v).WithMarkup(false), i.Budget)),
        ["format"] = Format,
        ["indent"] = (i, v, a) => StringLayout.Indent(NeedText("indent", v), a.Bind("indent", 0, "width", "first", "blank"), i.Budget),
        ["int"] = Integer,
        ["lower"] = Plain("lower", (i, v) => Casing.Lower(Text(i, v), i.Budget)),
        ["replace"] = Replace,
        ["round"] = Round,
        ["safe"] = Plain("safe", (i, v) => Text(i, v).WithMarkup(true)),
        ["string"] = Plain("string", (i, v) => Text(i, v)),
        ["striptags"] = Plain("striptags", (i, v) => Markup.StripTags(Text(i, v), i.Budget)),
        ["title"] = Plain("title", (i, v) => Casing.TitleWords(Text(i, v), i.Budget)),
        ["tojson"] = JsonText.Write,
        ["trim"] = (i, v, a) => StringSearch.Strip(Text(i, v), a.Bind("trim", 0, "chars").OptionalText(0), true, true),
        ["truncate"] = (i, v, a) => StringLayout.Truncate(v, a.Bind("truncate", 0, "length", "killwords", "end", "leeway"), i.Budget),
        ["upper"] = Plain("upper", (i, v) => Casing.Upper(Text(i, v), i.Budget)),
        ["urlencode"] = Plain("urlencode", (i, v) => UrlEncode(i, v)),
        ["wordcount"] = Plain("wordcount", (i, v) => StringLayout.CountWords(Text(i, v).Value)),
        ["xmlattr"] = XmlAttributes,
    }.ToFrozenDictionary();

    private static readonly SearchValues<char> NotInNames = SearchValues.Create(" \t\n\f\r/>=");

    public static bool Exists(string name) => All.ContainsKey(name);

    /// <exception cref="JinjaError">There is no such filter.</exception>
    public static Filter Find(string name) => All.TryGetValue(name, out Filter? filter)
        ? filter : throw new JinjaError(ChatTemplateFault.Syntax, $"unknown filter '{name}'");

    /// <summary>A filter without arguments.</summary>
    public static Filter Plain(string name, Func<Interpreter, object, object> filter) => (interpreter, value, arguments) =>
    {
        arguments.Bind(name, 0);
        return filter(interpreter, value);
    };

    /// <summary>Pays for reading a text through, which most filters do.</summary>
    public static void Pay(object value, Budget budget)
    {
        if (value is TemplateString text) budget.Spend(text.Length >> 3);
    }

    public static TemplateString Text(Interpreter interpreter, object value) => PythonText.Str(value, interpreter.Budget);

    public static JinjaError Unsuited(string filter, object value) =>
        value is UndefinedValue undefined ? undefined.Error()
        : JinjaError.Evaluation($"the filter '{filter}' does not suit {TypeNames.Of(value)}");

    private static TemplateString NeedText(string filter, object value) => value as TemplateString ?? throw Unsuited(filter, value);

    private static object Default(Interpreter interpreter, object value, Arguments arguments)
    {
        BoundArguments bound = arguments.Bind("default", 0, "default_value", "boolean");
        return value is UndefinedValue || bound.Truth(1) && !Operators.IsTrue(value) ? bound[0] ?? TemplateString.Empty : value;
    }

    private static TemplateString Escape(Interpreter interpreter, object value, Arguments arguments)
    {
        arguments.Bind("escape", 0);
        return Markup.Escape(Text(interpreter, value), interpreter.Budget);
    }

    private static TemplateString Format(Interpreter interpreter, object value, Arguments arguments)
    {
        if (arguments.Named is null)
            return PercentFormat.Format(Text(interpreter, value), new TupleValue(arguments.Positional), interpreter.Budget);
        if (arguments.Positional.Length > 0)
            throw JinjaError.Evaluation("the filter 'format' takes positional or named arguments, not both");
        DictValue named = new(interpreter.Budget);
        foreach ((string name, object argument) in arguments.Named) named[name] = argument;
        return PercentFormat.Format(Text(interpreter, value), named, interpreter.Budget);
    }

    private static TemplateString Replace(Interpreter interpreter, object value, Arguments arguments)
    {
        BoundArguments bound = arguments.Bind("replace", 2, "old", "new", "count");
        long count = bound[2] is null or NoneValue ? -1 : bound.Integer(2);
        return StringSearch.Replace(Text(interpreter, value).WithMarkup(false), Text(interpreter, bound[0]!), Text(interpreter, bound[1]!),
            count, interpreter.Budget);
    }

    private static object Integer(Interpreter interpreter, object value, Arguments arguments)
    {
        BoundArguments bound = arguments.Bind("int", 0, "default", "base");
        long radix = bound.Integer(1, 10);
        object fallback = bound[0] ?? 0L;
        if (value is UndefinedValue undefined) throw undefined.Error();
        if (value is TemplateString text)
        {
            object? integer = radix is 0 or >= 2 and <= 36 ? Numbers.ParseInteger(text.Value, radix, interpreter.Budget) : null;
            return integer ?? (Numbers.ParseFloat(text.Value) is { } number && double.IsFinite(number)
                ? Numbers.Normalize(new BigInteger(number)) : fallback);
        }

        if (value is double real) return double.IsNaN(real) ? fallback : double.IsInfinity(real)
            ? throw Unsuited("int", value) : Numbers.Normalize(new BigInteger(real));
        return Numbers.IsNumber(value) ? Numbers.Normalize(Numbers.ToBig(value)) : fallback;
    }

    private static object Float(Interpreter interpreter, object value, Arguments arguments)
    {
        BoundArguments bound = arguments.Bind("float", 0, "default");
        return ToFloat(value) ?? bound[0] ?? 0.0;
    }

    private static double? ToFloat(object value) => value switch
    {
        UndefinedValue undefined => throw undefined.Error(),
        TemplateString text => Numbers.ParseFloat(text.Value),
        _ => Numbers.IsNumber(value) ? Numbers.ToDouble(value) : null,
    };

    private static object Round(Interpreter interpreter, object value, Arguments arguments)
    {
        BoundArguments bound = arguments.Bind("round", 0, "precision", "method");
        string method = bound.Has(1) ? bound.Text(1).Value : "common";
        int precision = (int)Math.Clamp(bound.Integer(0), -400, 400);
        if (method is not ("common" or "ceil" or "floor")) throw JinjaError.Evaluation("the filter 'round' knows common, ceil and floor");
        if (!Numbers.IsNumber(value)) throw Unsuited("round", value);
        interpreter.Budget.Spend(100);
        if (method == "common")
            return value is double number ? RoundFloat(number, precision) : RoundInteger(Numbers.ToBig(value), precision);
        object scale = Numbers.Binary(BinaryOperator.Power, 10L, (long)precision);
        object scaled = Numbers.Binary(BinaryOperator.Multiply, value, scale);
        if (scaled is double real)
        {
            if (!double.IsFinite(real)) throw JinjaError.Evaluation("the float has no integer value");
            scaled = Numbers.Normalize(new BigInteger(method == "ceil" ? Math.Ceiling(real) : Math.Floor(real)));
        }

        return Numbers.Binary(BinaryOperator.Divide, scaled, scale);
    }

    private static double RoundFloat(double value, int precision)
    {
        double rounded = FloatText.Round(value, precision);
        return double.IsInfinity(rounded) && double.IsFinite(value)
            ? throw JinjaError.Evaluation("the rounded value is too large for a float") : rounded;
    }

    private static object RoundInteger(BigInteger value, int precision)
    {
        if (precision >= 0) return Numbers.Normalize(value);
        BigInteger unit = BigInteger.Pow(10, -precision), rest = BigInteger.Remainder(BigInteger.Abs(value), unit),
            down = BigInteger.Abs(value) - rest;
        int order = (rest * 2).CompareTo(unit);
        if (order > 0 || order == 0 && !(down / unit).IsEven) down += unit;
        return Numbers.Normalize(value.Sign < 0 ? -down : down);
    }

    private static TemplateString UrlEncode(Interpreter interpreter, object value)
    {
        if (value is TemplateString || Sequences.TryIterate(value) is null) return Quote(Text(interpreter, value), "/");
        IEnumerable<object> pairs = value is DictValue dict
            ? dict.Items.Select(pair => (object)new TupleValue([pair.Key, pair.Value])) : Sequences.Iterate(value, interpreter.Budget);
        return StringMethods.Join(TemplateString.Trusted("&"), new IteratorValue(pairs.Select(pair =>
        {
            object[] parts = Sequences.ToArray(pair, interpreter.Budget);
            if (parts.Length != 2) throw JinjaError.Evaluation("the filter 'urlencode' needs pairs");
            TemplateString name = Quote(Text(interpreter, parts[0]), ""), content = Quote(Text(interpreter, parts[1]), "");
            return (object)TemplateString.Of(name.Value + "=" + content.Value, name.HasUntrusted || content.HasUntrusted);
        }), interpreter.Budget), interpreter.Budget);

        TemplateString Quote(TemplateString text, string safe)
        {
            StringBuilder quoted = new();
            interpreter.Budget.Reserve(text.Length * 3L);
            foreach (byte unit in Encoding.UTF8.GetBytes(text.Value))
            {
                char c = (char)unit;
                if (char.IsAsciiLetterOrDigit(c) || "_.-~".Contains(c, StringComparison.Ordinal)
                    || safe.Contains(c, StringComparison.Ordinal)) quoted.Append(c);
                else quoted.Append('%').Append(unit.ToString("X2", System.Globalization.CultureInfo.InvariantCulture));
            }

            string result = quoted.ToString();
            return TemplateString.Of(safe.Length == 0 ? result.Replace("%20", "+", StringComparison.Ordinal) : result, text.HasUntrusted);
        }
    }

    private static TemplateString XmlAttributes(Interpreter interpreter, object value, Arguments arguments)
    {
        BoundArguments bound = arguments.Bind("xmlattr", 0, "autospace");
        if (value is not DictValue dict) throw Unsuited("xmlattr", value);
        TemplateStringBuilder text = new(interpreter.Budget);
        foreach ((object key, object content) in dict.Items)
        {
            if (content is NoneValue or UndefinedValue) continue;
            TemplateString name = Text(interpreter, key);
            if (name.Value.AsSpan().IndexOfAny(NotInNames) >= 0)
                throw JinjaError.Evaluation("a key of 'xmlattr' holds a character that cannot be in a name");
            if (text.Length > 0 || bound.Truth(0, true)) text.Append(" ");
            text.Append(Markup.Escape(name, interpreter.Budget));
            text.Append("=\"");
            text.Append(Markup.Escape(Text(interpreter, content), interpreter.Budget));
            text.Append("\"");
        }

        return text.ToTemplateString();
    }
}
