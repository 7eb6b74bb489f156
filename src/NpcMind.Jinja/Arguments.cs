using System.Numerics;

namespace NpcMind.Jinja;

/// <summary>Values handed to a function, filter, test or macro.</summary>
internal sealed class Arguments(object[] positional, OrderedDictionary<string, object>? named = null)
{
    public static readonly Arguments None = new([]);

    public object[] Positional => positional;

    public OrderedDictionary<string, object>? Named => named is { Count: > 0 } ? named : null;

    public Arguments Skip(int count) => new(positional[Math.Min(count, positional.Length)..], named);

    /// <summary>Whether a text among the values, or one level inside them, comes from outside the template.</summary>
    public bool AnyUntrusted(Budget budget) => positional.Concat(named?.Values ?? Enumerable.Empty<object>())
        .SelectMany(value => value is ItemsValue sequence ? Sequences.Iterate(sequence, budget) : [value])
        .Any(value => value is TemplateString { HasUntrusted: true });

    /// <summary>Assigns the values to parameters as Python does.</summary>
    /// <param name="function">Name for messages.</param>
    /// <param name="required">How many of the parameters must be given.</param>
    /// <param name="parameters">Their names; one that starts with a slash takes a value by position only.</param>
    public BoundArguments Bind(string function, int required, params ReadOnlySpan<string> parameters)
    {
        if (positional.Length > parameters.Length)
            throw JinjaError.Evaluation($"{function} takes at most {parameters.Length} arguments, {positional.Length} given");
        object?[] values = new object?[parameters.Length];
        positional.CopyTo(values, 0);
        if (named is not null)
        {
            foreach ((string name, object value) in named)
            {
                int at = parameters.IndexOf(name);
                if (at < 0) throw JinjaError.Evaluation($"{function} has no argument '{name}'");
                if (values[at] is not null) throw JinjaError.Evaluation($"{function} got the argument '{name}' twice");
                values[at] = value;
            }
        }

        for (int i = 0; i < required; i++)
            if (values[i] is null) throw JinjaError.Evaluation($"{function} needs the argument '{parameters[i].TrimStart('/')}'");
        return new BoundArguments(function, values);
    }
}

/// <summary>Arguments by parameter; null where one was not given.</summary>
internal readonly struct BoundArguments(string function, object?[] values)
{
    public object? this[int index] => values[index];

    public bool Has(int index) => values[index] is not null;

    public bool Truth(int index, bool absent = false) => values[index] is { } value ? Operators.IsTrue(value) : absent;

    public TemplateString Text(int index) => values[index] switch
    {
        TemplateString text => text,
        UndefinedValue undefined => throw undefined.Error(),
        var other => throw JinjaError.Evaluation($"{function} needs a text, found {TypeNames.Of(other!)}"),
    };

    /// <summary>A text; null when absent or none.</summary>
    public TemplateString? OptionalText(int index) => values[index] is null or NoneValue ? null : Text(index);

    /// <summary>An integer; values beyond 64 bits are cut to the nearest one.</summary>
    public long Integer(int index, long absent = 0) => values[index] switch
    {
        null => absent,
        long number => number,
        bool truth => truth ? 1 : 0,
        BigInteger big => big.Sign > 0 ? long.MaxValue : long.MinValue,
        UndefinedValue undefined => throw undefined.Error(),
        var other => throw JinjaError.Evaluation($"{function} needs an integer, found {TypeNames.Of(other)}"),
    };

    /// <summary>An integer that is a length or count: negative ones are 0, and a huge one fails.</summary>
    public int Count(int index, int absent, Budget budget)
    {
        long value = Math.Max(0, Integer(index, absent));
        return value <= budget.MaxLength ? (int)value : budget.Reserve(value);
    }
}
