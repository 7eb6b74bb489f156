using System.Text.RegularExpressions;
using System.Xml.Linq;
using NpcMind.Reference;
using NUnit.Framework;

namespace NpcMind.Tests;

/// <summary>Holds docs/architecture.md against the project files.</summary>
internal sealed class ArchitectureTests
{
    private static readonly Dictionary<string, string[]> Allowed = new()
    {
        ["NpcMind.Core"] = [],
        ["NpcMind.Gguf"] = ["NpcMind.Core"],
        ["NpcMind.Gpu"] = ["NpcMind.Core", "Silk.NET.Vulkan"],
        ["NpcMind.Jinja"] = ["NpcMind.Core"],
        ["NpcMind.Text"] = ["NpcMind.Core", "NpcMind.Gguf", "NpcMind.Jinja"],
        ["NpcMind.Scheduling"] = [],
        ["NpcMind.Vision"] = ["NpcMind.Core", "StbImageSharp"],
        ["NpcMind.Inference"] = ["NpcMind.Core", "NpcMind.Gguf", "NpcMind.Gpu", "NpcMind.Scheduling", "NpcMind.Vision"],
        ["NpcMind"] = ["NpcMind.Core", "NpcMind.Gguf", "NpcMind.Jinja", "NpcMind.Text", "NpcMind.Scheduling", "NpcMind.Vision",
            "NpcMind.Gpu", "NpcMind.Inference", "NpcMind.Generators", "MessagePack", "Microsoft.Extensions.Logging.Abstractions",
            "Silk.NET.Vulkan", "StbImageSharp",
            "Microsoft.CodeAnalysis.PublicApiAnalyzers"],
        ["NpcMind.Generators"] = ["Microsoft.CodeAnalysis.CSharp"],
        ["HelloNpc"] = ["NpcMind", "NpcMind.Core", "NpcMind.Generators"],
        ["Tavern.World"] = ["NpcMind", "NpcMind.Core", "NpcMind.Generators"],
        ["Tavern.Game"] = ["NpcMind", "NpcMind.Core", "Tavern.World"],
        ["Tavern.Renderer"] = ["Tavern.World", "Silk.NET.Vulkan"],
        ["Tavern"] = ["NpcMind", "NpcMind.Core", "Tavern.World", "Tavern.Game", "Tavern.Renderer", "Silk.NET.Vulkan", "SkiaSharp",
            "SkiaSharp.NativeAssets.Linux.NoDependencies", "StbImageWriteSharp", "System.CommandLine"],
        ["Tavern.Forge"] = ["NpcMind", "NpcMind.Core", "Tavern.World", "Tavern.Game", "Tavern.Renderer", "System.CommandLine"],
        ["NpcMind.Cli"] = ["NpcMind.Core", "NpcMind.Gguf", "NpcMind.Jinja", "NpcMind.Text", "NpcMind.Scheduling", "NpcMind.Vision",
            "NpcMind.Gpu", "NpcMind.Inference", "NpcMind", "System.CommandLine", "StbImageWriteSharp"],
    };

    private static IEnumerable<string> Projects =>
        new[] { "src", "samples" }.SelectMany(
            folder => Directory.EnumerateFiles(Path.Combine(TestData.Root, folder), "*.csproj", SearchOption.AllDirectories));

    [Test]
    public void Project_References_AreThoseOfTheArchitecture()
    {
        foreach (string project in Projects)
        {
            string room = Path.GetFileNameWithoutExtension(project);
            Assert.That(Allowed.Keys, Does.Contain(room), "docs/architecture.md and this test must know every room");
            XDocument xml = XDocument.Load(project);
            IEnumerable<string> references = xml.Descendants("ProjectReference")
                .Select(r => Path.GetFileNameWithoutExtension(r.Attribute("Include")!.Value.Replace('\\', '/')))
                .Concat(xml.Descendants("PackageReference").Select(r => r.Attribute("Include")!.Value));
            Assert.That(references, Is.SubsetOf(Allowed[room]), room);
        }
    }

    [Test]
    public void VulkanBinding_IsNamedOnlyInGpu()
    {
        foreach (string source in Directory.EnumerateFiles(Path.Combine(TestData.Root, "src"), "*.cs", SearchOption.AllDirectories))
            if (!source.Contains("NpcMind.Gpu", StringComparison.Ordinal) && !source.Contains("/obj/", StringComparison.Ordinal))
                Assert.That(File.ReadAllText(source), Does.Not.Contain("Silk.NET"), source);
    }

    [Test]
    public void Sources_LinesAndFiles_AreOfReadableLength()
    {
        // Scripts may have no ending.
        string[] kinds = [".cs", ".glsl", ".comp", ".vert", ".frag", ".csproj", ".props", ".targets", ".py", ".sh", ".mjs", ".yml", ""];
        string[] folders = ["src", "shaders", "samples", "tests", "scripts", ".ci", ".github"];
        IEnumerable<string> sources = folders
            .SelectMany(f => Directory.EnumerateFiles(Path.Combine(TestData.Root, f), "*", SearchOption.AllDirectories))
            .Concat(Directory.EnumerateFiles(TestData.Root))
            .Where(f => kinds.Contains(Path.GetExtension(f)) && !f.Contains("/obj/", StringComparison.Ordinal)
                && !f.Contains("/bin/", StringComparison.Ordinal));
        foreach (string source in sources)
        {
            string[] lines = File.ReadAllLines(source);
            Assert.That(lines, Has.Length.LessThanOrEqualTo(400), source);
            int wide = Array.FindIndex(lines, l => l.Length > 140);
            if (wide >= 0) Assert.Fail($"{source}:{wide + 1} has {lines[wide].Length} columns; 140 are the most.");
        }
    }

    [Test]
    public void Tests_Names_AreSubjectConditionResult()
    {
        foreach (string source in Directory.EnumerateFiles(Path.Combine(TestData.Root, "tests"), "*Tests*.cs", SearchOption.AllDirectories))
            foreach (Match test in Regex.Matches(File.ReadAllText(source), @"public (async )?(void|Task) (?<name>\w+_\w+)\("))
                Assert.That(test.Groups["name"].Value, Does.Match("^[A-Z][A-Za-z0-9]*(_[A-Z][A-Za-z0-9]*)+$"), source);
    }
}
