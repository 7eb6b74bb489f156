using System.Collections.Frozen;

namespace NpcMind.Jinja;

/// <summary>One method of texts.</summary>
internal delegate object StringMethod(Interpreter interpreter, TemplateString self, Arguments arguments);

/// <summary>
/// Methods of texts, by Python's names. Those that search or cut are in <see cref="StringSearch"/>, those that pad in
/// <see cref="StringLayout"/>.
/// </summary>
internal static class StringMethods
{
    public static readonly FrozenDictionary<string, StringMethod> All = new Dictionary<string, StringMethod>
    {
        ["upper"] = Plain("upper", (i, s) => Casing.Upper(s, i.Budget)),
        ["lower"] = Plain("lower", (i, s) => Casing.Lower(s, i.Budget)),
        ["casefold"] = Plain("casefold", (i, s) => Casing.Fold(s, i.Budget)),
        ["swapcase"] = Plain("swapcase", (i, s) => Casing.Swap(s, i.Budget)),
        ["capitalize"] = Plain("capitalize", (i, s) => Casing.Capitalize(s, i.Budget)),
        ["title"] = Plain("title", (i, s) => Casing.Title(s, i.Budget)),
        ["strip"] = (_, s, a) => StringSearch.Strip(s, a.Bind("strip", 0, "/chars").OptionalText(0), true, true),
        ["lstrip"] = (_, s, a) => StringSearch.Strip(s, a.Bind("lstrip", 0, "/chars").OptionalText(0), true, false),
        ["rstrip"] = (_, s, a) => StringSearch.Strip(s, a.Bind("rstrip", 0, "/chars").OptionalText(0), false, true),
        ["split"] = (i, s, a) => StringSearch.Split(s, a.Bind("split", 0, "sep", "maxsplit"), false, i.Budget),
        ["rsplit"] = (i, s, a) => StringSearch.Split(s, a.Bind("rsplit", 0, "sep", "maxsplit"), true, i.Budget),
        ["splitlines"] = (i, s, a) => new ListValue([.. StringSearch.Lines(s, a.Bind("splitlines", 0, "keepends").Truth(0), i.Budget)]),
        ["partition"] = (i, s, a) => StringSearch.Partition(s, a.Bind("partition", 1, "/sep").Text(0), false, i.Budget),
        ["rpartition"] = (i, s, a) => StringSearch.Partition(s, a.Bind("rpartition", 1, "/sep").Text(0), true, i.Budget),
        ["startswith"] = (i, s, a) => StringSearch.HasAffix(s, a.Bind("startswith", 1, "/prefix", "/start", "/end"), false, i.Budget),
        ["endswith"] = (i, s, a) => StringSearch.HasAffix(s, a.Bind("endswith", 1, "/suffix", "/start", "/end"), true, i.Budget),
        ["removeprefix"] = (_, s, a) => StringSearch.Without(s, a.Bind("removeprefix", 1, "/prefix").Text(0), atEnd: false),
        ["removesuffix"] = (_, s, a) => StringSearch.Without(s, a.Bind("removesuffix", 1, "/suffix").Text(0), atEnd: true),
        ["find"] = (i, s, a) => StringSearch.Find(s, a.Bind("find", 1, "/sub", "/start", "/end"), false, i.Budget),
        ["rfind"] = (i, s, a) => StringSearch.Find(s, a.Bind("rfind", 1, "/sub", "/start", "/end"), true, i.Budget),
        ["index"] = (i, s, a) => Found(StringSearch.Find(s, a.Bind("index", 1, "/sub", "/start", "/end"), false, i.Budget)),
        ["rindex"] = (i, s, a) => Found(StringSearch.Find(s, a.Bind("rindex", 1, "/sub", "/start", "/end"), true, i.Budget)),
        ["count"] = (i, s, a) => StringSearch.Count(s, a.Bind("count", 1, "/sub", "/start", "/end"), i.Budget),
        ["replace"] = Replace,
        ["join"] = (i, s, a) => Join(s, a.Bind("join", 1, "/iterable")[0]!, i.Budget),
        ["format"] = BraceFormat.Format,
        ["format_map"]
        = (i, s, a) =>
            BraceFormat.FormatMap(i, s, a.Bind("format_map", 1, "/mapping")[0] as DictValue
                ?? throw JinjaError.Evaluation("format_map needs a mapping")),
        ["center"] = (i, s, a) => StringLayout.Pad(s, a.Bind("center", 1, "/width", "/fillchar"), '^', i.Budget),
        ["ljust"] = (i, s, a) => StringLayout.Pad(s, a.Bind("ljust", 1, "/width", "/fillchar"), '<', i.Budget),
        ["rjust"] = (i, s, a) => StringLayout.Pad(s, a.Bind("rjust", 1, "/width", "/fillchar"), '>', i.Budget),
        ["zfill"] = (i, s, a) => StringLayout.ZeroFill(s, a.Bind("zfill", 1, "/width").Count(0, 0, i.Budget), i.Budget),
        ["expandtabs"] = (i, s, a) => StringLayout.ExpandTabs(s, a.Bind("expandtabs", 0, "tabsize").Count(0, 8, i.Budget), i.Budget),
        ["isalpha"] = Plain("isalpha", (_, s) => Every(s, CodePoints.IsAlpha)),
        ["isdigit"] = Plain("isdigit", (_, s) => Every(s, CodePoints.IsDigit)),
        ["isdecimal"] = Plain("isdecimal", (_, s) => Every(s, CodePoints.IsDecimal)),
        ["isnumeric"] = Plain("isnumeric", (_, s) => Every(s, CodePoints.IsNumeric)),
        ["isalnum"] = Plain("isalnum", (_, s) => Every(s, CodePoints.IsAlphanumeric)),
        ["isspace"] = Plain("isspace", (_, s) => Every(s, (text, at) => CodePoints.IsSpace(text[at]))),
        ["isprintable"] = Plain("isprintable", (_, s) => s.Length == 0 || Every(s, CodePoints.IsPrintable)),
        ["isascii"] = Plain("isascii", (_, s) => s.Length == 0 || Every(s, (text, at) => char.IsAscii(text[at]))),
        ["isidentifier"] = Plain("isidentifier", (_, s) => CodePoints.IsIdentifier(s.Value)),
        ["isupper"] = Plain("isupper", (_, s) => IsUpper(s)),
        ["islower"] = Plain("islower", (_, s) => IsLower(s)),
        ["istitle"] = Plain("istitle", (_, s) => IsTitle(s.Value)),
        ["translate"] = (i, s, a) => StringLayout.Translate(s, a.Bind("translate", 1, "/table")[0]!, i),
    }.ToFrozenDictionary();

