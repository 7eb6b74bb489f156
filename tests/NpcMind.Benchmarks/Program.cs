using System.Globalization;
using NpcMind.Benchmarks;

switch (args)
{
    case ["isa"]:
        IsaAudit.Run(null);
        return 0;
    case ["isa-compare", string before, string after]:
        return IsaAudit.Compare(before, after);
    case ["isa", string folder, .. string[] filter]:
        IsaAudit.Run(folder, filter);
        return 0;
    case ["kernels", "--json", string json, .. string[] filter]:
        KernelTimes.Run(filter, json);
        return 0;
    case ["kernels", .. string[] filter]:
        KernelTimes.Run(filter);
        return 0;
    case ["long-context", .. string[] filter]:
        LongContext.Run(filter);
        return 0;
    case ["recording", string model]:
        RecordingTimes.Run(model);
        return 0;
    case ["restoring", string model]:
        Restoring.Run(model);
        return 0;
    case ["workgroups", .. string[] filter]:
        WorkgroupTimes.Run(filter);
        return 0;
    case ["synthesise", string shape, string path]:
        Console.WriteLine($"{SynthesisedModel.Find(shape).Write(path) / 1e6:F0} MB");
        return 0;
    case ["synthesise", string shape, string path, string format]:
        Console.WriteLine($"{SynthesisedModel.Find(shape, format).Write(path) / 1e6:F0} MB");
        return 0;
    case ["tests", string assembly, .. string[] names]:
        return TestRunner.Run(assembly, names);
    case ["check", string output, string seconds, .. string[] rest]
        when double.TryParse(seconds, CultureInfo.InvariantCulture, out double limit):
        return new GpuCheck(Directory.CreateDirectory(output).FullName, limit, rest is ["--small"]).Run();
    case ["closure", string framework, string programs, .. string[] roots]:
        FrameworkClosure.Print(framework, programs, roots);
        return 0;
    default:
        Console.Error.WriteLine("""
            usage: dotnet run -c Release --project tests/NpcMind.Benchmarks -- kernels [--json FILE] [TEXT...] | workgroups [TEXT...]
                | long-context [TEXT...] | recording MODEL | restoring MODEL | isa [FOLDER [TEXT...]] | isa-compare BEFORE AFTER
                | synthesise SHAPE FILE [FORMAT]
                | check FOLDER SECONDS [--small] | tests ASSEMBLY NAME... | closure FRAMEWORK PROGRAMS ASSEMBLY...
              kernels   times the kernel cases of the tests whose name contains every TEXT: GPU ms, GB/s, GFLOPS.
              workgroups  times the dispatches that could be long, whole and with one workgroup, below which a dispatch cannot be cut.
              long-context  reads 32,768 tokens on a chunked model: time per token and memory of keys and values.
              recording  records decode steps: processor time a dispatch, beside that of the Vulkan calls alone.
              restoring  reads a mind of 2,000 tokens and restores it from a save: seconds to the next word, and their ratio.
              isa [FOLDER [TEXT...]]  what the driver's compiler makes of the kernels, as CSV; its assembly into FOLDER (see
                        scripts/isa-audit.sh).
              isa-compare BEFORE AFTER  says which kernels of AFTER have grown, or spill more, since BEFORE.
              synthesise SHAPE FILE [FORMAT]  writes a model of a published shape (135m, 1b, 8b, 30b-a3b) with weights that mean nothing.
              check FOLDER SECONDS [--small]  what scripts/gpu-check.sh runs on a machine with a card; writes gpu-check.json there.
              tests ASSEMBLY NAME...  runs the NUnit tests whose names hold one of these, without an SDK.
              closure FRAMEWORK PROGRAMS ASSEMBLY...  prints the files of a .NET runtime and of a folder that programs of the folder need.
            Whole models: scripts/bench.sh, or npcmind bench.
            """);
        return 1;
}
