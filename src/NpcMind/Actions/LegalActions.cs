using System.Globalization;
using System.Runtime.CompilerServices;
using System.Text;

namespace NpcMind;

/// <summary>
/// What of an action is legal now: a game changes it as often as it likes, and <see cref="Version"/> tells whether anything did change. At
/// first everything is legal. One thread at a time: the game's, while a reply follows it.
/// </summary>
/// <remarks>
/// Either each member has its legal values, whatever the others are (<see cref="Allow"/>, <see cref="AllowRange"/>,
/// <see cref="AllowNull"/>), or whole actions are legal (<see cref="AllowOnly{T}(ReadOnlySpan{T})"/>). After the latter,
/// <see cref="AllowAll(string)"/> frees a member from these rows: it can then have any value in each of them, or those that the methods
/// for members leave it. While a reply that is to hold the action is under way, each change compiles the grammar anew (less than half a
/// millisecond for forty values), so that no tick has to.
/// </remarks>
public sealed class LegalActions
{
    private readonly Restriction[] _members;
    private readonly List<WeakReference<LegalGrammar>> _followers = [];
    private LegalRows? _rows;

    /// <summary>Everything of an action.</summary>
    public LegalActions(ActionType type)
    {
        ArgumentNullException.ThrowIfNull(type);
        Type = type;
        _members = [.. type.Members.Select(member => new Restriction(member))];
    }

    /// <summary>The action.</summary>
    public ActionType Type { get; }

    /// <summary>Goes up with every change; saying what is already so is none.</summary>
    public int Version { get; private set; }

    /// <summary>Allows exactly these actions, in place of everything said before: combinations of their members are not legal.</summary>
    /// <typeparam name="T">The enum or record of <see cref="Type"/>.</typeparam>
    /// <param name="actions">
    /// At least one; together 100,000 bytes of UTF-8 at most when written. Every member counts, numbers and texts too;
    /// <see cref="AllowAll(string)"/> frees one afterwards.
    /// </param>
    /// <exception cref="ArgumentException">
    /// There are none or too many, they are of another type, or one cannot be written. Nothing has changed.
    /// </exception>
    public void AllowOnly<T>(params ReadOnlySpan<T> actions)
    {
        if (Type is not ActionType<T> type)
            throw new ArgumentException($"The actions are of the type {typeof(T).Name}. Name actions of {Type.Name}.", nameof(actions));
        if (actions.IsEmpty)
            throw new ArgumentException($"{Type.Name} would have no legal action left. Name one, or offer none.", nameof(actions));
        LegalRows rows = new();
        foreach (T action in actions) rows.Add(type, type.Values(action));
        bool changed = !rows.Equals(_rows);
        foreach (Restriction legal in _members)
        {
            changed |= legal.Reset() || !legal.IsInRows;
            legal.IsInRows = true;
        }

        _rows = rows;
        Changed(changed);
    }

    /// <summary>As <see cref="AllowOnly{T}(ReadOnlySpan{T})"/>, for lists and queries.</summary>
    /// <typeparam name="T">The enum or record of <see cref="Type"/>.</typeparam>
    /// <param name="actions">At least one.</param>
    /// <exception cref="ArgumentException">
    /// There are none or too many, they are of another type, or one cannot be written. Nothing has changed.
    /// </exception>
    [OverloadResolutionPriority(1)]
    public void AllowOnly<T>(IEnumerable<T> actions)
    {
        ArgumentNullException.ThrowIfNull(actions);
        AllowOnly(new ReadOnlySpan<T>([.. actions]));
    }

