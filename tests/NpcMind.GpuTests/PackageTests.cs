using System.Diagnostics;
using System.IO.Compression;
using NpcMind.Reference;

namespace NpcMind.GpuTests;

/// <summary>The package as a game gets it: made here, used by a project that has nothing else of this repository.</summary>
internal sealed class PackageTests
{
    private const string Game = """
        using NpcMind;

        using NpcRuntime runtime = NpcRuntime.Load(args[0], new NpcRuntimeOptions { ContextTokens = 320, MaxNpcs = 2, CacheFolder = "" });
        using Prefix world = runtime.CreatePrefix("A small harbour town.");
        Reply reply = world.CreateNpc("Mira", "You are a baker.").Hear("Player", "Hello!",
            new ReplyOptions { MaxTokens = 12, Action = ActionType.Of<Gesture>() });
        bool idle = runtime.ThinkUntilIdle(TimeSpan.FromMinutes(1));
        string action = reply.TryTakeAction(out Gesture taken) ? taken.ToString() : "none";
        bool said = reply.Characters > 0 || reply.End == ReplyEnd.Completed;
        Console.WriteLine($"idle {idle}, done {reply.IsDone}, action {action}, said {said}");

        [NpcAction]
        internal enum Gesture
        {
            Nod,
            Shrug,
        }
        """;

    private static readonly string[] Projects = ["NpcMind", "NpcMind.Core", "NpcMind.Gguf", "NpcMind.Jinja", "NpcMind.Text",
        "NpcMind.Scheduling", "NpcMind.Vision", "NpcMind.Gpu", "NpcMind.Inference"];

    private static string Configuration => AppContext.BaseDirectory.Contains("/Release/", StringComparison.Ordinal) ? "Release" : "Debug";

    [Test]
    public void Package_InCleanProject_LetsCharacterSpeak()
    {
        string folder = Directory.CreateTempSubdirectory("npcmind-package-").FullName;
        try
        {
            // A version of its own, in a packages folder of its own: no package of an earlier run can stand in for this one.
            string version = $"0.1.0-test.{Environment.ProcessId}.{DateTime.UtcNow.Ticks}", feed = Path.Combine(folder, "feed"),
            game = Path.Combine(folder, "game");
            Dotnet(TestData.Root, "pack", "src/NpcMind", "-c", Configuration, "--no-build", "-o", feed, $"-p:Version={version}", "-nologo",
                "-v", "quiet", "-nodeReuse:false");
            string package = Path.Combine(feed, $"NpcMind.{version}.nupkg");
            CheckContent(package);
            CheckSymbols(Path.ChangeExtension(package, ".snupkg"));

            Directory.CreateDirectory(game);
            string cached = Environment.GetEnvironmentVariable("NUGET_PACKAGES")
                ?? Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), ".nuget", "packages");
            File.WriteAllText(Path.Combine(game, "Game.csproj"), $"""
                <Project Sdk="Microsoft.NET.Sdk">
                  <PropertyGroup>
                    <OutputType>Exe</OutputType>
                    <TargetFramework>net10.0</TargetFramework>
                    <ImplicitUsings>enable</ImplicitUsings>
                    <Nullable>enable</Nullable>
                    <TreatWarningsAsErrors>true</TreatWarningsAsErrors>
                    <NuGetAudit>false</NuGetAudit>
                    <RestorePackagesPath>{Path.Combine(folder, "packages")}</RestorePackagesPath>
                    <RestoreFallbackFolders>{cached}</RestoreFallbackFolders>
                    <RestoreAdditionalProjectSources>{feed}</RestoreAdditionalProjectSources>
                  </PropertyGroup>
                  <ItemGroup>
                    <PackageReference Include="NpcMind" Version="{version}" />
                  </ItemGroup>
                </Project>
                """);
            File.WriteAllText(Path.Combine(game, "Program.cs"), Game);
            Dotnet(game, "build", "-nologo", "-v", "quiet", "-o", Path.Combine(folder, "out"), "-nodeReuse:false",
                "-p:UseSharedCompilation=false");
            string said = Dotnet(game, Path.Combine(folder, "out", "Game.dll"),
                TinyEngines.Path(TinyModelOptions.Mixture with { Tokenizer = true, ChatTemplate = true }));
            Assert.That(said.TrimEnd(), Does.Match("^idle True, done True, action (Nod|Shrug), said True$"));
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    private static void CheckContent(string package)
    {
        using ZipArchive zip = ZipFile.OpenRead(package);
        string[] content = [.. Projects.SelectMany(r => (string[])[$"lib/net10.0/{r}.dll", $"lib/net10.0/{r}.xml"]),
            "analyzers/dotnet/cs/NpcMind.Generators.dll", "README.md", "NpcMind.nuspec"];
        Assert.That(Files(zip), Is.EquivalentTo(content));
        using StreamReader readme = new(zip.GetEntry("README.md")!.Open());
        Assert.That(readme.ReadToEnd(), Does.Not.Match(@"\]\((?!https://)|(src|href)=""(?!https://)"), "nuget.org shows no relative links");
        using StreamReader nuspec = new(zip.GetEntry("NpcMind.nuspec")!.Open());
        Assert.That(nuspec.ReadToEnd(), Does.Contain("\"Silk.NET.Vulkan\"").And.Contain("\"StbImageSharp\"").And.Contain("\"MessagePack\"")
            .And.Not.Contain("id=\"NpcMind."));
    }

    private static void CheckSymbols(string package)
    {
        using ZipArchive zip = ZipFile.OpenRead(package);
        Assert.That(Files(zip), Is.EquivalentTo(Projects.Select(p => $"lib/net10.0/{p}.pdb").Append("NpcMind.nuspec")));
    }

    private static IEnumerable<string> Files(ZipArchive zip) =>
        zip.Entries.Select(e => e.FullName).Where(n => !n.StartsWith("_rels/", StringComparison.Ordinal)
            && !n.StartsWith("package/", StringComparison.Ordinal) && n != "[Content_Types].xml");

    private static string Dotnet(string folder, params string[] arguments)
    {
        ProcessStartInfo info = new("dotnet", arguments)
        { WorkingDirectory = folder, RedirectStandardOutput = true, RedirectStandardError = true };
        // What the build that started these tests set for itself is not this one's business.
        foreach (string name in info.Environment.Keys.Where(k => k.StartsWith("MSBUILD", StringComparison.OrdinalIgnoreCase)).ToArray())
            info.Environment.Remove(name);
        using Process process = Process.Start(info)!;
        Task<string> error = process.StandardError.ReadToEndAsync();
        string output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        Assert.That(process.ExitCode, Is.Zero, $"dotnet {string.Join(' ', arguments)}\n{output}{error.GetAwaiter().GetResult()}");
        return output;
    }
}
