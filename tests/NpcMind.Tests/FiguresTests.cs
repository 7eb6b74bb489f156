using System.Diagnostics;
using NpcMind.Reference;
using NpcMind.Tests.Gguf;
using NUnit.Framework;

namespace NpcMind.Tests;

/// <summary>scripts/figures.cs, which makes figures of what programs measured, run by dotnet as the scripts run it.</summary>
internal sealed class FiguresTests : IDisposable
{
    private readonly TestFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Test]
    public void Answers_PrintsEachAndAverages()
    {
        string file = Write("answers.csv", """
            game_seconds,speaker,first_word_seconds,whole_seconds,characters,frames,budget_ms
            1.0,Garlin,1.20,6.00,60,120,4.0
            9.0,Mira,0.90,5.10,31,85,4.0
            """);
        Assert.That(Run(0, "answers", file, "640x360, budget 4"), Is.EqualTo("""
              Garlin   first word   1.20 s, whole   6.00 s,  60 characters, 120 frames of   50 ms
              Mira     first word   0.90 s, whole   5.10 s,  31 characters,  85 frames of   60 ms
            640x360, budget 4: first word 1.05 s on average, 1.20 at most; whole 5.55 s; 10.1 characters a second from the first word
            """ + " on; frames of 54 ms\n"));
    }

    [Test]
    public void Frames_TakesBudgetOfMindsClockFromRowBefore()
    {
        string file = Write("frames.csv", """
            frame,budget_ms,whole_ms,render_gpu_ms,eyes_gpu_ms,minds_gpu_ms,tokens_read,tokens_said,eye_pictures,bubbles
            0,0,10.00,9.00,0.00,NaN,0,0,0,5
            1,0,11.00,9.00,0.00,0.00,0,0,0,5
            2,4,14.00,9.00,4.50,0.00,0,0,1,5
            3,4,15.50,9.00,0.00,3.90,8,1,0,5
            4,4,16.00,9.00,4.10,NaN,8,1,0,5
            5,0,10.50,9.00,0.00,4.80,0,0,0,5
            """);
        Assert.That(Run(0, "frames", "4", file), Is.EqualTo("""
                                    p50      p95      p99
              minds wait          10.50    11.00    11.00
              minds think         15.50    16.00    16.00
              difference           5.00     5.00     5.00   (wanted at p95: at most the budget and 10 %, 4.40)
              minds on the GPU     4.80     4.80     4.80   (wanted at p99: the same; beyond it 1 of 2 frames)
              eyes on the GPU      4.50     4.50     4.50   (pieces of pictures for eyes, beyond it 1 of 2)

            """));
    }

    [Test]
    public void Memory_OfGrowingProcess_Fails()
    {
        IEnumerable<string> rows = Enumerable.Range(0, 30)
            .Select(i => $"{5 * i}.0,20.26,{100 + 10 * i}.0,{i},512,{(i < 20 ? "mind" : "other")}.gguf");
        string file = Write("memory.csv",
            string.Join('\n', rows.Prepend("game_seconds,managed_mib,working_set_mib,kv_blocks,kv_blocks_in_all,model")));
        Assert.That(Run(1, "memory", file), Is.EqualTo("""
            soak: mind.gguf, 0 to 95 s: managed 20.3 to 20.3 MiB, process 100 to 290 MiB (at most 290), at most 19 of 512 KV blocks
            soak:   process in the first third 155 MiB, in the last 235 MiB on average
            soak: other.gguf, 100 to 145 s: managed 20.3 to 20.3 MiB, process 300 to 390 MiB (at most 390), at most 29 of 512 KV blocks

            """));
    }

    [Test]
    public void Pairs_PrintsRatiosAndMedians()
    {
        string ours = Write("ours.json", """
            {"prefill_tokens_per_s":400.5,"decode_tokens_per_s":30,"device":"llvmpipe","driver":"Mesa"}
            {"prefill_tokens_per_s":12345.6,"decode_tokens_per_s":31}
            """);
        string peer = Write("peer.json", """
            {"prefill_tokens_per_s":300,"decode_tokens_per_s":40,"gpu_layers":31,"layers":31}
            {"prefill_tokens_per_s":310,"decode_tokens_per_s":40.2,"gpu_layers":31,"layers":31}
            """);
        Assert.That(Run(0, "pairs", ours, peer), Is.EqualTo("""
            pair   prefill ours    llama.cpp   ratio    decode ours    llama.cpp   ratio
            1             400.5          300    1.33             30           40    0.75
            2         1.235e+04          310   39.82             31         40.2    0.77
            median         6373          305   20.57           30.5         40.1    0.76
            tokens per second; ratio = ours / llama.cpp, pair by pair. peer ran 31 of 31 layers on the device

            """));
    }

    [Test]
    public void Counts_WithTruncatedFile_CountsItAsFailed()
    {
        string file = Write("one.trx", """
            <TestRun><ResultSummary><Counters total="9" executed="7" passed="5" failed="1" error="1" timeout="0" aborted="0" />
            </ResultSummary></TestRun>
            """);
        Write("two.trx", "<TestRun><Results>");
        Assert.That(Run(0, "counts", Path.GetDirectoryName(file)!), Is.EqualTo("5 3 2\n"));
    }

    private string Write(string name, string text)
    {
        File.WriteAllText(_folder.File(name), text + "\n");
        return _folder.File(name);
    }

    private static string Run(int code, params string[] arguments)
    {
        ProcessStartInfo info = new("dotnet", [Path.Combine(TestData.Root, "scripts", "figures.cs"), .. arguments])
        { RedirectStandardOutput = true, RedirectStandardError = true };
        // What the build that started these tests set for itself is not this one's business.
        foreach (string name in info.Environment.Keys.Where(k => k.StartsWith("MSBUILD", StringComparison.OrdinalIgnoreCase)).ToArray())
            info.Environment.Remove(name);
        using Process process = Process.Start(info)!;
        Task<string> error = process.StandardError.ReadToEndAsync();
        string output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        Assert.That(process.ExitCode, Is.EqualTo(code), output + error.GetAwaiter().GetResult());
        return output;
    }
}
