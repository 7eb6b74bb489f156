using System.Globalization;
using System.Text;

namespace NpcMind;

/// <summary>An action's grammar: exactly the canonical forms of its legal values.</summary>
internal sealed class ActionGrammar
{
    private const int StatesOfCharacter = 24;
    private readonly StringBuilder _rules = new();
    private readonly StringBuilder _root = new();
    private bool _hasText;
    private int _branches;

    private ActionGrammar()
    {
    }

    public static string Write(ActionType type, LegalActions? legal, bool withSpeech)
    {
        ActionGrammar grammar = new();
        if (legal?.Rows is { } rows) grammar._root.Append(grammar.Rows(type, legal, rows.Rows, 0));
        for (int i = 0; i < type.Members.Count; i++)
        {
            if (legal?.Of(i).IsInRows == true) continue;
            if (legal?.Rows is null) grammar._root.Append(Before(type, i)).Append(CultureInfo.InvariantCulture, $"member-{i} ");
            grammar.Member(i, type.Members[i], legal?.Of(i));
        }

        if (legal?.Rows is null) grammar._root.Append(After(type));
        if (grammar._hasText) grammar._rules.Append(CultureInfo.InvariantCulture, $"one ::= {ActionText.One}\ntwo ::= {ActionText.Two}\n");
        string head = withSpeech
            ? $"root ::= {ActionText.Spoken}* (\"\\n\" action)?\naction"
            : "root";
        return $"{head} ::= {grammar._root}\n{grammar._rules}";
    }

    /// <summary>Bytes of the longest form.</summary>
    public static int MaxBytes(ActionType type)
    {
        int bytes = type.IsEnum ? 0 : 2;
        foreach (ActionMember member in type.Members)
        {
            if (!type.IsEnum) bytes += 2 + Encoding.UTF8.GetByteCount(ActionText.Json(member.Name));
            bytes += Math.Max(4, member.Kind switch
            {
                ActionMemberKind.Choice => member.Choices.Max(choice => Encoding.UTF8.GetByteCount(ActionText.Json(choice))),
                ActionMemberKind.Number => Math.Max(Digits(member.Minimum), Digits(member.Maximum)),
                _ => 2 + 3 * member.MaxLength,
            });
        }

        return bytes;

        static int Digits(int value) => value.ToString(CultureInfo.InvariantCulture).Length;
    }

    private static string Before(ActionType type, int member) =>
        type.IsEnum ? "" : Quote($"{(member == 0 ? '{' : ',')}{ActionText.Json(type.Members[member].Name)}:") + " ";

    private static string After(ActionType type) => type.IsEnum ? "" : type.Members.Count == 0 ? "\"{}\"" : "\"}\"";

    /// <summary>What can be written from a member on, where only these rows are left: rows that begin alike share that beginning.</summary>
    private string Rows(ActionType type, LegalActions legal, IReadOnlyList<ActionValue[]> rows, int member)
    {
        if (member == type.Members.Count) return After(type);
        if (!legal.Of(member).IsInRows) return $"{Before(type, member)}{Name("member", member)} {Rows(type, legal, rows, member + 1)}";
        List<string> branches = [.. rows.GroupBy(row => row[member]).Select(alike =>
            $"{Quote(ActionWriter.Write(type.Members[member], alike.Key))} {Rows(type, legal, [.. alike], member + 1)}")];
        if (branches.Count == 1) return Before(type, member) + branches[0];
        string branch = Name("branch", _branches++);
        _rules.Append($"{branch} ::= {string.Join(" | ", branches)}\n");
        return Before(type, member) + branch;
    }

    private static string Name(string rule, int index) => string.Create(CultureInfo.InvariantCulture, $"{rule}-{index}");

    /// <summary>Upper bound of the states of an action's grammar beyond its positions: those within characters of free texts.</summary>
    public static int TextStates(ActionType type, LegalActions? legal)
    {
        long states = 0;
        for (int i = 0; i < type.Members.Count; i++)
        {
            bool isFree = type.Members[i].Kind == ActionMemberKind.Text && legal?.Of(i) is null or { Texts: null, IsInRows: false };
            if (isFree) states += StatesOfCharacter * (type.Members[i].MaxLength + 1L) * (legal?.Rows?.Rows.Count ?? 1);
        }

        return (int)Math.Min(states, int.MaxValue / 2);
    }

