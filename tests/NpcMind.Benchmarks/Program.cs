using NpcMind.Benchmarks;

switch (args)
{
    case ["shaders", .. string[] names]:
        ShaderCompilation.Run(names);
        return 0;
    case ["kernels", .. string[] filter]:
        KernelTimes.Run(filter);
        return 0;
    case ["long-context", .. string[] filter]:
        LongContext.Run(filter);
        return 0;
    case ["restoring", string model]:
        Restoring.Run(model);
        return 0;
    case ["workgroups", .. string[] filter]:
        WorkgroupTimes.Run(filter);
        return 0;
    default:
        Console.Error.WriteLine("""
            usage: dotnet run -c Release --project tests/NpcMind.Benchmarks -- kernels [TEXT...] | workgroups [TEXT...] | long-context [TEXT...] | restoring MODEL | shaders [NAME...]
              kernels   times the kernel cases of the tests whose name contains every TEXT: GPU ms, GB/s, GFLOPS.
              workgroups  times the dispatches that could be long, whole and with one workgroup, below which a dispatch cannot be cut.
              long-context  reads 32,768 tokens on a chunked model: time per token and memory of keys and values.
              restoring  reads a mind of 2,000 tokens and restores it from a save: seconds to the next word, and their ratio.
              shaders   compiles kernels as a GPU would run them. With a driver that tells what it made of them, e.g. AMD's without a card:
                        RADV_FORCE_FAMILY=NAVI21 RADV_DEBUG=shaderstats,nocache VK_ICD_FILENAMES=/usr/share/vulkan/icd.d/radeon_icd.x86_64.json
            Whole models: scripts/bench.sh, or npcmind bench.
            """);
        return 1;
}
