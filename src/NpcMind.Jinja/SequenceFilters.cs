namespace NpcMind.Jinja;

/// <summary>Filters that go over the items of a value.</summary>
internal static class SequenceFilters
{
    public static readonly Dictionary<string, Filter> All = new()
    {
        ["batch"] = (i, v, a) => Stream(i, Batch(i, v, a.Bind("batch", 1, "linecount", "fill_with"))),
        ["count"] = (_, v, a) => Length(v, a),
        ["dictsort"] = DictSort,
        ["first"] = Filters.Plain("first", (i, v) => FirstOf(Sequences.Iterate(v, i.Budget))),
        ["groupby"] = GroupBy,
        ["items"] = Filters.Plain("items", (i, v) => Stream(i, Items(v))),
        ["join"] = Join,
        ["last"] = Filters.Plain("last", (i, v) => FirstOf(Reversed(i, v))),
        ["length"] = (_, v, a) => Length(v, a),
        ["list"] = Filters.Plain("list", (i, v) => new ListValue(Sequences.ToArray(v, i.Budget))),
        ["map"] = (i, v, a) => Stream(i, Map(i, v, a)),
        ["max"] = (i, v, a) => Extreme(i, v, a.Bind("max", 0, "case_sensitive", "attribute"), 1),
        ["min"] = (i, v, a) => Extreme(i, v, a.Bind("min", 0, "case_sensitive", "attribute"), -1),
        ["reject"] = (i, v, a) => Stream(i, Select(i, v, a, false, false)),
        ["rejectattr"] = (i, v, a) => Stream(i, Select(i, v, a, false, true)),
        ["reverse"] = Reverse,
        ["select"] = (i, v, a) => Stream(i, Select(i, v, a, true, false)),
        ["selectattr"] = (i, v, a) => Stream(i, Select(i, v, a, true, true)),
        ["slice"] = (i, v, a) => Stream(i, Slice(i, v, a.Bind("slice", 1, "slices", "fill_with"))),
        ["sort"] = Sort,
        ["sum"] = Sum,
        ["unique"] = (i, v, a) => Stream(i, Unique(i, v, a.Bind("unique", 0, "case_sensitive", "attribute"))),
    };

    private static readonly UndefinedValue NoItem = new(null, null, "the sequence was empty");

    private static object FirstOf(IEnumerable<object> items)
    {
        foreach (object item in items) return item;
        return NoItem;
    }

    private static IteratorValue Stream(Interpreter interpreter, IEnumerable<object> items) => new(items, interpreter.Budget);

    private static long Length(object value, Arguments arguments)
    {
        arguments.Bind("length", 0);
        return Sequences.Count(value) ?? throw JinjaError.Evaluation($"{TypeNames.Of(value)} has no length");
    }

    /// <summary>Reader of an attribute as filters name it: "a.b.0", or an index. Without one, of the item itself.</summary>
    private static Func<object, object> Getter(Interpreter interpreter, object? attribute, bool ignoreCase = false, object? absent = null)
    {
        object[] path = attribute switch
        {
            null or NoneValue => [],
            TemplateString text => [.. text.Value.Split('.').Select(Part)],
            _ => [attribute],
        };
        return item =>
        {
            foreach (object part in path)
            {
                item = Members.Item(item, part, interpreter);
                if (item is UndefinedValue && absent is not (null or NoneValue)) item = absent;
            }

            return ignoreCase && item is TemplateString text ? Casing.Lower(text, interpreter.Budget) : item;
        };

        object Part(string part) => (part.All(char.IsAsciiDigit) ? Numbers.ParseInteger(part, 10, interpreter.Budget) : null)
            ?? TemplateString.Trusted(part);
    }

    private static IEnumerable<object> Batch(Interpreter interpreter, object value, BoundArguments bound)
    {
        long size = bound.Integer(0);
        List<object> line = [];
        foreach (object item in Sequences.Iterate(value, interpreter.Budget))
        {
            if (line.Count == size)
            {
                yield return new ListValue([.. line]);
                line.Clear();
            }

            line.Add(item);
        }

        if (line.Count == 0) yield break;
        if (bound[1] is not (null or NoneValue) && line.Count < size)
        {
            int missing = interpreter.Budget.Reserve(size) - line.Count;
            interpreter.Budget.Spend(missing);
            line.AddRange(Enumerable.Repeat(bound[1]!, missing));
        }

        yield return new ListValue([.. line]);
    }