    /// <summary>Allows only some names of an enum or bool, or only some texts. Null stays as it is.</summary>
    /// <param name="member">Name of the member as it is written; "value" for an enum action.</param>
    /// <param name="values">At least one.</param>
    /// <exception cref="ArgumentException">
    /// There is no such member or name, the member is a number, a text cannot be written, there are no values, or texts of more than
    /// 100,000 bytes of UTF-8 together.
    /// </exception>
    /// <exception cref="InvalidOperationException">The rows of <see cref="AllowOnly{T}(ReadOnlySpan{T})"/> decide the member.</exception>
    public void Allow(string member, params ReadOnlySpan<string> values)
    {
        Restriction legal = FindOutsideRows(member);
        if (values.IsEmpty) throw Wrong(member, "would have no legal value left. Name at least one, or do not offer the action");
        if (legal.Member.Kind == ActionMemberKind.Number) throw Wrong(member, "is a number. Use AllowRange");
        Changed(legal.Member.Kind == ActionMemberKind.Choice ? AllowNames(legal, values) : AllowTexts(legal, values));
    }

    /// <summary>Allows only some numbers. Null stays as it is.</summary>
    /// <param name="member">Name of the member as it is written.</param>
    /// <param name="minimum">Smallest, not below that of the member.</param>
    /// <param name="maximum">Largest, not above that of the member.</param>
    /// <exception cref="ArgumentException">There is no such member, it is no number, or the range is empty or leaves the
    /// member's.</exception>
    /// <exception cref="InvalidOperationException">The rows of <see cref="AllowOnly{T}(ReadOnlySpan{T})"/> decide the member.</exception>
    public void AllowRange(string member, int minimum, int maximum)
    {
        Restriction legal = FindOutsideRows(member);
        if (legal.Member.Kind != ActionMemberKind.Number) throw Wrong(member, "is no number. Use Allow");
        if (minimum > maximum)
            throw Wrong(member, "would have no legal value left: the range is empty. Swap its ends, or do not offer the action");
        if (minimum < legal.Member.Minimum || maximum > legal.Member.Maximum)
            throw Wrong(member,
                string.Create(CultureInfo.InvariantCulture,
                    $"has values from {legal.Member.Minimum} to {legal.Member.Maximum}, and {minimum} to {maximum} leaves them. Clamp " +
                    $"the range"));
        bool changed = (legal.Minimum, legal.Maximum) != (minimum, maximum);
        (legal.Minimum, legal.Maximum) = (minimum, maximum);
        Changed(changed);
    }

    /// <summary>Says whether null is legal.</summary>
    /// <exception cref="ArgumentException">There is no such member, or it is not nullable.</exception>
    /// <exception cref="InvalidOperationException">The rows of <see cref="AllowOnly{T}(ReadOnlySpan{T})"/> decide the member.</exception>
    public void AllowNull(string member, bool isLegal)
    {
        Restriction legal = FindOutsideRows(member);
        if (!legal.Member.IsNullable) throw Wrong(member, "cannot be null. Make its type nullable");
        bool changed = legal.AllowsNull != isLegal;
        legal.AllowsNull = isLegal;
        Changed(changed);
    }

    /// <summary>Allows everything of a member again; frees it from the actions of <see cref="AllowOnly{T}(ReadOnlySpan{T})"/>.</summary>
    /// <exception cref="ArgumentException">There is no such member.</exception>
    public void AllowAll(string member) => Changed(Find(member).Free());

    /// <summary>Allows everything again.</summary>
    public void AllowAll()
    {
        bool changed = _rows is not null;
        _rows = null;
        foreach (Restriction legal in _members) changed |= legal.Free();
        Changed(changed);
    }

    /// <summary>The whole actions that are legal; null where each member has its own values.</summary>
    internal LegalRows? Rows => _rows;

    /// <summary>Tells a grammar of every change, for as long as somebody else holds it.</summary>
    internal void Follow(LegalGrammar follower) => _followers.Add(new WeakReference<LegalGrammar>(follower));

    internal Restriction Of(int member) => _members[member];

    internal bool Allows(ReadOnlySpan<ActionValue> values)
    {
        for (int i = 0; i < values.Length; i++)
            if (!_members[i].Allows(values[i])) return false;
        return _rows?.Allows(values, this) ?? true;
    }

