namespace NpcMind.GpuTests;

/// <summary>
/// The rule of validation: it makes a submission ten times as dear, so it is on where it can find something new, and off where the same
/// commands
/// are recorded for the hundredth time.
/// <list type="bullet">
/// <item>On in every <see cref="GpuTest"/>, whose device has it: every kernel, every kind of graph, sequences, frames that are cut, blocks
/// that
/// leave and come back, image encoders.</item>
/// <item>On in tests of runtimes that are marked with <see cref="ValidatedAttribute"/>, and off in the others. Marked is what the others
/// do in
/// numbers: frames of its own and in a game's command buffers, pictures from pixels and from an image, saves, dropped frames, calls that
/// fail.</item>
/// <item>NPCMIND_VALIDATE_ALL=1 turns it on everywhere, as a nightly run does.</item>
/// </list>
/// </summary>
internal static class Validation
{
    private static readonly bool Everywhere = Environment.GetEnvironmentVariable("NPCMIND_VALIDATE_ALL") == "1";

    /// <summary>Whether runtimes and devices that the running test makes have the validation layer.</summary>
    public static bool IsOn => Everywhere || TestContext.CurrentContext.Test.AllCategories().Contains(ValidatedAttribute.Category);
}

/// <summary>Turns validation on in a test or all tests of a class (<see cref="Validation"/>).</summary>
[AttributeUsage(AttributeTargets.Class | AttributeTargets.Method)]
internal sealed class ValidatedAttribute() : CategoryAttribute(Category)
{
    public const string Category = "Validated";
}
