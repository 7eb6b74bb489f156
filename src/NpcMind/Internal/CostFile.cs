using NpcMind.Files;
using NpcMind.Scheduling;

namespace NpcMind;

/// <summary>Learned costs of a model on a device, kept in a file beside the compiled shaders. A file that cannot be used or written costs some learning, nothing else.</summary>
internal sealed class CostFile
{
    private const double UnknownMilliseconds = 1;
    private const int MaxBytes = 16 << 20;
    private readonly string? _path;
    private readonly string _device;

    public CostFile(string? folder, string device, byte[] model)
    {
        _device = device;
        Costs = new CostModel(UnknownMilliseconds);
        if (folder is null) return;
        _path = Path.Combine(folder, $"costs-{Convert.ToHexString(Fingerprint(device, model).AsSpan(0, 8))}.bin");
        try
        {
            WasLoaded = File.Exists(_path) && CostModel.TryLoad(RegularFile.ReadAllBytes(_path, MaxBytes), device, Costs);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            WasLoaded = false;
        }
    }

    public CostModel Costs { get; }

    public bool WasLoaded { get; }

    public void Save()
    {
        if (_path is null) return;
        try
        {
            Directory.CreateDirectory(Path.GetDirectoryName(_path)!);
            SaveFile.WriteAtomically(_path, stream => stream.Write(Costs.Save(_device)));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // Learned again next time.
        }
    }

    private static byte[] Fingerprint(string device, byte[] model) => System.Security.Cryptography.SHA256.HashData([.. System.Text.Encoding.UTF8.GetBytes(device), .. model]);
}