    private bool AllowNames(Restriction legal, ReadOnlySpan<string> values)
    {
        foreach (string value in values)
            if (!legal.Member.Choices.Contains(value))
                throw Wrong(legal.Member.Name, $"has no value '{value}'. It has: {string.Join(", ", legal.Member.Choices)}");
        bool changed = false;
        for (int i = 0; i < legal.Choices!.Length; i++)
        {
            bool isLegal = values.Contains(legal.Member.Choices[i]);
            changed |= legal.Choices[i] != isLegal;
            legal.Choices[i] = isLegal;
        }

        return changed;
    }

    private bool AllowTexts(Restriction legal, ReadOnlySpan<string> values)
    {
        long bytes = 0;
        foreach (string value in values)
        {
            if (value is null) throw Wrong(legal.Member.Name, "cannot be given null here. Use AllowNull");
            if (ActionText.Fault(value, legal.Member.MaxLength) is { } fault)
                throw Wrong(legal.Member.Name, $"cannot be '{value}': it {fault}");
            bytes += Encoding.UTF8.GetByteCount(value);
        }

        if (bytes > LegalRows.MaxBytes)
            throw Wrong(legal.Member.Name, $"would have legal texts of more than {LegalRows.MaxBytes} bytes. Name fewer");

        if (values.SequenceEqual(legal.Texts)) return false;
        legal.Texts = values.ToArray();
        return true;
    }

    private Restriction Find(string member)
    {
        ArgumentNullException.ThrowIfNull(member);
        foreach (Restriction legal in _members)
            if (legal.Member.Name == member) return legal;
        throw new ArgumentException($"{Type.Name} has no member '{member}'. It has: {string.Join(", ", Type.Members.Select(m => m.Name))}.",
            nameof(member));
    }

    private Restriction FindOutsideRows(string member)
    {
        Restriction legal = Find(member);
        if (!legal.IsInRows) return legal;
        throw new InvalidOperationException(
            $"{Type.Name}: AllowOnly decides the member '{member}'. Free it with AllowAll(\"{member}\") first, or all with AllowAll().");
    }

    private ArgumentException Wrong(string member, string problem) => new($"{Type.Name}: member '{member}' {problem}.");

    private void Changed(bool changed)
    {
        if (!changed) return;
        Version++;
        for (int i = _followers.Count - 1; i >= 0; i--)
        {
            if (_followers[i].TryGetTarget(out LegalGrammar? follower)) follower.OnChanged();
            else _followers.RemoveAt(i);
        }
    }

    /// <summary>What of one member is legal.</summary>
    internal sealed class Restriction
    {
        public Restriction(ActionMember member)
        {
            Member = member;
            if (member.Kind == ActionMemberKind.Choice) Choices = new bool[member.Choices.Count];
            Reset();
        }

        public ActionMember Member { get; }

        /// <summary>Which names are legal; null for other kinds.</summary>
        public bool[]? Choices { get; }

        public int Minimum { get; set; }

        public int Maximum { get; set; }

        /// <summary>The only legal texts; null when all are.</summary>
        public string[]? Texts { get; set; }

        public bool AllowsNull { get; set; }

        /// <summary>Whether the rows decide the member; then nothing else of it is restricted.</summary>
        public bool IsInRows { get; set; }

        /// <summary>Takes the member out of the rows, too.</summary>
        public bool Free()
        {
            bool changed = Reset() || IsInRows;
            IsInRows = false;
            return changed;
        }

        public bool Reset()
        {
            bool changed = AllowsNull != Member.IsNullable || Texts is not null || (Minimum, Maximum) != (Member.Minimum, Member.Maximum)
                || Choices?.Contains(false) == true;
            (AllowsNull, Texts, Minimum, Maximum) = (Member.IsNullable, null, Member.Minimum, Member.Maximum);
            Choices?.AsSpan().Fill(true);
            return changed;
        }

        public bool Allows(ActionValue value)
        {
            if (value.IsNull) return AllowsNull;
            return Member.Kind switch
            {
                ActionMemberKind.Choice => Choices![value.Number],
                ActionMemberKind.Number => value.Number >= Minimum && value.Number <= Maximum,
                _ => Texts is null || Texts.Contains(value.Text),
            };
        }
    }
}