    private void Member(int index, ActionMember member, LegalActions.Restriction? legal)
    {
        List<string> alternatives = [];
        if (legal?.AllowsNull ?? member.IsNullable) alternatives.Add("\"null\"");
        switch (member.Kind)
        {
            case ActionMemberKind.Choice:
                for (int i = 0; i < member.Choices.Count; i++)
                    if (legal?.Choices![i] ?? true)
                        alternatives.Add(Quote(member.IsBoolean ? member.Choices[i] : ActionText.Json(member.Choices[i])));
                break;
            case ActionMemberKind.Number:
                Numbers(legal?.Minimum ?? member.Minimum, legal?.Maximum ?? member.Maximum, alternatives);
                break;
            default:
                if (legal?.Texts is { } texts) alternatives.AddRange(texts.Select(text => Quote(ActionText.Json(text))));
                else alternatives.Add(string.Create(CultureInfo.InvariantCulture, $"\"\\\"\" text-{index}-{member.MaxLength}"));
                break;
        }

        _rules.Append(CultureInfo.InvariantCulture, $"member-{index} ::= {string.Join(" | ", alternatives)}\n");
        if (member.Kind == ActionMemberKind.Text && legal?.Texts is null) Text(index, member.MaxLength);
    }

    /// <summary>One rule for each number of units that still fit, because characters outside the basic plane take two.</summary>
    private void Text(int index, int maxLength)
    {
        _hasText = true;
        for (int left = maxLength; left >= 0; left--)
        {
            _rules.Append(CultureInfo.InvariantCulture, $"text-{index}-{left} ::= \"\\\"\"");
            if (left >= 1) _rules.Append(CultureInfo.InvariantCulture, $" | one text-{index}-{left - 1}");
            if (left >= 2) _rules.Append(CultureInfo.InvariantCulture, $" | two text-{index}-{left - 2}");
            _rules.Append('\n');
        }
    }

    private static void Numbers(int minimum, int maximum, List<string> alternatives)
    {
        if (minimum < 0) Digits(Math.Max(1, -(long)maximum), -(long)minimum, "-", alternatives);
        if (maximum >= 0) Digits(Math.Max(0, minimum), maximum, "", alternatives);
    }

    /// <summary>The numbers from one to another, neither negative: for each count of digits by themselves.</summary>
    private static void Digits(long from, long to, string sign, List<string> alternatives)
    {
        for (long first = from, limit = 10; first <= to; limit *= 10)
        {
            if (first >= limit) continue;
            long last = Math.Min(to, limit - 1);
            alternatives.Add((sign.Length > 0 ? Quote(sign) + " " : "") + SameLength(Text(first), Text(last)));
            first = limit;
        }

        static string Text(long value) => value.ToString(CultureInfo.InvariantCulture);
    }

    private static string SameLength(string from, string to)
    {
        if (from.Length == 0) return "\"\"";
        if (from.All(c => c == '0') && to.All(c => c == '9')) return $"[0-9]{{{from.Length}}}";
        if (from[0] == to[0]) return $"\"{from[0]}\" {SameLength(from[1..], to[1..])}";
        int rest = from.Length - 1;
        bool wholeFirst = from.AsSpan(1).IndexOfAnyExcept('0') < 0, wholeLast = to.AsSpan(1).IndexOfAnyExcept('9') < 0;
        char low = wholeFirst ? from[0] : (char)(from[0] + 1), high = wholeLast ? to[0] : (char)(to[0] - 1);
        List<string> ways = [];
        if (!wholeFirst) ways.Add($"\"{from[0]}\" {SameLength(from[1..], new string('9', rest))}");
        if (low <= high) ways.Add($"[{low}-{high}]" + (rest > 0 ? $" [0-9]{{{rest}}}" : ""));
        if (!wholeLast) ways.Add($"\"{to[0]}\" {SameLength(new string('0', rest), to[1..])}");
        return ways.Count == 1 ? ways[0] : $"({string.Join(" | ", ways)})";
    }

    private static string Quote(string text) =>
        $"\"{text.Replace("\\", "\\\\", StringComparison.Ordinal).Replace("\"", "\\\"", StringComparison.Ordinal)}\"";
}
