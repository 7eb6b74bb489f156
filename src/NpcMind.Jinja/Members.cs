using System.Collections.Frozen;
using System.Numerics;

namespace NpcMind.Jinja;

/// <summary>
/// <c>a.b</c> and <c>a[b]</c>. As in the reference a dot finds a method before an item and brackets an item before a method. Only what is
/// listed here can be reached: values have no other members, and what would change a list or dict is refused.
/// </summary>
internal static class Members
{
    private static readonly FrozenSet<string> ListChanges = FrozenSet.Create("append", "clear", "pop", "reverse", "insert", "sort",
        "extend", "remove");

    private static readonly FrozenSet<string> DictChanges = FrozenSet.Create("clear", "pop", "popitem", "setdefault", "update");

    // What every object has in Python; anything else with underscores is just missing.
    private static readonly FrozenSet<string> Internals = FrozenSet.Create(
        "__class__", "__dict__", "__doc__", "__init__", "__new__", "__reduce__", "__reduce_ex__", "__subclasshook__", "__init_subclass__",
        "__repr__", "__str__", "__hash__",
        "__eq__", "__ne__", "__lt__", "__le__", "__gt__", "__ge__", "__getattribute__", "__setattr__", "__delattr__", "__dir__",
        "__format__", "__sizeof__");

    /// <summary><c>target.name</c></summary>
    public static object Attribute(object target, string name, Interpreter interpreter)
    {
        if (target is UndefinedValue undefined) throw undefined.Error();
        return Own(target, name, interpreter) ?? Item(target, TemplateString.Trusted(name)) ?? new UndefinedValue(target, name);
    }

    /// <summary>The member alone, never an item: the filter attr.</summary>
    public static object AttributeOnly(object target, string name, Interpreter interpreter)
    {
        if (target is UndefinedValue undefined) throw undefined.Error();
        return Own(target, name, interpreter) ?? new UndefinedValue(target, name);
    }

    /// <summary><c>target[key]</c></summary>
    public static object Item(object target, object key, Interpreter interpreter)
    {
        if (target is UndefinedValue undefined) throw undefined.Error();
        object? item = Indexed(target, key, interpreter.Budget);
        if (item is null && key is TemplateString name) item = Own(target, name.Value, interpreter);
        return item ?? new UndefinedValue(target, key);
    }

    /// <summary><c>target[start:stop:step]</c></summary>
    public static object Slice(object target, object? start, object? stop, object? step, Interpreter interpreter)
    {
        if (target is UndefinedValue undefined) throw undefined.Error();
        bool fits = target is TemplateString or ItemsValue or RangeValue && IsBound(start) && IsBound(stop) && IsBound(step);
        return fits ? Sequences.Slice(target, Bound(start), Bound(stop), Bound(step), interpreter.Budget)
            : throw JinjaError.Evaluation($"a slice of {TypeNames.Of(target)}, or with these bounds, does not exist");
    }

    private static bool IsBound(object? value) => value is null or NoneValue || Numbers.IsInteger(value);

    private static long? Bound(object? value) => value is null or NoneValue ? null : Clamp(Numbers.ToBig(value));

    private static long Clamp(BigInteger value) => value > long.MaxValue ? long.MaxValue : value < -long.MaxValue
        ? -long.MaxValue : (long)value;

    private static object? Indexed(object target, object key, Budget budget)
    {
        if (target is DictValue dict) return key is ListValue or DictValue ? null : dict.Items.GetValueOrDefault(key);
        return key is long or bool ? Sequences.ItemAt(target, (long)Numbers.ToBig(key), budget) : null;
    }

    private static object? Item(object target, TemplateString name) => target is DictValue dict ? dict.Items.GetValueOrDefault(name) : null;

    private static object? Own(object target, string name, Interpreter interpreter)
    {
        if (target is NamespaceValue space && space.Members.TryGetValue(TemplateString.Trusted(name), out object? member)) return member;
        if (Internals.Contains(name)) return Refused(target, name);
        return target switch
        {
            TemplateString text => StringMethods.All.TryGetValue(name, out StringMethod? method)
                ? Method(name, (i, a) => CallMethod(method, i, text, a)) : null,
            DictValue dict => DictMember(dict, name, interpreter.Budget),
            GroupValue group when name == "grouper" => group.Items[0],
            GroupValue group when name == "list" => group.Items[1],
            ListValue when ListChanges.Contains(name) => Refused(target, name),
            ListValue list when name == "copy" => Plain(name, () => list),
            ItemsValue items => SequenceMember(items, name),
            RangeValue range =>
                name switch { "start" => range.Start, "stop" => range.Stop, "step" => range.Step, _ => SequenceMember(range, name) },
            LoopValue loop => LoopMember(loop, name),
            MacroValue macro => MacroMember(macro, name),
            CyclerValue cycler => name switch
            {
                "current" => cycler.Current,
                "next" => Plain(name, () => cycler.Next()),
                "reset" => Plain(name, () => cycler.Reset()),
                _ => null,
            },
            BlocksValue blocks => blocks.Find(name),
            _ when Numbers.IsNumber(target) => NumberMember(target, name),
            _ => null,
        };
    }

