namespace NpcMind.Cli.Doctor;

/// <summary>How bad a finding is.</summary>
internal enum Severity
{
    /// <summary>Checked and right.</summary>
    Ok,

    /// <summary>Could not be checked, or not for this kind of file.</summary>
    Skipped,

    /// <summary>Worth knowing; the model works.</summary>
    Warning,

    /// <summary>The file is broken; its answers are wrong, or there are none.</summary>
    Fault,
}

/// <summary>What one check found.</summary>
/// <param name="Check">Which check: "weights", "template" ...</param>
/// <param name="Severity">How bad it is.</param>
/// <param name="Name">Name of the fault or warning, the same in all releases; null for what is well or was skipped.</param>
/// <param name="Text">What was found, in a sentence.</param>
/// <param name="Advice">What to do; null for nothing.</param>
internal sealed record Finding(string Check, Severity Severity, string? Name, string Text, string? Advice);

/// <summary>The findings about one file, in the order of the checks. Used by one thread.</summary>
internal sealed class Diagnosis
{
    /// <summary>What to do about most broken files.</summary>
    public const string TakeAnother = "Download the file again, or take another conversion of the model.";

    private readonly List<Finding> _findings = [];

    public IReadOnlyList<Finding> Findings => _findings;

    /// <summary>Names of the faults, each once.</summary>
    public IReadOnlyList<string> Faults => Names(Severity.Fault);

    /// <summary>Names of the warnings, each once.</summary>
    public IReadOnlyList<string> Warnings => Names(Severity.Warning);

    public void Ok(string check, string text) => _findings.Add(new Finding(check, Severity.Ok, null, text, null));

    public void Skip(string check, string text) => _findings.Add(new Finding(check, Severity.Skipped, null, text, null));

    public void Warn(string check, string name, string text, string advice) =>
        _findings.Add(new Finding(check, Severity.Warning, name, text, advice));

    /// <summary>Adds a fault.</summary>
    /// <param name="check">Which check.</param>
    /// <param name="name">Name of the fault.</param>
    /// <param name="text">What was found.</param>
    /// <param name="advice">What to do; null where the text says it.</param>
    public void Fault(string check, string name, string text, string? advice = TakeAnother) =>
        _findings.Add(new Finding(check, Severity.Fault, name, text, advice));

    /// <summary>Whether a check has found nothing yet that is worse than well.</summary>
    public bool IsClean(string check) => !_findings.Any(f => f.Check == check && f.Severity >= Severity.Warning);

    private List<string> Names(Severity severity) =>
        [.. _findings.Where(f => f.Severity == severity).Select(f => f.Name!).Distinct(StringComparer.Ordinal)];
}
