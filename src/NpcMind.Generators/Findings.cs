using Microsoft.CodeAnalysis;

namespace NpcMind.Generators;

/// <summary>What can be wrong with an action.</summary>
internal static class Findings
{
    public const string Member = "NPC001", Range = "NPC002", Text = "NPC003", Bounds = "NPC004", Shape = "NPC005", Access = "NPC006",
    Names = "NPC007", NoValues = "NPC008";

    // One descriptor each: release tracking reads the ids from these lines.
    private static readonly DiagnosticDescriptor MemberFinding = new("NPC001", "Unsupported member",
        "{0}: a member of type '{1}' cannot be part of an action; use an enum, bool, int, short, byte or string", "NpcMind",
        DiagnosticSeverity.Error, true);
    private static readonly DiagnosticDescriptor RangeFinding = new("NPC002", "Number without a range",
        "{0}: the number has no range; add [ActionRange(minimum, maximum)]", "NpcMind", DiagnosticSeverity.Error, true);
    private static readonly DiagnosticDescriptor TextFinding = new("NPC003", "Text without a length",
        "{0}: the text has no length; add [ActionText(maxLength)]", "NpcMind", DiagnosticSeverity.Error, true);
    private static readonly DiagnosticDescriptor BoundsFinding = new("NPC004", "Bounds that do not fit", "{0}: {1}", "NpcMind",
        DiagnosticSeverity.Error, true);
    private static readonly DiagnosticDescriptor ShapeFinding = new("NPC005", "Type that cannot be an action",
        "'{0}' cannot be an action: {1}; use an enum or a record with a primary constructor", "NpcMind", DiagnosticSeverity.Error, true);
    private static readonly DiagnosticDescriptor AccessFinding = new("NPC006", "Inaccessible type",
        "'{0}' is not accessible to generated code; make it, and the types around it, internal or public", "NpcMind",
        DiagnosticSeverity.Error, true);
    private static readonly DiagnosticDescriptor NamesFinding = new("NPC007", "Two members of one name",
        "{0}: another member is written '{1}' too; rename one", "NpcMind", DiagnosticSeverity.Error, true);
    private static readonly DiagnosticDescriptor NoValuesFinding = new("NPC008", "Enum without values",
        "{0}: the enum '{1}' has no values; add one", "NpcMind", DiagnosticSeverity.Error, true);

    public static IReadOnlyDictionary<string, DiagnosticDescriptor> ById { get; } =
        new[] { MemberFinding, RangeFinding, TextFinding, BoundsFinding, ShapeFinding, AccessFinding, NamesFinding,
            NoValuesFinding }.ToDictionary(d => d.Id);
}