    private static object CallMethod(StringMethod method, Interpreter interpreter, TemplateString text, Arguments arguments)
    {
        Filters.Pay(text, interpreter.Budget);
        return method(interpreter, text, arguments);
    }

    private static UndefinedValue Refused(object target, string name) =>
        new(target, name, $"'{name}' of {TypeNames.Of(target)} is out of reach", isForbidden: true);

    private static NativeFunction Method(string name, Func<Interpreter, Arguments, object> body) => new(name, body, isMethod: true);

    // A method without arguments.
    private static NativeFunction Plain(string name, Func<object> body) => Method(name, (_, arguments) =>
    {
        arguments.Bind(name, 0);
        return body();
    });

    private static object? DictMember(DictValue dict, string name, Budget budget)
    {
        if (DictChanges.Contains(name)) return Refused(dict, name);
        return name switch
        {
            "items" => View(DictPart.Items),
            "keys" => View(DictPart.Keys),
            "values" => View(DictPart.Values),
            "copy" => Plain(name, () => dict),
            "get" => Method(name, (_, a) =>
            {
                BoundArguments bound = a.Bind("get", 1, "/key", "/default");
                return dict.Items.GetValueOrDefault(bound[0]!, bound[1] ?? NoneValue.Instance);
            }),
            "fromkeys" => Method(name, (_, a) =>
            {
                BoundArguments b = a.Bind("fromkeys", 1, "/iterable", "/value");
                DictValue made = new(budget);
                foreach (object key in Sequences.Iterate(b[0]!, budget)) made.Items[key] = b[1] ?? NoneValue.Instance;
                return made;
            }),
            _ => null,
        };

        NativeFunction View(DictPart part) => Plain(name, () => new DictViewValue(dict, part));
    }

    private static NativeFunction? SequenceMember(object sequence, string name) => name switch
    {
        "count" => Method(name, (i, a) =>
        {
            object wanted = a.Bind("count", 1, "/value")[0]!;
            return Sequences.Iterate(sequence, i.Budget).LongCount(item => Operators.AreEqual(item, wanted, i.Budget));
        }),
        "index" => Method(name, (i, a) =>
        {
            BoundArguments bound = a.Bind("index", 1, "/value", "/start", "/stop");
            object[] items = Sequences.ToArray(sequence, i.Budget);
            long start = bound.Integer(1), stop = bound.Integer(2, long.MaxValue);
            if (start < 0) start = Math.Max(0, start + items.Length);
            if (stop < 0) stop += items.Length;
            for (long at = start; at < Math.Min(stop, items.Length); at++)
                if (Operators.AreEqual(items[at], bound[0]!, i.Budget)) return at;
            throw JinjaError.Evaluation("the value is not in the list");
        }),
        _ => null,
    };

    private static object? LoopMember(LoopValue loop, string name) => name switch
    {
        "index" => loop.Index + 1L,
        "index0" => (long)loop.Index,
        "revindex" => loop.Count - loop.Index,
        "revindex0" => loop.Count - loop.Index - 1L,
        "first" => loop.Index == 0,
        "last" => loop.IsLast,
        "length" => loop.Count,
        "depth" => (long)loop.Depth,
        "depth0" => loop.Depth - 1L,
        "previtem" => loop.Previous,
        "nextitem" => loop.Next,
        "cycle" => Method(name, (_, a) => loop.Cycle(a)),
        "changed" => Method(name, (i, a) => loop.Changed(a, i.Budget)),
        _ => null,
    };

    private static object? MacroMember(MacroValue macro, string name) => name switch
    {
        "name" => TemplateString.Trusted(macro.Macro.Name),
        "arguments" => new TupleValue([.. macro.Macro.Parameters.Select(TemplateString.Trusted)]),
        "catch_kwargs" => macro.Macro.Uses.HasFlag(MacroUses.KeywordArgs),
        "catch_varargs" => macro.Macro.Uses.HasFlag(MacroUses.VarArgs),
        "caller" => macro.Macro.Uses.HasFlag(MacroUses.Caller),
        _ => null,
    };

    private static object? NumberMember(object number, string name) => name switch
    {
        "real" => number is bool truth ? truth ? 1L : 0L : number,
        "imag" => number is double ? 0.0 : (object)0L,
        "numerator" when number is not double => Numbers.Normalize(Numbers.ToBig(number)),
        "denominator" when number is not double => 1L,
        "conjugate" => Plain(name, () => number),
        "bit_length" when number is not double => Plain(name, () => (long)BigInteger.Abs(Numbers.ToBig(number)).GetBitLength()),
        "is_integer" when number is double value => Plain(name, () => double.IsFinite(value) && value == Math.Floor(value)),
        _ => null,
    };
}
