namespace NpcMind.Jinja;

/// <summary>Stable sort by Python's order of values.</summary>
internal static class Sorting
{
    /// <summary>Merge sort; the framework's would wrap a failing comparison in an error of its own.</summary>
    public static T[] Sort<T>(T[] items, Func<T, object> key, Budget budget, bool reverse = false)
    {
        budget.Spend(items.Length);
        (object Key, T Item)[] from = [.. items.Select(item => (key(item), item))], to = new (object, T)[items.Length];
        for (int width = 1; width < items.Length; width *= 2)
        {
            for (int start = 0; start < items.Length; start += 2 * width)
            {
                int left = start, middle = Math.Min(start + width, items.Length), right = middle,
                end = Math.Min(start + 2 * width, items.Length);
                for (int i = start; i < end; i++)
                {
                    bool takeRight = right < end && (left == middle || IsBefore(from[right].Key, from[left].Key, reverse, budget));
                    to[i] = takeRight ? from[right++] : from[left++];
                }
            }

            (from, to) = (to, from);
        }

        return [.. from.Select(pair => pair.Item)];
    }

    private static bool IsBefore(object a, object b, bool reverse, Budget budget) => Operators.Order(a, b, budget) is int order
        && (reverse ? order > 0 : order < 0);
}
