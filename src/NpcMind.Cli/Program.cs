using System.CommandLine;
using System.Text;
using NpcMind;
using NpcMind.Cli;
using NpcMind.Core;

Console.OutputEncoding = new UTF8Encoding(false); // whatever the locale says
Console.InputEncoding = new UTF8Encoding(false);
RootCommand root = new("Runs game-character language models through Vulkan.");
foreach (Command verb in (Command[])[InspectVerb.Create(), TokenizeVerb.Create(), DetokenizeVerb.Create(), TemplateVerb.Create(),
    LogitsVerb.Create(), GenerateVerb.Create(), ChatVerb.Create(), BenchVerb.Create(), FramesVerb.Create(), VisionVerb.Create(),
    SeeVerb.Create(), EmbedVerb.Create(), DevicesVerb.Create(),
    DoctorVerb.Create(),
    NeedleVerb.Create(),
    ConvertVerb.Create()])
    root.Subcommands.Add(verb);

ParseResult parsed = root.Parse(args);
if (CommandLineProblem.Of(parsed) is { } problem)
{
    string verb = parsed.CommandResult.Command == root ? "" : parsed.CommandResult.Command.Name + " ";
    Console.Error.WriteLine($"npcmind: {PrintableText.Escape(problem.ReplaceLineEndings(" "))} See: npcmind {verb}--help");
    return 1;
}

try
{
    return parsed.Invoke(new InvocationConfiguration { EnableDefaultExceptionHandler = false });
}
catch (Exception e) when (e is NpcMindException or CliException or InvalidOperationException or OverflowException or IOException
    or UnauthorizedAccessException or ArgumentException or System.Text.Json.JsonException)
{
    Console.Error.WriteLine($"npcmind: {PrintableText.Escape(e.Message.ReplaceLineEndings(" "))}");
    return 1;
}
