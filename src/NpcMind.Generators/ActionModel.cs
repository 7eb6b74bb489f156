using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.Text;

namespace NpcMind.Generators;

/// <summary>A list that is equal to one with equal items: what the generator compares to see that nothing changed.</summary>
internal readonly struct EquatableList<T>(T[] items) : IEquatable<EquatableList<T>>
    where T : IEquatable<T>
{
    public T[] Items => items ?? [];

    public bool Equals(EquatableList<T> other) => Items.SequenceEqual(other.Items);

    public override bool Equals(object? obj) => obj is EquatableList<T> other && Equals(other);

    public override int GetHashCode() =>
        Items.Aggregate(17, (hash, item) => unchecked((hash * 31) + EqualityComparer<T>.Default.GetHashCode(item)));
}

/// <summary>What a member holds, and with it how its value is taken out and put in.</summary>
internal enum MemberKind
{
    Choice,
    Boolean,
    Number,
    Text,
}

/// <summary>A member of an action.</summary>
/// <param name="Property">Its name in C#.</param>
/// <param name="Name">Its name as it is written.</param>
/// <param name="Type">Its type without nullability, for code.</param>
/// <param name="Kind">What it holds.</param>
/// <param name="IsNullable">Whether it can be null.</param>
/// <param name="Choices">Names of the enum's values.</param>
/// <param name="First">Smallest number, or longest text.</param>
/// <param name="Last">Largest number.</param>
internal sealed record MemberModel(string Property, string Name, string Type, MemberKind Kind, bool IsNullable,
    EquatableList<string> Choices, int First, int Last);

/// <summary>A finding with its place, without holding on to a compilation.</summary>
internal sealed record FindingModel(string Id, EquatableList<string> Arguments, string Path, TextSpan Span, LinePositionSpan Lines)
{
    public Diagnostic ToDiagnostic()
    {
        Location location = Path.Length == 0 ? Location.None : Location.Create(Path, Span, Lines);
        return Diagnostic.Create(Findings.ById[Id], location, Arguments.Items.Cast<object>().ToArray());
    }
}

/// <summary>An action, or why it is none.</summary>
/// <param name="Type">The type, for code.</param>
/// <param name="Name">Its name as games know it.</param>
/// <param name="Identifier">A name for generated code, unlike that of any other type.</param>
/// <param name="IsEnum">Whether it is an enum: one member.</param>
/// <param name="Members">Members in order.</param>
/// <param name="Findings">What is wrong; then nothing is generated.</param>
internal sealed record ActionModel(string Type, string Name, string Identifier, bool IsEnum, EquatableList<MemberModel> Members,
    EquatableList<FindingModel> Findings);
