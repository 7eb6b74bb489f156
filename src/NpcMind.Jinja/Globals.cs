using System.Collections.Frozen;

namespace NpcMind.Jinja;

/// <summary>Functions every template can call.</summary>
internal static class Globals
{
    private const int LongestRange = 100_000;

    private static readonly FrozenDictionary<string, object> All = new (string Name, Func<Interpreter, Arguments, object> Body)[]
    {
        ("range", Range),
        ("dict", Dict),
        ("namespace", (i, a) => new NamespaceValue(Dict(i, a))),
        ("cycler", (_, a) => a.Named is null && a.Positional.Length > 0
            ? new CyclerValue(a.Positional) : throw JinjaError.Evaluation("cycler needs values")),
        ("joiner", (_, a) => new JoinerValue(a.Bind("joiner", 0, "sep")[0] ?? TemplateString.Trusted(", "))),
        ("raise_exception",
            (i, a) => throw new JinjaError(ChatTemplateFault.Raised, Filters.Text(i, a.Bind("raise_exception", 1, "message")[0]!).Value)),
        ("strftime_now", Now),
        ("lipsum", (_, _) => throw JinjaError.Evaluation("lipsum is not offered here")),
    }.ToFrozenDictionary(global => global.Name, global => (object)new NativeFunction(global.Name, global.Body));

    public static object? Find(string name) => All.GetValueOrDefault(name);

    private static RangeValue Range(Interpreter interpreter, Arguments arguments)
    {
        BoundArguments bound = arguments.Bind("range", 1, "/start", "/stop", "/step");
        long start = bound.Has(1) ? bound.Integer(0) : 0, stop = bound.Integer(bound.Has(1) ? 1 : 0), step = bound.Integer(2, 1);
        if (step == 0) throw JinjaError.Evaluation("the step of range cannot be 0");
        Int128 distance = step > 0 ? (Int128)stop - start : (Int128)start - stop, by = step > 0 ? step : -(Int128)step;
        if (distance > 0 && (distance - 1) / by + 1 > LongestRange) throw JinjaError.Limit($"range gives more than {LongestRange} numbers");
        return new RangeValue(start, stop, step);
    }

    private static TemplateString Now(Interpreter interpreter, Arguments arguments)
    {
        TemplateString format = arguments.Bind("strftime_now", 1, "format").Text(0);
        return TemplateString.Of(TimeText.Format(interpreter.Now, format.Value, interpreter.Budget), format.HasUntrusted);
    }

    private static DictValue Dict(Interpreter interpreter, Arguments arguments)
    {
        Budget budget = interpreter.Budget;
        DictValue dict = new(budget);
        if (arguments.Positional.Length > 1) throw JinjaError.Evaluation("dict takes one positional argument");
        foreach (object source in arguments.Positional)
        {
            if (source is DictValue other)
            {
                budget.Spend(other.Items.Count);
                foreach ((object key, object value) in other.Items) dict.Items[key] = value;
                continue;
            }

            if (source is UndefinedValue undefined) throw undefined.Error();
            foreach (object item in Sequences.Iterate(source, budget))
            {
                object[] pair = Sequences.ToArray(item, budget);
                if (pair.Length != 2) throw JinjaError.Evaluation("dict needs a mapping or pairs");
                dict.Items[pair[0]] = pair[1];
            }
        }

        if (arguments.Named is { } named)
            foreach ((string name, object value) in named) dict.Items[Interpreter.ArgumentName(name)] = value;
        return dict;
    }
}
