namespace NpcMind;

/// <summary>
/// Makes an enum or a record something that characters can do: the generator of this package writes its <see cref="ActionType{T}"/>. A
/// record's members are the parameters of its primary constructor: enums, bools, integers with <see cref="ActionRangeAttribute"/>, strings
/// with <see cref="ActionTextAttribute"/>, each of them nullable or not.
/// </summary>
[AttributeUsage(AttributeTargets.Enum | AttributeTargets.Class | AttributeTargets.Struct)]
public sealed class NpcActionAttribute : Attribute;

/// <summary>The values an <see cref="int"/>, <see cref="short"/> or <see cref="byte"/> of an action can have.</summary>
/// <param name="minimum">Smallest value.</param>
/// <param name="maximum">Largest value.</param>
[AttributeUsage(AttributeTargets.Parameter | AttributeTargets.Property)]
public sealed class ActionRangeAttribute(int minimum, int maximum) : Attribute
{
    /// <summary>Smallest value.</summary>
    public int Minimum => minimum;

    /// <summary>Largest value.</summary>
    public int Maximum => maximum;
}

/// <summary>How long a <see cref="string"/> of an action can be. Shorter is better: every character costs a token or part of one.</summary>
/// <param name="maxLength">UTF-16 code units at most, 1 to 256.</param>
[AttributeUsage(AttributeTargets.Parameter | AttributeTargets.Property)]
public sealed class ActionTextAttribute(int maxLength) : Attribute
{
    /// <summary>UTF-16 code units at most.</summary>
    public int MaxLength => maxLength;
}
