using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using NpcMind.Generators;
using NUnit.Framework;

namespace NpcMind.Tests.Actions;

/// <summary>
/// What the generator says of types that cannot be actions, and how it behaves in a compiler. What it writes is tested by its use.
/// </summary>
internal sealed class NpcActionGeneratorTests
{
    private static readonly CSharpParseOptions Language = new(LanguageVersion.CSharp12);

    private static readonly MetadataReference[] References = [.. ((string)AppContext.GetData("TRUSTED_PLATFORM_ASSEMBLIES")!)
        .Split(Path.PathSeparator).Select(path => MetadataReference.CreateFromFile(path))];

    [TestCase("[NpcAction] record A(double X);", "NPC001", "A.X: a member of type 'double'")]
    [TestCase("[NpcAction] record A(int[] X);", "NPC001", "A.X: a member of type 'int[]'")]
    [TestCase("[NpcAction] record A(long X);", "NPC001", "A.X: a member of type 'long'")]
    [TestCase("[NpcAction] record A(int X);", "NPC002", "A.X: the number has no range; add [ActionRange(minimum, maximum)]")]
    [TestCase("[NpcAction] record A(string X);", "NPC003", "A.X: the text has no length; add [ActionText(maxLength)]")]
    [TestCase("[NpcAction] record A([ActionRange(3, 1)] int X);", "NPC004", "from 3 to 1 is empty")]
    [TestCase("[NpcAction] record A([ActionRange(0, 256)] byte X);", "NPC004", "leaves the type 'byte'")]
    [TestCase("[NpcAction] record A([ActionText(0)] string X);", "NPC004", "a length of 0 is not from 1 to 256")]
    [TestCase("[NpcAction] record A([ActionText(257)] string X);", "NPC004", "a length of 257")]
    [TestCase("[NpcAction] record A([ActionRange(0, 1)] bool X);", "NPC004", "[ActionRange] is for numbers")]
    [TestCase("[NpcAction] record A([ActionText(9)] [ActionRange(0, 1)] int X);", "NPC004", "[ActionText] is for strings")]
    [TestCase("[NpcAction] record A<T>(bool X);", "NPC005", "'A' cannot be an action: it, or a type around it, is generic")]
    [TestCase("class Outer<T> { [NpcAction] public enum A { B } }", "NPC005", "generic")]
    [TestCase("[NpcAction] abstract record A(bool X);", "NPC005", "it is abstract")]
    [TestCase("[NpcAction] class A(bool x) { public bool X => x; }", "NPC005", "it is no record")]
    [TestCase("[NpcAction] struct A;", "NPC005", "it is no record")]
    [TestCase("[NpcAction] record A { public bool X { get; init; } }", "NPC005", "it has no primary constructor")]
    [TestCase("[NpcAction] record A(bool X) { public required bool Y { get; init; } }", "NPC005", "required members")]
    [TestCase("class Outer { [NpcAction] private enum A { B } }", "NPC006", "'A' is not accessible")]
    [TestCase("[NpcAction] file record A(bool X);", "NPC006", "'A' is not accessible")]
    [TestCase("[NpcAction] record A(bool Name, bool name);", "NPC007", "A.name: another member is written 'name' too")]
    [TestCase("[NpcAction] enum A;", "NPC008", "the enum 'A' has no values")]
    [TestCase("enum E; [NpcAction] record A(E X);", "NPC008", "A.X: the enum 'E' has no values")]
    public void Generate_UnsuitableType_ReportsErrorAtItsPlace(string source, string id, string message)
    {
        GeneratorDriverRunResult result = Driver().RunGenerators(Compile(source)).GetRunResult();
        Assert.That(result.GeneratedTrees, Is.Empty);
        Diagnostic diagnostic = result.Diagnostics.Single();
        Assert.That(diagnostic.Id, Is.EqualTo(id));
        Assert.That(diagnostic.Severity, Is.EqualTo(DiagnosticSeverity.Error));
        Assert.That(diagnostic.GetMessage(), Does.Contain(message));
        Assert.That(diagnostic.Location.GetLineSpan().Path, Is.EqualTo("game.cs"));
    }

    [Test]
    public void Generate_TypeWithSeveralErrors_ReportsAllAtOnce()
    {
        GeneratorDriverRunResult result = Driver().RunGenerators(Compile("[NpcAction] record A(int X, string Y, double Z);"))
            .GetRunResult();
        Assert.That(result.Diagnostics.Select(d => d.Id), Is.EquivalentTo(new[] { "NPC001", "NPC002", "NPC003" }));
    }

    [TestCase("[NpcAction] enum @class { @new, _2, é }")]
    [TestCase("namespace A { [NpcAction] record B_C(bool? @params, [ActionRange(0, 1)] short? @in); } namespace A.B { [NpcAction] " +
        "partial record C; } namespace A.B { partial record C(); }")]
    [TestCase("#nullable disable\nnamespace Game { [NpcAction] public sealed record A([ActionText(5)] string Name, [ActionRange(-1, 1)] " +
        "int NPCMood); }")]
    [TestCase("namespace Game; [NpcAction] public readonly record struct A(System.DayOfWeek? Day, System.DayOfWeek Other, " +
        "[ActionText(3)] string? Note);")]
    [TestCase("public partial class Outer { protected internal partial record Inner { [NpcAction] internal record A(bool X) { public " +
        "bool Twice => X; } } }")]
    public void Generate_SuitableTypes_CompileWithoutWarnings(string source)
    {
        Driver().RunGeneratorsAndUpdateCompilation(Compile(source), out Compilation compilation, out var findings);
        Assert.That(findings, Is.Empty);
        Assert.That(compilation.SyntaxTrees.Count(), Is.GreaterThanOrEqualTo(2));
        Assert.That(compilation.GetDiagnostics().Where(d => d.Severity >= DiagnosticSeverity.Warning && d.Id is not "CS8981"), Is.Empty);
    }

    [Test]
    public void Generate_OtherCodeEdited_RunsNothingAnew()
    {
        CSharpCompilation compilation = Compile("[NpcAction] enum A { B }");
        GeneratorDriver driver = Driver().RunGenerators(compilation);
        driver = driver.RunGenerators(compilation.AddSyntaxTrees(CSharpSyntaxTree.ParseText("class Other;", Language)));
        var reasons = driver.GetRunResult().Results.Single().TrackedOutputSteps.SelectMany(step => step.Value)
            .SelectMany(run => run.Outputs).Select(output => output.Reason);
        Assert.That(reasons, Is.Not.Empty.And.All.EqualTo(IncrementalStepRunReason.Cached));
    }

    private static CSharpGeneratorDriver Driver() => CSharpGeneratorDriver.Create(
        [new NpcActionGenerator().AsSourceGenerator()],
        parseOptions: Language,
        driverOptions: new GeneratorDriverOptions(IncrementalGeneratorOutputKind.None, trackIncrementalGeneratorSteps: true));

    private static CSharpCompilation Compile(string source)
    {
        SyntaxTree[] trees = [CSharpSyntaxTree.ParseText(source, Language, "game.cs"),
            CSharpSyntaxTree.ParseText("global using NpcMind;", Language, "usings.cs")];
        return CSharpCompilation.Create("Game", trees, References,
            new CSharpCompilationOptions(OutputKind.DynamicallyLinkedLibrary, nullableContextOptions: NullableContextOptions.Enable));
    }
}
