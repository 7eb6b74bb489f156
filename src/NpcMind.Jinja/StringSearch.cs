namespace NpcMind.Jinja;

/// <summary>Methods of texts that look for other texts and cut there.</summary>
internal static class StringSearch
{
    /// <summary>Removes white space, or any of the given characters, at the ends.</summary>
    public static TemplateString Strip(TemplateString text, TemplateString? characters, bool atStart, bool atEnd)
    {
        string value = text.Value;
        HashSet<int>? wanted = characters is null ? null : [.. CodePoints.Split(characters).Select(c => CodePoints.ValueAt(c.Value, 0))];
        int start = 0, end = value.Length;
        while (atStart && start < end && Matches(value, start, wanted)) start += CodePoints.SizeAt(value, start);
        while (atEnd && end > start)
        {
            int last = end - 1;
            if (last > start && char.IsLowSurrogate(value[last]) && char.IsHighSurrogate(value[last - 1])) last--;
            if (!Matches(value, last, wanted)) break;
            end = last;
        }

        return text.Slice(start, end - start);
    }

    private static bool Matches(string text, int at, HashSet<int>? wanted) => wanted is null
        ? CodePoints.IsSpace(text[at]) : wanted.Contains(CodePoints.ValueAt(text, at));

    public static ListValue Split(TemplateString text, BoundArguments bound, bool fromEnd, Budget budget)
    {
        TemplateString? separator = bound.OptionalText(0);
        long most = bound.Integer(1, -1);
        if (separator is { Length: 0 }) throw JinjaError.Evaluation("the separator of split is empty");
        budget.Search(text.Length, separator?.Length ?? 1);
        int parts = most < 0 || most > int.MaxValue ? int.MaxValue : (int)most;
        List<object> items = separator is null ? SplitSpace(text, parts, fromEnd) : SplitAt(text, separator.Value, parts, fromEnd);
        budget.Spend(items.Count);
        if (fromEnd) items.Reverse();
        return new ListValue([.. items]);
    }

    private static List<object> SplitAt(TemplateString text, string separator, int most, bool fromEnd)
    {
        List<object> items = [];
        int start = 0, end = text.Length;
        for (; most > 0; most--)
        {
            int at = fromEnd ? text.Value.AsSpan(0, end).LastIndexOf(separator)
                : text.Value.IndexOf(separator, start, StringComparison.Ordinal);
            if (at < 0) break;
            int stop = at + separator.Length;
            items.Add(fromEnd ? text.Slice(stop, end - stop) : text.Slice(start, at - start));
            if (fromEnd) end = at;
            else start = stop;
        }

        items.Add(text.Slice(start, end - start));
        return items;
    }

    private static List<object> SplitSpace(TemplateString text, int most, bool fromEnd)
    {
        List<object> items = [];
        string value = text.Value;
        int start = 0, end = value.Length;
        while (true)
        {
            while (start < end && CodePoints.IsSpace(value[fromEnd ? end - 1 : start]))
            {
                if (fromEnd) end--;
                else start++;
            }

            if (start == end) return items;
            int at = fromEnd ? end : start;
            if (most-- <= 0)
            {
                items.Add(text.Slice(start, end - start));
                return items;
            }

            while (fromEnd ? at > start && !CodePoints.IsSpace(value[at - 1]) : at < end && !CodePoints.IsSpace(value[at]))
                at += fromEnd ? -1 : 1;
            items.Add(fromEnd ? text.Slice(at, end - at) : text.Slice(start, at - start));
            if (fromEnd) end = at;
            else start = at;
        }
    }

    public static List<TemplateString> Lines(TemplateString text, bool keepEnds, Budget budget)
    {
        List<TemplateString> lines = [];
        string value = text.Value;
        budget.Spend(value.Length >> 3);
        for (int start = 0, end; start < value.Length; start = end)
        {
            int stop = start;
            while (stop < value.Length && !CodePoints.IsLineEnd(value[stop])) stop++;
            end = stop == value.Length ? stop : value[stop] == '\r' && stop + 1 < value.Length && value[stop + 1] == '\n'
                ? stop + 2 : stop + 1;
            lines.Add(text.Slice(start, (keepEnds ? end : stop) - start));
            budget.Spend();
        }

        return lines;
    }