    private static IEnumerable<object> Slice(Interpreter interpreter, object value, BoundArguments bound)
    {
        object[] items = Sequences.ToArray(value, interpreter.Budget);
        long slices = bound.Integer(0);
        if (slices == 0) throw JinjaError.Evaluation("integer division or modulo by zero");
        long size = slices > 0 ? items.Length / slices : 0, longer = slices > 0 ? items.Length % slices : 0;
        for (long at = 0, start = 0; at < slices; at++)
        {
            interpreter.Budget.Spend();
            long length = size + (at < longer ? 1 : 0);
            object[] part = items[(int)start..(int)(start + length)];
            if (bound[1] is not (null or NoneValue) && at >= longer) part = [.. part, bound[1]!];
            start += length;
            yield return new ListValue(part);
        }
    }

    private static ListValue DictSort(Interpreter interpreter, object value, Arguments arguments)
    {
        BoundArguments bound = arguments.Bind("dictsort", 0, "case_sensitive", "by", "reverse");
        string by = bound.Has(1) ? bound.Text(1).Value : "key";
        if (by is not ("key" or "value")) throw JinjaError.Evaluation("the filter 'dictsort' sorts by key or by value");
        if (value is not DictValue dict) throw Filters.Unsuited("dictsort", value);
        Func<object, object> fold = Getter(interpreter, null, !bound.Truth(0));
        KeyValuePair<object, object>[] sorted = Sorting.Sort([.. dict.Items], pair => fold(by == "key" ? pair.Key : pair.Value),
            interpreter.Budget, bound.Truth(2));
        return new ListValue([.. sorted.Select(pair => new TupleValue([pair.Key, pair.Value]))]);
    }

    private static ListValue GroupBy(Interpreter interpreter, object value, Arguments arguments)
    {
        BoundArguments bound = arguments.Bind("groupby", 1, "attribute", "default", "case_sensitive");
        bool ignoreCase = !bound.Truth(2);
        Func<object, object> key = Getter(interpreter, bound[0], ignoreCase, bound[1]),
            shown = Getter(interpreter, bound[0], false, bound[1]);
        List<object> groups = [], group = [];
        object? current = null;
        foreach (object item in Sorting.Sort(Sequences.ToArray(value, interpreter.Budget), key, interpreter.Budget))
        {
            object next = key(item);
            if (current is not null && !Operators.AreEqual(current, next, interpreter.Budget)) Close();
            current = next;
            group.Add(item);
        }

        if (group.Count > 0) Close();
        return new ListValue([.. groups]);

        void Close()
        {
            groups.Add(new GroupValue(shown(group[0]), new ListValue([.. group])));
            group.Clear();
        }
    }

    private static IEnumerable<object> Items(object value)
    {
        if (value is UndefinedValue) yield break;
        if (value is not DictValue dict) throw Filters.Unsuited("items", value);
        foreach ((object key, object item) in dict.Items) yield return new TupleValue([key, item]);
    }

    private static TemplateString Join(Interpreter interpreter, object value, Arguments arguments)
    {
        BoundArguments bound = arguments.Bind("join", 0, "d", "attribute");
        Func<object, object> get = Getter(interpreter, bound[1]);
        TemplateString separator = bound.Has(0) ? Filters.Text(interpreter, bound[0]!).WithMarkup(false) : TemplateString.Empty;
        return StringMethods.Join(separator,
            Stream(interpreter, Sequences.Iterate(value, interpreter.Budget).Select(item => (object)Filters.Text(interpreter, get(item)))),
            interpreter.Budget);
    }

    private static IEnumerable<object> Map(Interpreter interpreter, object value, Arguments arguments)
    {
        if (!Operators.IsTrue(value)) yield break;
        Func<object, object> map;
        if (arguments.Positional.Length == 0 && arguments.Named?.ContainsKey("attribute") == true)
        {
            BoundArguments bound = arguments.Bind("map", 0, "attribute", "default");
            map = Getter(interpreter, bound[0], false, bound[1]);
        }
        else
        {
            if (arguments.Positional is not [TemplateString name, ..])
                throw JinjaError.Evaluation("the filter 'map' needs the name of a filter, or attribute=");
            Arguments rest = arguments.Skip(1);
            map = item =>
            {
                Filters.Pay(item, interpreter.Budget);
                return Filters.Find(name.Value)(interpreter, item, rest);
            };
        }

        foreach (object item in Sequences.Iterate(value, interpreter.Budget)) yield return map(item);
    }

