namespace NpcMind.Tests.Gguf;

/// <summary>A folder of its own, in memory where the system offers that, deleted at the end.</summary>
internal sealed class TestFolder : IDisposable
{
    private readonly string _path = Directory.CreateDirectory(
        Path.Combine(Directory.Exists("/dev/shm") ? "/dev/shm" : Path.GetTempPath(), $"npcmind-{Guid.NewGuid():N}")).FullName;

    public string File(string name) => Path.Combine(_path, name);

    public string Write(string name, byte[] bytes)
    {
        System.IO.File.WriteAllBytes(File(name), bytes);
        return File(name);
    }

    public void Dispose() => Directory.Delete(_path, recursive: true);
}
