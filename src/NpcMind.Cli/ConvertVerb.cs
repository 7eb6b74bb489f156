using System.CommandLine;

namespace NpcMind.Cli;

/// <summary><c>npcmind convert</c>: a published OPT model to GGUF, since no other program writes it.</summary>
internal static class ConvertVerb
{
    public static Command Create()
    {
        Argument<string> folder = new("FOLDER") { Description = "Folder of OPT: config.json, vocab.json, merges.txt, safetensors files." };
        Option<string> to = new("--out") { Description = "GGUF file to write.", Required = true };
        Command command = new("convert", "Turns a published OPT model into a GGUF file; its numbers stay as they are.") { folder, to };
        command.SetAction(parsed =>
        {
            string path = parsed.GetRequiredValue(to);
            OutputFile.Check("--out", path);
            OptConverter.Convert(parsed.GetRequiredValue(folder)).Save(path);
            Console.WriteLine(path);
            return 0;
        });
        return command;
    }
}
