using System.Runtime.InteropServices;
using System.Runtime.Versioning;
using NpcMind.Tests.Gguf;
using NUnit.Framework;

namespace NpcMind.Tests.Persistence;

[SupportedOSPlatform("linux")]
[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
internal sealed class SaveFileTests : IDisposable
{
    private readonly TestFolder _folder = new();

    public SaveFileTests() => SaveFile.WriteAtomically(Save, stream => stream.Write("old"u8));

    private string Save => _folder.File("mira.npc");

    private string[] Files => [.. Directory.GetFileSystemEntries(Path.GetDirectoryName(Save)!).Select(f => Path.GetFileName(f)!)];

    public void Dispose() => _folder.Dispose();

    [Test]
    public void Write_OverEarlierSave_ReplacesItAndLeavesNoOtherFile()
    {
        SaveFile.WriteAtomically(Save, stream =>
        {
            stream.Write("new"u8);
            Assert.That(Content(), Is.EqualTo("old"), "the earlier save stands until the new one is whole");
        });
        Assert.That(Content(), Is.EqualTo("new"));
        Assert.That(Files, Is.EqualTo(new[] { "mira.npc" }));
    }

    [Test]
    public void Write_FullDisk_IsReportedAndKeepsEarlierSave()
    {
        SaveFileException error = Assert.Throws<SaveFileException>(() => SaveFile.WriteAtomically(Save, stream =>
        {
            stream.Write("half of a sa"u8);
            using FileStream full = new("/dev/full", FileMode.Open, FileAccess.Write, FileShare.ReadWrite, bufferSize: 0);
            full.Write("ve"u8);
        }))!;
        Assert.That(error.Message, Does.StartWith($"{Save}: not saved: No space left on device").And.Contain("is unchanged"));
        Assert.That(error.Path, Is.EqualTo(Save));
        AssertOld();
    }

    [Test]
    public void Write_WriterThrows_PassesErrorAndKeepsEarlierSave()
    {
        Assert.That(() => SaveFile.WriteAtomically(Save, _ => throw new TimeoutException("the writer's own")),
            Throws.InstanceOf<TimeoutException>());
        AssertOld();
    }

    [Test]
    public void Write_ReadOnlyFolder_IsReportedAndKeepsEarlierSave()
    {
        string folder = Path.GetDirectoryName(Save)!;
        UnixFileMode mode = File.GetUnixFileMode(folder);
        File.SetUnixFileMode(folder, UnixFileMode.UserRead | UnixFileMode.UserExecute | UnixFileMode.GroupRead | UnixFileMode.GroupExecute
            | UnixFileMode.OtherRead | UnixFileMode.OtherExecute);
        try
        {
            Exception? error = null;
            Thread thread = new(() =>
            {
                // Root may write everywhere: this thread gives that up (setfsuid(2) is per thread), so that the test means the same for
                // every user.
                if (Environment.IsPrivilegedProcess) _ = SetFileUser(65534);
                error = Assert.Catch(() => SaveFile.WriteAtomically(Save, stream => stream.Write("new"u8)));
            });
            thread.Start();
            thread.Join();
            Assert.That(error, Is.InstanceOf<SaveFileException>());
            Assert.That(error!.Message, Does.Contain("not saved").And.Contain("denied"));
        }
        finally
        {
            File.SetUnixFileMode(folder, mode);
        }

        AssertOld();
    }

    [Test]
    public void Write_PathIsFolderOrHasNone_IsReported()
    {
        string folder = Path.GetDirectoryName(Save)!;
        Assert.Multiple(() =>
        {
            Assert.That(() => SaveFile.WriteAtomically(folder, _ => { }),
                Throws.InstanceOf<SaveFileException>().With.Message.Contains("it is a folder"));
            Assert.That(() => SaveFile.Read(folder, _ => 0),
                Throws.InstanceOf<SaveFileException>().With.Message.Contains("it is a folder"));
            Assert.That(() => SaveFile.WriteAtomically(Path.Combine(folder, "none", "a"), _ => { }),
                Throws.InstanceOf<SaveFileException>().With.Message.Contains("folder does not exist"));
            Assert.That(() => SaveFile.Read(Path.Combine(folder, "none"), _ => 0),
                Throws.InstanceOf<SaveFileException>().With.Message.Contains("no such save"));
        });
        AssertOld();
    }

    [Test]
    public void Read_DamagedFile_IsNamed()
    {
        SaveFormatException error = Assert.Throws<SaveFormatException>(() => SaveFile.Read(Save, stream => SaveCodec.Read(stream, null)))!;
        Assert.That(error.Place, Is.EqualTo(Save));
    }

    [Test]
    public void WriteAtomically_LeftoversOfEndedProcesses_AreRemovedAndNothingElse()
    {
        int ended = EndedProcess();
        string leftover = $"mira.npc.{ended}-{Random}.saving", own = $"mira.npc.{Environment.ProcessId}-{Random}.saving";
        string[] kept =
        [
            $"other.npc.{ended}-{Random}.saving", // of another save
            $"mira.npc.1-{Random}.saving", // its process lives
            "mira.npc.auto.saving", "mira.npc.saving", "mira.npc.1-1-dead.saving", // saves of games that call them so
            $"mira.npc.{ended}-{Random.ToUpperInvariant()}.saving", $"mira.npc.{ended}-{Random}0.saving", $"mira.npc.x-{Random}.saving",
            $"mira.npc.auto.{ended}-{Random}.saving",
        ];
        foreach (string name in (string[])[leftover, own, .. kept]) File.WriteAllText(_folder.File(name), name);
        SaveFile.WriteAtomically(Save, outer =>
        {
            outer.Write("outer"u8);
            SaveFile.WriteAtomically(Save, inner => inner.Write("inner"u8));
            Assert.That(Content(), Is.EqualTo("inner"));
        });
        Assert.That(Content(), Is.EqualTo("outer"));
        Assert.That(Files, Is.EquivalentTo((string[])["mira.npc", .. kept]));
        foreach (string name in kept) Assert.That(File.ReadAllText(_folder.File(name)), Is.EqualTo(name));
    }

    [Test]
    public void WriteAtomically_NamesThatBeginAlikeOrEndInSaving_AreAllKept()
    {
        string[] names = ["slot", "slot.auto", "slot.auto.saving", "slot.saving", ".saving", "slot.1-2-3.saving"];
        for (int round = 0; round < 2; round++)
            foreach (string name in names)
                SaveFile.WriteAtomically(_folder.File(name), stream => stream.Write(System.Text.Encoding.UTF8.GetBytes(name)));
        Assert.That(Files, Is.EquivalentTo((string[])["mira.npc", .. names]));
        foreach (string name in names) Assert.That(File.ReadAllText(_folder.File(name)), Is.EqualTo(name));
    }

    [Test]
    public void WriteAtomically_NameOfTheFormOfATemporary_IsRefused()
    {
        string path = _folder.File($"mira.npc.77-{Random}.saving");
        Assert.That(
            () => SaveFile.WriteAtomically(path, _ => { }),
            Throws.InstanceOf<SaveFileException>().With.Message.Contains("Choose another name"));
        AssertOld();
    }

    [Test]
    public void WriteAtomically_SaveAndTemporary_AreForTheUserAlone()
    {
        File.SetUnixFileMode(Save, (UnixFileMode)0b110_110_110);
        HashSet<string> seen = [];
        for (int i = 0; i < 3; i++)
        {
            SaveFile.WriteAtomically(Save, stream =>
            {
                string beside = ((FileStream)stream).Name;
                Assert.That(File.GetUnixFileMode(beside), Is.EqualTo(UnixFileMode.UserRead | UnixFileMode.UserWrite));
                Assert.That(Path.GetFileName(beside), Does.Match($"^mira\\.npc\\.{Environment.ProcessId}-[0-9a-f]{{32}}\\.saving$"));
                Assert.That(seen.Add(beside), "the name cannot be foreseen");
            });
            Assert.That(File.GetUnixFileMode(Save), Is.EqualTo(UnixFileMode.UserRead | UnixFileMode.UserWrite));
        }
    }

    [Test]
    public void WriteAtomically_Links_AreNotFollowed()
    {
        File.WriteAllText(_folder.File("victim"), "victim");
        string link = _folder.File($"mira.npc.{EndedProcess()}-{Random}.saving"), save = _folder.File("linked");
        File.CreateSymbolicLink(link, _folder.File("victim"));
        File.CreateSymbolicLink(save, _folder.File("victim"));
        SaveFile.WriteAtomically(Save, stream => stream.Write("new"u8));
        SaveFile.WriteAtomically(save, stream => stream.Write("new"u8));
        Assert.That(File.ReadAllText(_folder.File("victim")), Is.EqualTo("victim"));
        Assert.That(new FileInfo(link).LinkTarget, Is.Not.Null, "a link is none of ours");
        Assert.That(new FileInfo(save).LinkTarget, Is.Null, "the save took the place of the link");
    }

    [Test]
    public void Read_Pipe_IsRefusedAtOnce()
    {
        string pipe = _folder.File("pipe");
        using (System.Diagnostics.Process made = System.Diagnostics.Process.Start("mkfifo", pipe)) made.WaitForExit();
        Assert.That(() => SaveFile.Read(pipe, _ => 0), Throws.InstanceOf<SaveFileException>().With.Message.Contains("pipe"));
    }

    [Test]
    public void Write_ManyAtOnce_AllAreWhole()
    {
        int mixed = 0;
        byte[][] versions = [.. Enumerable.Range(0, 8).Select(i => Enumerable.Repeat((byte)i, 300_000 + i).ToArray())];
        Task[] savers = [.. versions.Select((bytes, i) => Task.Factory.StartNew(
            () =>
            {
                for (int round = 0; round < 25; round++)
                {
                    SaveFile.WriteAtomically(Save, stream => stream.Write(bytes));
                    SaveFile.WriteAtomically(_folder.File($"npc {i}"), stream => stream.Write(bytes));
                    byte[] read = SaveFile.Read(Save, ReadAll);
                    if (!read.AsSpan().SequenceEqual(versions[read[0]])) Interlocked.Increment(ref mixed);
                }
            },
            TaskCreationOptions.LongRunning))];
        Task.WaitAll(savers);
        Assert.That(mixed, Is.Zero);
        for (int i = 0; i < versions.Length; i++)
            Assert.That(File.ReadAllBytes(_folder.File($"npc {i}")).AsSpan().SequenceEqual(versions[i]));
        Assert.That(Files, Has.Length.EqualTo(9));
    }

    private const string Random = "0123456789abcdef0123456789abcdef";

    private static int EndedProcess()
    {
        using System.Diagnostics.Process process = System.Diagnostics.Process.Start("true");
        process.WaitForExit();
        return process.Id;
    }

    private static byte[] ReadAll(Stream stream)
    {
        using MemoryStream copy = new();
        stream.CopyTo(copy);
        return copy.ToArray();
    }

    private string Content() => File.ReadAllText(Save);

    private void AssertOld()
    {
        Assert.That(Content(), Is.EqualTo("old"));
        Assert.That(Files, Is.EqualTo(new[] { "mira.npc" }));
    }

    [DllImport("libc", EntryPoint = "setfsuid")]
    private static extern int SetFileUser(uint user);
}