    private static IEnumerable<object> Select(Interpreter interpreter, object value, Arguments arguments, bool wanted, bool byAttribute)
    {
        if (!Operators.IsTrue(value)) yield break;
        if (byAttribute && arguments.Positional.Length == 0) throw JinjaError.Evaluation("the filter needs the name of an attribute");
        Func<object, object> get = Getter(interpreter, byAttribute ? arguments.Positional[0] : null);
        Arguments rest = arguments.Skip(byAttribute ? 1 : 0);
        Func<object, bool> test = Operators.IsTrue;
        if (rest.Positional.Length > 0)
        {
            string named = rest.Positional[0] is TemplateString name
                ? name.Value : throw JinjaError.Evaluation("the name of a test must be a text");
            Arguments others = rest.Skip(1);
            test = item => Tests.Find(named)(interpreter, item, others);
        }

        foreach (object item in Sequences.Iterate(value, interpreter.Budget))
            if (test(get(item)) == wanted) yield return item;
    }

    private static object Extreme(Interpreter interpreter, object value, BoundArguments bound, int wanted)
    {
        Func<object, object> key = Getter(interpreter, bound[1], !bound.Truth(0));
        object? best = null, bestKey = null;
        foreach (object item in Sequences.Iterate(value, interpreter.Budget))
        {
            object itemKey = key(item);
            if (best is not null && Operators.Order(itemKey, bestKey!, interpreter.Budget) is var order
                && (order is null || Math.Sign(order.Value) != wanted)) continue;
            (best, bestKey) = (item, itemKey);
        }

        return best ?? NoItem;
    }

    private static IEnumerable<object> Reversed(Interpreter interpreter, object value)
    {
        if (Sequences.Count(value) is null) throw Filters.Unsuited("last", value);
        return Sequences.ToArray(value, interpreter.Budget).Reverse();
    }

    private static object Reverse(Interpreter interpreter, object value, Arguments arguments)
    {
        arguments.Bind("reverse", 0);
        if (value is TemplateString text) return Sequences.Slice(text, null, null, -1, interpreter.Budget);
        object[] items = [.. Sequences.ToArray(value, interpreter.Budget).Reverse()];
        return Sequences.Count(value) is null ? new ListValue(items)
            : new IteratorValue(items, interpreter.Budget, value is ListValue ? "list_reverseiterator" : "reversed");
    }

    private static ListValue Sort(Interpreter interpreter, object value, Arguments arguments)
    {
        BoundArguments bound = arguments.Bind("sort", 0, "reverse", "case_sensitive", "attribute");
        bool ignoreCase = !bound.Truth(1);
        object?[] names = bound[2] is TemplateString text ? [.. text.Value.Split(',').Select(TemplateString.Trusted)] : [bound[2]];
        Func<object, object>[] keys = [.. names.Select(name => Getter(interpreter, name, ignoreCase))];
        // A list even for one key: equal ones are then not compared further, so that they need no order.
        object[] sorted = Sorting.Sort(Sequences.ToArray(value, interpreter.Budget),
            item => new ListValue([.. keys.Select(key => key(item))]), interpreter.Budget, bound.Truth(0));
        return new ListValue(sorted);
    }

    private static object Sum(Interpreter interpreter, object value, Arguments arguments)
    {
        BoundArguments bound = arguments.Bind("sum", 0, "attribute", "start");
        Func<object, object> get = Getter(interpreter, bound[0]);
        object total = bound[1] ?? 0L;
        if (total is TemplateString) throw JinjaError.Evaluation("the filter 'sum' does not add texts");
        foreach (object item in Sequences.Iterate(value, interpreter.Budget))
            total = Operators.Binary(BinaryOperator.Add, total, get(item), interpreter.Budget);
        return total;
    }

    private static IEnumerable<object> Unique(Interpreter interpreter, object value, BoundArguments bound)
    {
        Func<object, object> key = Getter(interpreter, bound[1], !bound.Truth(0));
        HashSet<object> seen = new(new ValueComparer(interpreter.Budget));
        foreach (object item in Sequences.Iterate(value, interpreter.Budget))
            if (seen.Add(key(item))) yield return item;
    }
}
