using System.CommandLine;
using NpcMind.Cli.Doctor;

namespace NpcMind.Cli;

/// <summary><c>npcmind doctor</c>: whether a model file is sound, and what it will cost here.</summary>
internal static class DoctorVerb
{
    private const string Help =
        "Examines a model file: whether it can run, whether its weights, vocabulary, template and end tokens are sound, how well it "
            + "predicts a short text, what fits on this "
        + "device and how fast it will be. Exit code 0: sound, perhaps with warnings; 1: it has faults, which are named, or the command "
            + "line is wrong.";

    public static Command Create()
    {
        Argument<string> model = new("FILE") { Description = "GGUF file; of a split model, the first." };
        Option<double> budget = new Option<double>("--budget-ms")
        {
            Description = "GPU milliseconds of a frame, for the forecast of speed.",
            DefaultValueFactory = _ => 2,
        }.InRange(0.001, 1000);
        Option<int> fps = new Option<int>("--fps") { Description = "Frames per second.", DefaultValueFactory = _ => 60 }.InRange(1, 1000);
        Option<bool> hostOnly = new("--host-only") { Description = "Use no device: leaves out perplexity, memory and speed." };
        Option<bool> json = Common.Json(), validate = Common.Validate();
        Option<string?> device = Common.Device(), kv = Common.Kv();
        Command command = new("doctor", Help) { model, budget, fps, hostOnly, json, device, validate, kv };
        command.SetAction(parsed =>
        {
            Examination examination = Examination.Of(parsed.GetRequiredValue(model), new ExaminationOptions
            {
                BudgetMilliseconds = parsed.GetValue(budget),
                FramesPerSecond = parsed.GetValue(fps),
                OpenDevice = parsed.GetValue(hostOnly) ? null : () => Common.OpenDevice(parsed, device, validate, measures: true),
                Kv = Common.KvFormat(parsed.GetValue(kv)),
            });
            if (parsed.GetValue(json)) DoctorReport.PrintJson(examination);
            else DoctorReport.PrintText(examination);
            return examination.Diagnosis.Faults.Count == 0 ? 0 : 1;
        });
        return command;
    }
}
