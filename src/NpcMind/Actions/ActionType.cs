using System.Collections.ObjectModel;
using System.ComponentModel;
using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;

namespace NpcMind;

/// <summary>
/// Something that characters can do, as text and back: made by the generator for each enum and record with
/// <see cref="NpcActionAttribute"/>. An enum is written <c>"Wave"</c>, a record <c>{"item":"Bread","coins":3}</c>: JSON without spaces,
/// members in the order of the primary constructor, names in camel case, enums by name. Immutable; safe from any thread.
/// </summary>
/// <remarks>
/// Texts have printable characters only: no control characters, line separators, halves of surrogate pairs or U+FFFE and U+FFFF. In the
/// canonical form only <c>"</c> and <c>\</c> are escaped. The grammar accepts exactly the canonical forms of all (legal) values;
/// <see cref="ActionType{T}.TryParse"/> reads those, and the same with JSON's spaces and escapes.
/// </remarks>
public abstract class ActionType
{
    /// <summary>Name of the only member of an enum.</summary>
    internal const string EnumMember = "value";
    private static readonly Dictionary<string, ActionType> ByFullName = new(StringComparer.Ordinal);

    /// <summary>Describes an action; for generated code.</summary>
    /// <param name="name">Name of the type.</param>
    /// <param name="isEnum">Whether the only member is written by itself.</param>
    /// <param name="members">Members in order.</param>
    private protected ActionType(string name, bool isEnum, ActionMember[] members)
    {
        Name = name;
        IsEnum = isEnum;
        Members = new ReadOnlyCollection<ActionMember>(members);
    }

    /// <summary>Name of the type, without its namespace.</summary>
    public string Name { get; }

    /// <summary>Name of the type with its namespace and the types around it: what saves know it by.</summary>
    internal string FullName { get; private set; } = "";

    /// <summary>Whether this is an enum: one member, "value".</summary>
    public bool IsEnum { get; }

    /// <summary>The members in the order in which they are written.</summary>
    public ReadOnlyCollection<ActionMember> Members { get; }

    /// <summary>The action of a type.</summary>
    /// <typeparam name="T">An enum or record with <see cref="NpcActionAttribute"/>.</typeparam>
    /// <exception cref="InvalidOperationException">The type has no such attribute, or its assembly was built without the
    /// generator.</exception>
    public static ActionType<T> Of<T>()
    {
        // Initialisers of a module run when its code first does; naming one of its types here is not yet that. Ahead-of-time compiled, they
        // run at the start.
        if (Registered<T>.Type is null && RuntimeFeature.IsDynamicCodeSupported)
            RuntimeHelpers.RunModuleConstructor(typeof(T).Module.ModuleHandle);
        return Registered<T>.Type
            ?? throw new InvalidOperationException(
                $"{typeof(T)} is not an action. Put [NpcAction] on it, and reference the package NpcMind, with its generator, in "
                + "its project.");
    }

    /// <summary>Makes an action known to <see cref="Of"/>; for generated code.</summary>
    [EditorBrowsable(EditorBrowsableState.Never)]
    public static void Register<T>(ActionType<T> type)
    {
        ArgumentNullException.ThrowIfNull(type);
        Registered<T>.Type = type;
        type.FullName = typeof(T).FullName ?? type.Name;
        lock (ByFullName) ByFullName[type.FullName] = type;
    }

    /// <summary>
    /// A registered action by its name with its namespace, as saves have it since 0.2, or by its short name, where only one has it; null
    /// when there is none.
    /// </summary>
    internal static ActionType? Find(string name)
    {
        lock (ByFullName)
        {
            if (ByFullName.TryGetValue(name, out ActionType? type)) return type;
            ActionType[] named = [.. ByFullName.Values.Where(t => t.Name == name)];
            return named.Length == 1 ? named[0] : null;
        }
    }

    /// <summary>The grammar of the written action, in GBNF.</summary>
    /// <param name="legal">What is legal now; everything when null.</param>
    /// <exception cref="ArgumentException"><paramref name="legal"/> is of another action.</exception>
    public string ToGbnf(LegalActions? legal = null) => ActionGrammar.Write(this, Check(legal), withSpeech: false);

    /// <summary>
    /// The grammar of a reply: one line of free speech, and then, if the character wants, the action on a line of its own. What follows the
    /// line feed is the action.
    /// </summary>
    /// <param name="legal">What is legal now; everything when null.</param>
    /// <exception cref="ArgumentException"><paramref name="legal"/> is of another action.</exception>
    public string ToReplyGbnf(LegalActions? legal = null) => ActionGrammar.Write(this, Check(legal), withSpeech: true);

    internal LegalActions? Check(LegalActions? legal) => legal is null || legal.Type == this
        ? legal
        : throw new ArgumentException(
            $"These LegalActions are for the action {legal.Type.Name}, not for {Name}. Make LegalActions for {Name}.", nameof(legal));

    private static class Registered<T>
    {
        public static ActionType<T>? Type;
    }
}

/// <summary>An action of a known type.</summary>
/// <typeparam name="T">The enum or record.</typeparam>
public abstract class ActionType<T> : ActionType
{
#pragma warning disable RS0022 // Generated types are actions of a type; there are no others.
    /// <summary>Describes an action; for generated code.</summary>
    [EditorBrowsable(EditorBrowsableState.Never)]
    protected ActionType(string name, bool isEnum, params ActionMember[] members)
        : base(name, isEnum, members)
    {
    }
#pragma warning restore RS0022

    /// <summary>Reads a written action.</summary>
    /// <param name="text">The action and nothing else.</param>
    /// <param name="value">What it says.</param>
    /// <param name="legal">What is legal now; everything when null.</param>
    /// <returns>Whether the text is a legal action.</returns>
    /// <exception cref="ArgumentException"><paramref name="legal"/> is of another action.</exception>
    public bool TryParse(ReadOnlySpan<char> text, [MaybeNullWhen(false)] out T value, LegalActions? legal = null)
    {
        Check(legal);
        ActionValue[] values = new ActionValue[Members.Count];
        if (!ActionReader.TryRead(this, text, values) || (legal is not null && !legal.Allows(values)))
        {
            value = default;
            return false;
        }

        value = Create(values);
        return true;
    }

    /// <summary>Writes an action in the canonical form.</summary>
    /// <exception cref="ArgumentException">The value cannot be written: an enum value without a name, a number out of bounds, a text too
    /// long or not printable, null where it cannot be.</exception>
    public string Write(T value)
    {
        ArgumentNullException.ThrowIfNull(value);
        return ActionWriter.Write(this, Values(value));
    }

    /// <summary>A value's members, not checked.</summary>
    internal ActionValue[] Values(T value)
    {
        if (value is null) throw new ArgumentException($"{Name}: an action is null. Name one.", nameof(value));
        ActionValue[] values = new ActionValue[Members.Count];
        Read(value, values);
        return values;
    }

    /// <summary>Makes a value from its members; generated.</summary>
    protected abstract T Create(ReadOnlySpan<ActionValue> values);

    /// <summary>Takes a value apart; generated. An enum value without a name has index -1.</summary>
    protected abstract void Read(T value, Span<ActionValue> values);
}
