using System.Collections.ObjectModel;
using System.ComponentModel;

namespace NpcMind;

/// <summary>What an <see cref="ActionMember"/> holds.</summary>
public enum ActionMemberKind
{
    /// <summary>One of some names.</summary>
    Choice,

    /// <summary>A whole number within bounds.</summary>
    Number,

    /// <summary>A short text.</summary>
    Text,
}

/// <summary>One member of an action, as it is written: an enum's or bool's value is a choice of names. Immutable.</summary>
public sealed class ActionMember
{
    /// <summary>Longest text that a member can have.</summary>
    internal const int LongestText = 256;

    private ActionMember(string name, ActionMemberKind kind, bool isNullable, IList<string> choices)
    {
        Name = name;
        Kind = kind;
        IsNullable = isNullable;
        Choices = new ReadOnlyCollection<string>(choices);
    }

    /// <summary>Name in the written action; "value" for the only member of an enum.</summary>
    public string Name { get; }

    /// <summary>What it holds.</summary>
    public ActionMemberKind Kind { get; }

    /// <summary>Whether it can be null.</summary>
    public bool IsNullable { get; }

    /// <summary>The names of a choice; "false" and "true" for a bool.</summary>
    public ReadOnlyCollection<string> Choices { get; }

    /// <summary>Whether the choice is a bool, whose names stand without quotes.</summary>
    public bool IsBoolean { get; private init; }

    /// <summary>Smallest value of a number.</summary>
    public int Minimum { get; private init; }

    /// <summary>Largest value of a number.</summary>
    public int Maximum { get; private init; }

    /// <summary>UTF-16 code units of a text at most.</summary>
    public int MaxLength { get; private init; }

    /// <summary>An enum; for generated code.</summary>
    [EditorBrowsable(EditorBrowsableState.Never)]
    public static ActionMember Choice(string name, bool isNullable, params string[] choices)
    {
        ArgumentNullException.ThrowIfNull(choices);
        if (choices.Length == 0) throw new ArgumentException($"The enum of '{name}' has no values.", nameof(choices));
        return new ActionMember(name, ActionMemberKind.Choice, isNullable, [.. choices]);
    }

    /// <summary>A bool; for generated code.</summary>
    [EditorBrowsable(EditorBrowsableState.Never)]
    public static ActionMember Boolean(string name, bool isNullable) =>
        new(name, ActionMemberKind.Choice, isNullable, ["false", "true"]) { IsBoolean = true };

    /// <summary>A whole number; for generated code.</summary>
    [EditorBrowsable(EditorBrowsableState.Never)]
    public static ActionMember Number(string name, bool isNullable, int minimum, int maximum)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(minimum, maximum);
        return new ActionMember(name, ActionMemberKind.Number, isNullable, []) { Minimum = minimum, Maximum = maximum };
    }

    /// <summary>A text; for generated code.</summary>
    [EditorBrowsable(EditorBrowsableState.Never)]
    public static ActionMember Text(string name, bool isNullable, int maxLength)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(maxLength, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(maxLength, LongestText);
        return new ActionMember(name, ActionMemberKind.Text, isNullable, []) { MaxLength = maxLength };
    }
}

/// <summary>A member's value between a record and its text; for generated code.</summary>
[EditorBrowsable(EditorBrowsableState.Never)]
public readonly record struct ActionValue
{
    private ActionValue(int number, string? text, bool isNull)
    {
        Number = number;
        Text = text;
        IsNull = isNull;
    }

    /// <summary>No value, of a nullable member.</summary>
    public static ActionValue Null { get; } = new(0, null, isNull: true);

    /// <summary>Whether there is no value.</summary>
    public bool IsNull { get; }

    /// <summary>The number, or the index of the name among <see cref="ActionMember.Choices"/>.</summary>
    public int Number { get; }

    /// <summary>The text.</summary>
    public string? Text { get; }

    /// <summary>A number or the index of a name; null for no value.</summary>
    public static ActionValue From(int? number) => number is { } value ? new ActionValue(value, null, isNull: false) : Null;

    /// <summary>A bool; null for no value.</summary>
    public static ActionValue From(bool? flag) => From(flag is { } value ? (value ? 1 : 0) : (int?)null);

    /// <summary>A text; null for no value.</summary>
    public static ActionValue From(string? text) => text is null ? Null : new ActionValue(0, text, isNull: false);
}
