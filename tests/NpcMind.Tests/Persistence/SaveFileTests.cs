using System.Runtime.InteropServices;
using System.Runtime.Versioning;
using NpcMind.Tests.Gguf;
using NUnit.Framework;

namespace NpcMind.Tests.Persistence;

[SupportedOSPlatform("linux")]
[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
public sealed class SaveFileTests : IDisposable
{
    private readonly TestFolder _folder = new();

    public SaveFileTests() => SaveFile.WriteAtomically(Save, stream => stream.Write("old"u8));

    private string Save => _folder.File("mira.npc");

    private string[] Files => [.. Directory.GetFileSystemEntries(Path.GetDirectoryName(Save)!).Select(f => Path.GetFileName(f)!)];

    public void Dispose() => _folder.Dispose();

    [Test]
    public void A_save_takes_the_place_of_the_earlier_one_and_leaves_nothing_beside()
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
    public void A_full_disk_is_reported_and_the_earlier_save_stays()
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
    public void An_error_of_the_writer_itself_comes_through_and_the_earlier_save_stays()
    {
        Assert.That(() => SaveFile.WriteAtomically(Save, _ => throw new TimeoutException("the writer's own")), Throws.InstanceOf<TimeoutException>());
        AssertOld();
    }

    [Test]
    public void A_folder_that_cannot_be_written_to_is_reported_and_the_earlier_save_stays()
    {
        string folder = Path.GetDirectoryName(Save)!;
        UnixFileMode mode = File.GetUnixFileMode(folder);
        File.SetUnixFileMode(folder, UnixFileMode.UserRead | UnixFileMode.UserExecute | UnixFileMode.GroupRead | UnixFileMode.GroupExecute | UnixFileMode.OtherRead | UnixFileMode.OtherExecute);
        try
        {
            Exception? error = null;
            Thread thread = new(() =>
            {
                // Root may write everywhere: this thread gives that up (setfsuid(2) is per thread), so that the test means the same for every user.
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
    public void A_path_that_is_a_folder_or_lies_in_none_is_reported()
    {
        string folder = Path.GetDirectoryName(Save)!;
        Assert.Multiple(() =>
        {
            Assert.That(() => SaveFile.WriteAtomically(folder, _ => { }), Throws.InstanceOf<SaveFileException>().With.Message.Contains("it is a folder"));
            Assert.That(() => SaveFile.Read(folder, _ => 0), Throws.InstanceOf<SaveFileException>().With.Message.Contains("it is a folder"));
            Assert.That(() => SaveFile.WriteAtomically(Path.Combine(folder, "none", "a"), _ => { }), Throws.InstanceOf<SaveFileException>().With.Message.Contains("folder does not exist"));
            Assert.That(() => SaveFile.Read(Path.Combine(folder, "none"), _ => 0), Throws.InstanceOf<SaveFileException>().With.Message.Contains("no such save"));
        });
        AssertOld();
    }

    [Test]
    public void A_damaged_file_is_named()
    {
        SaveFormatException error = Assert.Throws<SaveFormatException>(() => SaveFile.Read(Save, stream => SaveCodec.Read(stream, null)))!;
        Assert.That(error.Place, Is.EqualTo(Save));
    }

    [Test]
    public void Leftovers_of_ended_processes_are_removed_and_files_being_written_are_not()
    {
        File.WriteAllText($"{Save}.1-1-dead.saving", "leftover");
        File.WriteAllText(_folder.File("other.npc.1-1-dead.saving"), "of another save");
        SaveFile.WriteAtomically(Save, outer =>
        {
            outer.Write("outer"u8);
            SaveFile.WriteAtomically(Save, inner => inner.Write("inner"u8));
            Assert.That(Content(), Is.EqualTo("inner"));
        });
        Assert.That(Content(), Is.EqualTo("outer"));
        Assert.That(Files, Is.EquivalentTo(new[] { "mira.npc", "other.npc.1-1-dead.saving" }));
    }

    [Test]
    public void Many_saves_at_once_to_one_file_and_to_many_are_all_whole()
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
        for (int i = 0; i < versions.Length; i++) Assert.That(File.ReadAllBytes(_folder.File($"npc {i}")).AsSpan().SequenceEqual(versions[i]));
        Assert.That(Files, Has.Length.EqualTo(9));
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
