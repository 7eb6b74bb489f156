using System.Reflection;
using System.Text.RegularExpressions;
using NpcMind.Gpu;
using NpcMind.Inference;
using NpcMind.Reference;
using NpcMind.Vision;
using NUnit.Framework;

namespace NpcMind.Tests;

/// <summary>Holds what shaders say of the host's numbers against the host: each number has one definition, in C#.</summary>
internal sealed class ShaderConstantsTests
{
    private const string Advice = "Run NPCMIND_UPDATE=1 dotnet test tests/NpcMind.Tests -c Release --filter ShaderConstantsTests.";

    private static string Shaders => Path.Combine(TestData.Root, "shaders");

    private static string Include => Path.Combine(Shaders, "lib", "host_constants.glsl");

    [Test]
    public void Include_EqualsWhatTheHostPrints()
    {
        string expected = ShaderConstants.Glsl();
        if (Environment.GetEnvironmentVariable("NPCMIND_UPDATE") == "1") File.WriteAllText(Include, expected);
        Assert.That(File.ReadAllText(Include), Is.EqualTo(expected), Advice);
    }

    /// <summary>A number in a shader whose name is that of a constant of the host is a second definition.</summary>
    [Test]
    public void Shaders_NumbersWithNamesOfTheHost_ComeFromTheInclude()
    {
        HashSet<string> host = HostNames();
        foreach (string path in Sources())
            foreach (Match match in Definitions(File.ReadAllText(path)))
                Assert.That(host, Does.Not.Contain(match.Groups["name"].Value),
                    $"{path}: '{match.Value}' is defined in C#, too. List it in ShaderConstants and use the include's.");
    }

    [TestCase("const uint BlockTokens = 8;", "BlockTokens")]
    [TestCase("  const int GroupRows=0x20u;", "GroupRows")]
    [TestCase("#define PageTokens 32", "PageTokens")]
    [TestCase("layout(constant_id = 1) const uint ChunkTokens = 2048;", null)]
    [TestCase("const int Half = 1 << 21; // rounding", "Half")]
    [TestCase("const uint UnitTexels = Q4_0_UnitTexels;", null)]
    public void Definitions_Line_AreFoundUnlessSpecializedOrDerived(string line, string? name) =>
        Assert.That(Definitions(line).Select(m => m.Groups["name"].Value), Is.EqualTo(name is null ? [] : new[] { name }));

    /// <summary>The units of a format are those that C# lists for it, not numbers of the shader.</summary>
    [Test]
    public void Formats_Units_AreThoseOfTheInclude()
    {
        foreach (string path in Directory.EnumerateFiles(Path.Combine(Shaders, "quant"), "*.glsl"))
            foreach (Match match in Definitions(File.ReadAllText(path)))
                Assert.That(match.Groups["name"].Value, Is.Not.EqualTo("UnitTexels").And.Not.EqualTo("ScaleWords"), path);
    }

    private static IEnumerable<string> Sources() =>
        Directory.EnumerateFiles(Shaders, "*", SearchOption.AllDirectories)
            .Where(f => Path.GetExtension(f) is ".glsl" or ".comp" && f != Include);

    private static MatchCollection Definitions(string text)
    {
        const string Name = @"(const\s+(uint|int|float)\s+(?<name>\w+)\s*=|#define\s+(?<name>\w+))";
        const string Number = @"\s*[0-9(-][0-9a-fA-FxXuU.+\-*/<>() ]*;?[ \t]*(//.*)?$";
        return Regex.Matches(text, @"^[ \t]*" + Name + Number, RegexOptions.Multiline);
    }

    private static HashSet<string> HostNames() =>
    [
        .. new[] { typeof(ShaderConstants), typeof(GpuDevice), typeof(ResampleTable) }.SelectMany(t => t.Assembly.GetTypes())
            .SelectMany(t => t.GetFields(BindingFlags.Static | BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.DeclaredOnly))
            .Where(f => f.IsLiteral && !f.DeclaringType!.IsEnum).Select(f => f.Name),
        .. Regex.Matches(ShaderConstants.Glsl(), @"const uint (\w+)").Select(m => m.Groups[1].Value),
    ];
}
