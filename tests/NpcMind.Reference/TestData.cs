namespace NpcMind.Reference;

/// <summary>
/// Where test data lies. <see cref="Golden"/> is in the project and always there. <see cref="Shared"/> lies beside it and may be absent:
/// tests that need it carry <c>[Category("Shared")]</c>, which <c>scripts/test.sh</c> leaves out, saying so, when the folder is missing.
/// </summary>
internal static class TestData
{
    public static string Root { get; } = FindRoot();

    /// <summary>A path below <c>tests/golden</c>.</summary>
    public static string Golden(params string[] parts) => Path.Combine([Root, "tests", "golden", .. parts]);

    /// <summary>A path below <c>../shared</c>.</summary>
    public static string Shared(params string[] parts) => Path.Combine([Path.GetDirectoryName(Root)!, "shared", .. parts]);

    public static float[] Floats(string path)
    {
        byte[] bytes = File.ReadAllBytes(path);
        float[] floats = new float[bytes.Length / 4];
        Buffer.BlockCopy(bytes, 0, floats, 0, floats.Length * 4);
        return floats;
    }

    /// <summary>
    /// Normalised mean squared error sum((a-b)^2) / sum(b^2), b the reference; infinite when lengths differ or a value is not a number.
    /// </summary>
    public static double Nmse(ReadOnlySpan<float> actual, ReadOnlySpan<float> reference)
    {
        if (actual.Length != reference.Length) return double.PositiveInfinity;
        double error = 0, energy = 0;
        for (int i = 0; i < actual.Length; i++)
        {
            double d = (double)actual[i] - reference[i];
            error += d * d;
            energy += (double)reference[i] * reference[i];
        }

        double nmse = energy > 0 ? error / energy : error > 0 ? double.PositiveInfinity : 0;
        return double.IsNaN(nmse) ? double.PositiveInfinity : nmse;
    }

    private static string FindRoot()
    {
        for (string? at = AppContext.BaseDirectory; at is not null; at = Path.GetDirectoryName(at))
            if (File.Exists(Path.Combine(at, "NpcMind.sln"))) return at;
        throw new InvalidOperationException($"NpcMind.sln not found above {AppContext.BaseDirectory}: run the tests inside the checkout.");
    }
}