    public static TupleValue Partition(TemplateString text, TemplateString separator, bool fromEnd, Budget budget)
    {
        if (separator.Length == 0) throw JinjaError.Evaluation("the separator of partition is empty");
        budget.Search(text.Length, separator.Length);
        int at = fromEnd ? text.Value.AsSpan().LastIndexOf(separator.Value) : text.Value.IndexOf(separator.Value, StringComparison.Ordinal);
        if (at < 0) return new TupleValue(fromEnd ? [TemplateString.Empty, TemplateString.Empty, text]
            : [text, TemplateString.Empty, TemplateString.Empty]);
        return new TupleValue([text.Slice(0, at), text.Slice(at, separator.Length), text.From(at + separator.Length)]);
    }

    public static bool HasAffix(TemplateString text, BoundArguments bound, bool atEnd, Budget budget)
    {
        if (!Range(text, bound, out int start, out int end)) return false;
        string value = text.Value[start..end];
        object[] affixes = bound[0] is TupleValue tuple ? tuple.Items : [bound.Text(0)];
        budget.Spend((value.Length >> 6) + affixes.Length);
        foreach (object item in affixes)
        {
            if (item is not TemplateString affix) throw JinjaError.Evaluation("startswith and endswith need a text or a tuple of texts");
            if (atEnd ? value.EndsWith(affix.Value, StringComparison.Ordinal) : value.StartsWith(affix.Value, StringComparison.Ordinal))
                return true;
        }

        return false;
    }

    public static TemplateString Without(TemplateString text, TemplateString affix, bool atEnd)
    {
        if (atEnd) return text.Value.EndsWith(affix.Value, StringComparison.Ordinal) ? text.Slice(0, text.Length - affix.Length) : text;
        return text.Value.StartsWith(affix.Value, StringComparison.Ordinal) ? text.From(affix.Length) : text;
    }

    /// <summary>Index of the first or last place in code points, -1 when there is none.</summary>
    public static long Find(TemplateString text, BoundArguments bound, bool last, Budget budget)
    {
        TemplateString part = bound.Text(0);
        if (!Range(text, bound, out int start, out int end)) return -1;
        budget.Search(text.Length, part.Length);
        ReadOnlySpan<char> window = text.Value.AsSpan(start, end - start);
        int at = last ? part.Length == 0 ? window.Length : window.LastIndexOf(part.Value) : window.IndexOf(part.Value);
        return at < 0 ? -1 : CodePoints.Index(text, start + at);
    }

    public static object Count(TemplateString text, BoundArguments bound, Budget budget)
    {
        TemplateString part = bound.Text(0);
        if (!Range(text, bound, out int start, out int end)) return 0L;
        budget.Search(text.Length, part.Length);
        string window = text.Value[start..end];
        if (part.Length == 0) return CodePoints.Count(window) + 1L;
        long count = 0;
        for (int at = 0; (at = window.IndexOf(part.Value, at, StringComparison.Ordinal)) >= 0; at += part.Length) count++;
        return count;
    }

    // Start and end arguments (1 and 2) as UTF-16 offsets; false when the range lies outside.
    private static bool Range(TemplateString text, BoundArguments bound, out int start, out int end)
    {
        long first = bound[1] is null or NoneValue ? 0 : bound.Integer(1), stop = bound[2] is null or NoneValue
            ? text.Count : bound.Integer(2);
        if (first < 0) first = Math.Max(0, first + text.Count);
        if (stop < 0) stop = Math.Max(0, stop + text.Count);
        stop = Math.Min(stop, text.Count);
        bool inside = first <= stop;
        start = inside ? CodePoints.Offset(text, (int)first) : 0;
        end = inside ? CodePoints.Offset(text, (int)stop) : 0;
        return inside;
    }

    public static TemplateString Replace(TemplateString text, TemplateString old, TemplateString replacement, long most, Budget budget)
    {
        budget.Search(text.Length, old.Length);
        TemplateStringBuilder replaced = new(budget);
        if (most < 0) most = long.MaxValue;
        int at = 0;
        if (old.Length == 0)
        {
            // Before each character, and at the end.
            for (int size; most > 0 && at <= text.Length; at += size, most--)
            {
                replaced.Append(replacement);
                budget.Spend();
                size = at < text.Length ? CodePoints.SizeAt(text.Value, at) : 1;
                if (at < text.Length) replaced.Append(text, at, size);
            }
        }
        else
        {
            for (int next; most > 0 && (next = text.Value.IndexOf(old.Value, at, StringComparison.Ordinal)) >= 0;
                at = next + old.Length, most--)
            {
                replaced.Append(text, at, next - at);
                replaced.Append(replacement);
                budget.Spend();
            }
        }

        if (at < text.Length) replaced.Append(text, at, text.Length - at);
        return replaced.ToTemplateString(text.IsMarkup);
    }
}
