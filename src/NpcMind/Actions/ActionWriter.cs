using System.Globalization;
using System.Text;

namespace NpcMind;

/// <summary>Values to the canonical form.</summary>
internal static class ActionWriter
{
    public static string Write(ActionType type, ReadOnlySpan<ActionValue> values)
    {
        StringBuilder json = new();
        if (type.IsEnum)
        {
            Append(json, type, type.Members[0], values[0]);
            return json.ToString();
        }

        for (int i = 0; i < values.Length; i++)
        {
            json.Append(i == 0 ? '{' : ',');
            ActionText.AppendJson(json, type.Members[i].Name);
            json.Append(':');
            Append(json, type, type.Members[i], values[i]);
        }

        return json.Append(values.Length == 0 ? "{}" : "}").ToString();
    }

    /// <summary>A member's value, which can be written.</summary>
    public static string Write(ActionMember member, ActionValue value)
    {
        if (value.IsNull) return "null";
        return member.Kind switch
        {
            ActionMemberKind.Choice => member.IsBoolean ? member.Choices[value.Number] : ActionText.Json(member.Choices[value.Number]),
            ActionMemberKind.Number => value.Number.ToString(CultureInfo.InvariantCulture),
            _ => ActionText.Json(value.Text!),
        };
    }

    private static void Append(StringBuilder json, ActionType type, ActionMember member, ActionValue value)
    {
        if (value.IsNull && !member.IsNullable) throw Wrong(type, member, "is null and cannot be. Give it a value");
        switch (member.Kind)
        {
            case var _ when value.IsNull:
                break;
            case ActionMemberKind.Choice when (uint)value.Number >= (uint)member.Choices.Count:
                throw Wrong(type, member, "is a value of the enum without a name. Use a named one");
            case ActionMemberKind.Number when value.Number < member.Minimum || value.Number > member.Maximum:
                FormattableString range = $"is {value.Number} and must be from {member.Minimum} to {member.Maximum}";
                throw Wrong(type, member, range.ToString(CultureInfo.InvariantCulture));
            case ActionMemberKind.Text when ActionText.Fault(value.Text, member.MaxLength) is { } fault:
                throw Wrong(type, member, fault);
        }

        json.Append(Write(member, value));
    }

    private static ArgumentException Wrong(ActionType type, ActionMember member, string problem) =>
        new($"{type.Name}: member '{member.Name}' {problem}.");
}
