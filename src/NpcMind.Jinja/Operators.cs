using System.Numerics;

namespace NpcMind.Jinja;

/// <summary>Operators on values of any type, with Python's meaning.</summary>
internal static class Operators
{
    public static bool IsTrue(object value) => value switch
    {
        bool truth => truth,
        long number => number != 0,
        double number => number != 0,
        TemplateString text => text.Length > 0,
        ItemsValue sequence => sequence.Items.Length > 0,
        DictValue dict => dict.Items.Count > 0,
        DictViewValue view => view.Dict.Items.Count > 0,
        RangeValue range => range.Count > 0,
        NoneValue or UndefinedValue => false,
        _ => true,
    };

    public static object Binary(BinaryOperator kind, object left, object right, Budget budget)
    {
        if (left is UndefinedValue missing) throw missing.Error();
        if (kind == BinaryOperator.Modulo && left is TemplateString format) return PercentFormat.Format(format, right, budget);
        if (right is UndefinedValue undefined) throw undefined.Error();
        if (Numbers.IsNumber(left) && Numbers.IsNumber(right))
        {
            PayForBig(kind, left, right, budget);
            return Numbers.Binary(kind, left, right);
        }

        object? result = kind switch
        {
            BinaryOperator.Add => Add(left, right, budget),
            BinaryOperator.Multiply when Numbers.IsInteger(right) => Repeat(left, right, budget),
            BinaryOperator.Multiply when Numbers.IsInteger(left) => Repeat(right, left, budget),
            _ => null,
        };
        return result ?? throw JinjaError.Evaluation($"'{Sign(kind)}' does not go with {TypeNames.Of(left)} and {TypeNames.Of(right)}");
    }

    // Integers beyond 64 bits: the square of their words.
    private static void PayForBig(BinaryOperator kind, object left, object right, Budget budget)
    {
        long bits = Math.Max(left is BigInteger a ? a.GetBitLength() : 0, right is BigInteger b ? b.GetBitLength() : 0);
        if (kind == BinaryOperator.Power) bits = Budget.MaxIntegerBits / 4;
        if (bits > 0) budget.Spend(100 + ((bits >> 6) * (bits >> 6) >> 4));
    }

    private static string Sign(BinaryOperator kind) => kind switch
    {
        BinaryOperator.Add => "+",
        BinaryOperator.Subtract => "-",
        BinaryOperator.Multiply => "*",
        BinaryOperator.Divide => "/",
        BinaryOperator.FloorDivide => "//",
        BinaryOperator.Modulo => "%",
        _ => "**",
    };

    private static object? Add(object left, object right, Budget budget)
    {
        if (left is TemplateString a && right is TemplateString b)
        {
            if (a.IsMarkup != b.IsMarkup)
            {
                a = Markup.Escape(a, budget);
                b = Markup.Escape(b, budget);
            }

            return Concat(a, b, budget);
        }

        if (left is ListValue first && right is ListValue second) return new ListValue(Join(first, second, budget));
        return left is TupleValue one && right is TupleValue two ? new TupleValue(Join(one, two, budget)) : null;
    }

    public static TemplateString Concat(TemplateString a, TemplateString b, Budget budget)
    {
        TemplateStringBuilder joined = new(budget);
        joined.Append(a);
        joined.Append(b);
        return joined.ToTemplateString(a.IsMarkup);
    }

    private static object[] Join(ItemsValue a, ItemsValue b, Budget budget)
    {
        budget.Spend((a.Items.Length + b.Items.Length) / 2);
        budget.Reserve((long)a.Items.Length + b.Items.Length);
        return [.. a.Items, .. b.Items];
    }

    private static object? Repeat(object value, object times, Budget budget)
    {
        BigInteger wanted = Numbers.ToBig(times);
        int length = value is TemplateString text ? text.Length : value is ItemsValue sequence ? sequence.Items.Length : -1;
        if (length < 0) return null;
        int count = length == 0 || wanted.Sign < 0 ? 0 : wanted > int.MaxValue ? budget.Reserve(long.MaxValue) : (int)wanted;
        budget.Reserve((long)length * count);
        if (value is TemplateString repeated)
        {
            TemplateStringBuilder all = new(budget);
            for (int i = 0; i < count; i++) all.Append(repeated);
            return all.ToTemplateString(repeated.IsMarkup);
        }

        budget.Spend((long)length * count / 2);
        object[] source = ((ItemsValue)value).Items, items = new object[length * count];
        for (int i = 0; i < items.Length; i += length) source.CopyTo(items, i);
        return value is ListValue ? new ListValue(items) : new TupleValue(items);
    }

    public static object Unary(UnaryOperator kind, object value)
    {
        if (kind == UnaryOperator.Not) return !IsTrue(value);
        if (value is UndefinedValue undefined) throw undefined.Error();
        if (!Numbers.IsNumber(value)) throw JinjaError.Evaluation($"a sign does not go with {TypeNames.Of(value)}");
        return kind == UnaryOperator.Minus ? Numbers.Negate(value) : value is bool truth ? truth ? 1L : 0L : value;
    }

