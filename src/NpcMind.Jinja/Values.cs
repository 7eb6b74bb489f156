using System.Collections;

namespace NpcMind.Jinja;

// Values of the language. Besides these: bool, long, BigInteger, double (boxed) and TemplateString.

/// <summary>none.</summary>
internal sealed class NoneValue
{
    public static readonly NoneValue Instance = new();

    private NoneValue()
    {
    }
}

/// <summary>What a missing variable or member gives: prints nothing, is false, and fails when used further.</summary>
internal sealed class UndefinedValue(object? owner, object? name, string? problem = null, bool isForbidden = false)
{
    public static readonly UndefinedValue Plain = new(null, null, "the value is undefined");

    public static UndefinedValue Variable(string name) => new(null, name);

    public JinjaError Error() => new(isForbidden ? ChatTemplateFault.Forbidden : ChatTemplateFault.Evaluation, problem ?? Describe());

    private string Describe() => (owner, name) switch
    {
        (null, _) => $"'{Shown}' is undefined",
        (NoneValue, _) => $"'None' has no attribute '{Shown}'",
        (_, TemplateString or string) => $"'{TypeNames.Of(owner)} object' has no attribute '{Shown}'",
        _ => $"{TypeNames.Of(owner)} object has no element {Shown}",
    };

    private string Shown => name is string or TemplateString or long ? name.ToString()! : $"of type {TypeNames.Of(name!)}";
}

/// <summary>A list or tuple. Neither changes: the sandbox has no append.</summary>
internal abstract class ItemsValue(object[] items)
{
    public object[] Items { get; } = items;
}

internal sealed class ListValue(object[] items) : ItemsValue(items);

internal class TupleValue(object[] items) : ItemsValue(items);

/// <summary>One group of the filter <c>groupby</c>: the tuple (grouper, list).</summary>
internal sealed class GroupValue(object grouper, ListValue list) : TupleValue([grouper, list]);

/// <summary>A dict: keeps the order of insertion. Filled by its maker only.</summary>
internal sealed class DictValue(Budget budget)
{
    public OrderedDictionary<object, object> Items { get; } = new(new ValueComparer(budget));

    public object this[string key]
    {
        set => Items[TemplateString.Trusted(key)] = value;
    }
}

internal enum DictPart
{
    Keys,
    Values,
    Items,
}

/// <summary><c>keys()</c>, <c>values()</c> or <c>items()</c> of a dict.</summary>
internal sealed class DictViewValue(DictValue dict, DictPart part)
{
    public DictValue Dict => dict;

    public DictPart Part => part;
}

/// <summary>range(start, stop, step), not expanded.</summary>
internal sealed record RangeValue(long Start, long Stop, long Step)
{
    /// <summary>How many there are; of more than a template may have anyway, that many.</summary>
    public long Count
    {
        get
        {
            Int128 start = Start, stop = Stop, step = Step; // the difference of two longs is none
            Int128 count = step > 0 ? start >= stop ? 0 : (stop - start - 1) / step + 1 : start <= stop
            ? 0 : (start - stop - 1) / -step + 1;
            return (long)Int128.Min(count, long.MaxValue);
        }
    }

    public long this[long index] => Start + index * Step;
}

/// <summary>A stream of values that can be read once: what <c>map</c>, <c>select</c> and the like give.</summary>
internal sealed class IteratorValue(IEnumerable<object> source, Budget budget, string kind = "generator") : IEnumerable<object>
{
    private readonly IEnumerator<object> _items = source.GetEnumerator();

    public string Kind => kind;

    public IEnumerator<object> GetEnumerator()
    {
        while (MoveNext()) yield return _items.Current;
    }

    // Streams of streams nest as deep as a template likes.
    private bool MoveNext()
    {
        budget.Enter();
        bool more = _items.MoveNext();
        budget.Leave();
        return more;
    }

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();
}

/// <summary>namespace(...): the one value whose members a template can set, also from inside a loop.</summary>
internal sealed class NamespaceValue(DictValue members)
{
    public OrderedDictionary<object, object> Members => members.Items;

    public DictValue Dict => members;
}

/// <summary>Python's names of types, for messages and for <c>repr</c>.</summary>
internal static class TypeNames
{
    public static string Of(object value) => value switch
    {
        NoneValue => "NoneType",
        bool => "bool",
        long or System.Numerics.BigInteger => "int",
        double => "float",
        TemplateString text => text.IsMarkup ? "Markup" : "str",
        ListValue => "list",
        TupleValue => "tuple",
        DictValue => "dict",
        DictViewValue view => view.Part switch { DictPart.Keys => "dict_keys", DictPart.Values => "dict_values", _ => "dict_items" },
        RangeValue => "range",
        IteratorValue iterator => iterator.Kind,
        NamespaceValue => "Namespace",
        UndefinedValue => "Undefined",
        LoopValue => "LoopContext",
        MacroValue => "Macro",
        CyclerValue => "Cycler",
        JoinerValue => "Joiner",
        NativeFunction function => function.IsMethod ? "builtin_function_or_method" : "function",
        _ => "object",
    };
}
