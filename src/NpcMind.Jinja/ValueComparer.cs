using System.Numerics;

namespace NpcMind.Jinja;

/// <summary>Equality of dict keys: 1, 1.0 and true are the same key. A key that can change in Python has no hash and is refused.</summary>
internal sealed class ValueComparer(Budget budget) : IEqualityComparer<object>
{
    public new bool Equals(object? x, object? y) => x is null || y is null ? x == y : Operators.AreEqual(x, y, budget);

    public int GetHashCode(object obj)
    {
        budget.Spend();
        switch (obj)
        {
            case TemplateString text:
                budget.Spend(text.Length >> 6);
                return text.Value.GetHashCode(StringComparison.Ordinal);
            case bool truth:
                return truth ? 1.GetHashCode() : 0.GetHashCode();
            case long number:
                return number.GetHashCode();
            case double number:
                return number == Math.Floor(number) && !double.IsInfinity(number)
                    ? GetHashCode(Numbers.Normalize(new BigInteger(number))) : number.GetHashCode();
            case BigInteger number:
                return number.GetHashCode();
            case TupleValue tuple:
                budget.Enter();
                HashCode hash = default;
                foreach (object item in tuple.Items) hash.Add(GetHashCode(item));
                budget.Leave();
                return hash.ToHashCode();
            case RangeValue range:
                return range.Count.GetHashCode();
            case UndefinedValue:
                return 0;
            case ListValue or DictValue or DictViewValue { Part: not DictPart.Values }:
                throw JinjaError.Evaluation($"{TypeNames.Of(obj)} cannot be a key");
            default:
                return System.Runtime.CompilerServices.RuntimeHelpers.GetHashCode(obj);
        }
    }
}
