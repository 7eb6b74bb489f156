namespace NpcMind;

/// <summary>
/// How many random scenarios a test tries, and which. NPCMIND_SCENARIOS multiplies the usual number (a nightly run sets 10) and
/// NPCMIND_SEED draws
/// others; a test that fails prints both (TestTimes.cs).
/// </summary>
internal static class Scenarios
{
    /// <summary>Times the usual number; 1 when nothing is set.</summary>
    public static int Factor { get; } = Number("NPCMIND_SCENARIOS", 1);

    /// <summary>Added to the seed of every test that draws scenarios; 0 when nothing is set.</summary>
    public static int Seed { get; } = Number("NPCMIND_SEED", 0);

    /// <summary>What repeats this run.</summary>
    public static string Settings => $"NPCMIND_SCENARIOS={Factor} NPCMIND_SEED={Seed}";

    /// <summary>Scenarios to try where <paramref name="usual"/> are usual.</summary>
    public static int Count(int usual) => usual * Factor;

    private static int Number(string variable, int usual)
    {
        if (Environment.GetEnvironmentVariable(variable) is not { Length: > 0 } text) return usual;
        if (int.TryParse(text, out int number) && number >= usual) return number;
        throw new InvalidOperationException($"{variable} is '{text}': a whole number of at least {usual} is expected.");
    }
}