    // A method without arguments.
    private static StringMethod Plain(string name, Func<Interpreter, TemplateString, object> method) => (interpreter, self, arguments) =>
    {
        arguments.Bind(name, 0);
        return method(interpreter, self);
    };

    public static bool IsUpper(TemplateString text) => HasCase(text.Value, Casing.IsUpper);

    public static bool IsLower(TemplateString text) => HasCase(text.Value, Casing.IsLower);

    public static TemplateString Join(TemplateString separator, object items, Budget budget)
    {
        TemplateStringBuilder joined = new(budget);
        bool first = true;
        foreach (object item in Sequences.Iterate(items, budget))
        {
            if (!first) joined.Append(separator);
            first = false;
            TemplateString part = item as TemplateString ?? throw JinjaError.Evaluation($"join needs texts, found {TypeNames.Of(item)}");
            joined.Append(separator.IsMarkup ? Markup.Escape(part, budget) : part);
        }

        return joined.ToTemplateString(separator.IsMarkup);
    }

    private static TemplateString Replace(Interpreter interpreter, TemplateString self, Arguments arguments)
    {
        BoundArguments bound = arguments.Bind("replace", 2, "/old", "/new", "/count");
        return StringSearch.Replace(self, bound.Text(0), bound.Text(1), bound.Integer(2, -1), interpreter.Budget);
    }

    private static long Found(long index) => index >= 0 ? index : throw JinjaError.Evaluation("the text does not hold the other one");

    private static bool Every(TemplateString text, Func<string, int, bool> test)
    {
        string value = text.Value;
        for (int i = 0; i < value.Length; i += CodePoints.SizeAt(value, i))
            if (!test(value, i)) return false;
        return value.Length > 0;
    }

    // At least one letter with case, and none of the other case.
    private static bool HasCase(string text, Func<string, int, bool> wanted)
    {
        bool any = false;
        for (int i = 0; i < text.Length; i += CodePoints.SizeAt(text, i))
        {
            if (wanted(text, i)) any = true;
            else if (Casing.IsCased(text, i)) return false;
        }

        return any;
    }

    private static bool IsTitle(string text)
    {
        bool any = false, inside = false;
        for (int i = 0; i < text.Length; i += CodePoints.SizeAt(text, i))
        {
            bool cased = Casing.IsCased(text, i);
            if (cased && Casing.IsLower(text, i) != inside) return false;
            inside = cased;
            any |= cased;
        }

        return any;
    }
}
