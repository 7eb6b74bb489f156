using System.Net.Sockets;
using System.Runtime.InteropServices;
using NpcMind.Core;
using NpcMind.Gguf;
using NpcMind.Tests.Gguf;
using NpcMind.Vision;
using NUnit.Framework;

namespace NpcMind.Tests.Files;

/// <summary>What is no file is refused at once: nobody writes into these pipes, so a test that waits never ends.</summary>
[Platform("Linux")]
[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
[CancelAfter(60_000)]
internal sealed partial class RegularFileTests : IDisposable
{
    private readonly TestFolder _folder = new();

    private Socket? _socket; // .NET deletes a socket's file when it collects the socket

    public void Dispose()
    {
        _socket?.Dispose();
        _folder.Dispose();
    }

    public static IEnumerable<(string What, string Name)> Kinds => [("a pipe", "pipe"), ("a socket", "socket"), ("a device", "/dev/zero"),
        ("a device", "/dev/null"), ("a folder", "folder"), ("a pipe", "link")];

    [TestCaseSource(nameof(Kinds))]
    public void Open_NoRegularFile_IsRefusedByName((string What, string Name) kind)
    {
        string path = Make(kind.Name);
        Assert.That(() => RegularFile.Open(path).Dispose(),
            Throws.InstanceOf<IOException>().With.Message.Contains(path).And.Message.Contains(kind.What));
        Assert.That(() => GgufFile.Open(path).Dispose(), Throws.InstanceOf<IOException>().With.Message.Contains(kind.What));
        Assert.That(() => PictureFile.Read(path, PictureLimits.Default), Throws.InstanceOf<IOException>().With.Message.Contains(kind.What));
        Assert.That(() => NpcImage.FromFile(path), Throws.TypeOf<FileReadException>().With.Message.Contains(kind.What));
        Assert.That(async () => await NpcImage.FromFileAsync(path), Throws.TypeOf<FileReadException>().With.Message.Contains(kind.What));
        Assert.That(() => NpcRuntime.Load(path), Throws.TypeOf<FileReadException>().With.Message.Contains(kind.What));
        Assert.That(() => SaveFile.Read(path, _ => 0), Throws.InstanceOf<SaveFileException>().With.Message.Contains(path));
        Assert.That(() => SaveFile.WriteAtomically(path, stream => stream.WriteByte(1)),
            Throws.InstanceOf<SaveFileException>().With.Message.Contains(path));
        Assert.That(File.Exists(path) || Directory.Exists(path), "a save does not take the place of a pipe or device");
    }

    [Test]
    public void Open_PipeAsImageEncoder_IsRefusedByName()
    {
        string pipe = Make("pipe"), model = NpcMind.Reference.TestData.Golden("architectures", "mixtral_8x2", "model.gguf");
        Assert.That(() => NpcRuntime.Load(model, new NpcRuntimeOptions { ImageEncoderPath = pipe }),
            Throws.TypeOf<FileReadException>().With.Message.Contains(pipe));
    }

    [Test]
    public void CostFile_PipeInItsPlace_IsLeftAlone()
    {
        byte[] model = [1, 2, 3];
        string folder = Make("folder");
        CostFile costs = new(folder, "device", model);
        costs.Save();
        string path = Directory.GetFiles(folder).Single();
        Assert.That(new CostFile(folder, "device", model).WasLoaded);
        File.Delete(path);
        Assert.That(MakePipe(path, 0x180), Is.Zero);
        CostFile blocked = new(folder, "device", model);
        Assert.That(blocked.WasLoaded, Is.False);
        blocked.Save();
    }

    [Test]
    public void Open_FileThroughADescriptor_IsAFile()
    {
        string path = _folder.Write("plain", [1, 2, 3]);
        using FileStream stream = File.OpenRead(path);
        Assert.That(RegularFile.ReadAllBytes($"/dev/fd/{stream.SafeFileHandle.DangerousGetHandle()}", 10), Is.EqualTo((byte[])[1, 2, 3]));
        Assert.That(() => RegularFile.ReadAllBytes(path, 2), Throws.InstanceOf<IOException>().With.Message.Contains("at most 2"));
    }

    [Test]
    public void Open_NothingThere_IsNamed() =>
        Assert.That(() => RegularFile.Open("/nowhere/model.gguf"),
            Throws.InstanceOf<IOException>().With.Message.Contains("/nowhere/model.gguf"));

    private string Make(string name)
    {
        if (name.StartsWith('/')) return name;
        string path = _folder.File(name);
        switch (name)
        {
            case "pipe":
                Assert.That(MakePipe(path, 0x180), Is.Zero);
                break;
            case "socket":
                _socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
                _socket.Bind(new UnixDomainSocketEndPoint(path));
                break;
            case "link":
                Assert.That(MakePipe(path + ".pipe", 0x180), Is.Zero);
                File.CreateSymbolicLink(path, path + ".pipe");
                break;
            default:
                Directory.CreateDirectory(path);
                break;
        }

        return path;
    }

    [LibraryImport("libc", EntryPoint = "mkfifo", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int MakePipe(string path, uint mode);
}