    public static bool Compare(Comparison kind, object left, object right, Budget budget) => kind switch
    {
        Comparison.Equal => AreEqual(left, right, budget),
        Comparison.NotEqual => !AreEqual(left, right, budget),
        Comparison.In => Contains(right, left, budget),
        Comparison.NotIn => !Contains(right, left, budget),
        _ => Order(left, right, budget) is int order && kind switch
        {
            Comparison.Less => order < 0,
            Comparison.LessOrEqual => order <= 0,
            Comparison.Greater => order > 0,
            _ => order >= 0,
        },
    };

    public static bool AreEqual(object left, object right, Budget budget)
    {
        if (ReferenceEquals(left, right)) return left is not double number || !double.IsNaN(number);
        budget.Spend();
        switch (left, right)
        {
            case (TemplateString a, TemplateString b):
                budget.Spend(Math.Min(a.Length, b.Length) >> 6);
                return a.Value == b.Value;
            case (ListValue a, ListValue b):
                return SequenceEqual(a.Items, b.Items, budget);
            case (TupleValue a, TupleValue b):
                return SequenceEqual(a.Items, b.Items, budget);
            case (DictValue a, DictValue b):
                return DictEqual(a, b, budget);
            case (RangeValue a, RangeValue b):
                return a.Count == b.Count && (a.Count == 0 || a.Start == b.Start && (a.Count == 1 || a.Step == b.Step));
            case (UndefinedValue, UndefinedValue):
                return true;
            case (DictViewValue { Part: not DictPart.Values } a, DictViewValue { Part: not DictPart.Values } b):
                object[] items = [.. Sequences.Iterate(a, budget)];
                return items.Length == b.Dict.Items.Count && items.All(item => Contains(b, item, budget));
            default:
                return Numbers.IsNumber(left) && Numbers.IsNumber(right) && Numbers.Compare(left, right) == 0;
        }
    }

    public static bool SequenceEqual(object[] a, object[] b, Budget budget)
    {
        if (a.Length != b.Length) return false;
        budget.Enter();
        bool equal = true;
        for (int i = 0; i < a.Length && equal; i++) equal = AreEqual(a[i], b[i], budget);
        budget.Leave();
        return equal;
    }

    private static bool DictEqual(DictValue a, DictValue b, Budget budget)
    {
        if (a.Items.Count != b.Items.Count) return false;
        budget.Enter();
        bool equal = true;
        foreach ((object key, object value) in a.Items)
        {
            equal = b.Items.TryGetValue(key, out object? other) && AreEqual(value, other, budget);
            if (!equal) break;
        }

        budget.Leave();
        return equal;
    }

    /// <summary>Order of two values of like types; null where NaN is involved.</summary>
    public static int? Order(object left, object right, Budget budget)
    {
        budget.Spend();
        if ((left as UndefinedValue ?? right as UndefinedValue) is { } undefined) throw undefined.Error();
        if (Numbers.IsNumber(left) && Numbers.IsNumber(right)) return Numbers.Compare(left, right);
        if (left is TemplateString a && right is TemplateString b)
        {
            budget.Spend(Math.Min(a.Length, b.Length) >> 6);
            return CodePoints.Compare(a.Value, b.Value);
        }

        if (left is ListValue && right is ListValue || left is TupleValue && right is TupleValue)
            return OrderItems(((ItemsValue)left).Items, ((ItemsValue)right).Items, budget);
        throw JinjaError.Evaluation($"{TypeNames.Of(left)} and {TypeNames.Of(right)} have no order");
    }

    private static int? OrderItems(object[] a, object[] b, Budget budget)
    {
        budget.Enter();
        int i = 0;
        while (i < a.Length && i < b.Length && AreEqual(a[i], b[i], budget)) i++;
        int? order = i < a.Length && i < b.Length ? Order(a[i], b[i], budget) : a.Length.CompareTo(b.Length);
        budget.Leave();
        return order;
    }

    /// <summary><c>item in container</c>.</summary>
    public static bool Contains(object container, object item, Budget budget)
    {
        switch (container)
        {
            case TemplateString text:
                if (item is UndefinedValue undefined) throw undefined.Error();
                if (item is not TemplateString part)
                    throw JinjaError.Evaluation($"only a text can be 'in' a text, not {TypeNames.Of(item)}");
                budget.Search(text.Length, part.Length);
                return text.Value.Contains(part.Value, StringComparison.Ordinal);
            case DictValue dict:
                return dict.Items.ContainsKey(item);
            case DictViewValue { Part: DictPart.Keys } view:
                return view.Dict.Items.ContainsKey(item);
            default:
                return Sequences.Iterate(container, budget).Any(element => AreEqual(element, item, budget));
        }
    }
}
