namespace NpcMind.Jinja;

/// <summary>Reading of values one after the other, and slices.</summary>
internal static class Sequences
{
    /// <summary>Items of a value; null when it has none to give.</summary>
    public static IEnumerable<object>? TryIterate(object value) => value switch
    {
        ItemsValue sequence => sequence.Items,
        TemplateString text => CodePoints.Split(text),
        DictValue dict => dict.Items.Keys,
        DictViewValue { Part: DictPart.Keys } view => view.Dict.Items.Keys,
        DictViewValue { Part: DictPart.Values } view => view.Dict.Items.Values,
        DictViewValue view => view.Dict.Items.Select(pair => (object)new TupleValue([pair.Key, pair.Value])),
        RangeValue range => Expand(range),
        IteratorValue iterator => iterator,
        UndefinedValue => [],
        _ => null,
    };

    /// <summary>Items of a value, each one step.</summary>
    public static IEnumerable<object> Iterate(object value, Budget budget)
    {
        IEnumerable<object> items = TryIterate(value) ?? throw JinjaError.Evaluation($"{TypeNames.Of(value)} is not iterable");
        return Metered(items, budget);
    }

    public static object[] ToArray(object value, Budget budget)
    {
        if (value is ItemsValue sequence)
        {
            budget.Spend(sequence.Items.Length >> 3);
            return sequence.Items;
        }

        List<object> items = [];
        foreach (object item in Iterate(value, budget))
        {
            items.Add(item);
            if (items.Count > budget.MaxLength) budget.Reserve(items.Count);
        }

        return [.. items];
    }

    /// <summary>Python's len(); null for values without one.</summary>
    public static long? Count(object value) => value switch
    {
        TemplateString text => text.Count,
        ItemsValue sequence => sequence.Items.Length,
        DictValue dict => dict.Items.Count,
        DictViewValue view => view.Dict.Items.Count,
        RangeValue range => range.Count,
        LoopValue loop => loop.Count,
        UndefinedValue => 0,
        _ => null,
    };

    private static IEnumerable<object> Metered(IEnumerable<object> items, Budget budget)
    {
        foreach (object item in items)
        {
            budget.Spend();
            yield return item;
        }
    }

    private static IEnumerable<object> Expand(RangeValue range)
    {
        for (long i = 0; i < range.Count; i++) yield return range[i];
    }

    /// <summary>Item at an index, from the end when negative; null when there is none.</summary>
    public static object? ItemAt(object sequence, long index, Budget budget)
    {
        long count = Count(sequence) ?? 0;
        if (index < 0) index += count;
        if (index < 0 || index >= count) return null;
        switch (sequence)
        {
            case ItemsValue items:
                return items.Items[index];
            case RangeValue range:
                return range[index];
            case TemplateString text:
                int start = OffsetOf(text, (int)index, budget);
                return text.Slice(start, CodePoints.SizeAt(text.Value, start));
            default:
                return null;
        }
    }

    private static int OffsetOf(TemplateString text, int index, Budget budget)
    {
        if (!text.IsFlat) budget.Spend(text.Length >> 3);
        return CodePoints.Offset(text, index);
    }

    /// <summary>sequence[start:stop:step]; absent bounds are null.</summary>
    public static object Slice(object sequence, long? start, long? stop, long? step, Budget budget)
    {
        long count = Count(sequence)!.Value, by = step ?? 1;
        if (by == 0) throw JinjaError.Evaluation("the step of a slice cannot be 0");
        long first = Bound(start, count, by > 0 ? 0 : count - 1, by), last = Bound(stop, count, by > 0 ? count : -1, by);
        RangeValue picked = new(first, last, by);
        int length = budget.Reserve(picked.Count);
        if (sequence is TemplateString text) return SliceText(text, picked, length, budget);
        if (sequence is RangeValue range) return Range(range, first, last, by);
        object[] source = ((ItemsValue)sequence).Items, items = new object[length];
        budget.Spend(length / 2);
        for (int i = 0; i < length; i++) items[i] = source[picked[i]];
        return sequence is ListValue ? new ListValue(items) : new TupleValue(items);
    }

    private static RangeValue Range(RangeValue range, long first, long last, long by)
    {
        try
        {
            return new RangeValue(checked(range.Start + first * range.Step), checked(range.Start + last * range.Step),
                checked(range.Step * by));
        }
        catch (OverflowException)
        {
            throw JinjaError.Limit("a slice of a range has numbers beyond 64 bits");
        }
    }

    private static TemplateString SliceText(TemplateString text, RangeValue picked, int length, Budget budget)
    {
        if (length == 0) return text.Slice(0, 0);
        if (picked.Step == 1)
        {
            int start = OffsetOf(text, (int)picked.Start, budget), end = OffsetOf(text, (int)picked.Start + length, budget);
            return text.Slice(start, end - start);
        }

        int[] offsets = [.. Offsets(text.Value)];
        budget.Spend(offsets.Length);
        TemplateStringBuilder chosen = new(budget);
        for (int i = 0; i < length; i++)
        {
            int at = offsets[picked[i]];
            chosen.Append(text, at, CodePoints.SizeAt(text.Value, at));
        }

        return chosen.ToTemplateString(text.IsMarkup);
    }

    private static IEnumerable<int> Offsets(string text)
    {
        for (int i = 0; i < text.Length; i += CodePoints.SizeAt(text, i)) yield return i;
    }

    private static long Bound(long? given, long count, long absent, long step)
    {
        if (given is not long at) return absent;
        if (at < 0) at += count;
        return step > 0 ? Math.Clamp(at, 0, count) : Math.Clamp(at, -1, count - 1);
    }
}
