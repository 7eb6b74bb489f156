using NpcMind.Gpu;
using NpcMind.Scheduling;

namespace NpcMind;

/// <summary>
/// Learned costs of a model on a device, kept in a file beside the compiled shaders. A file that cannot be used or written costs some
/// learning, nothing else.
/// </summary>
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
        byte[] content = CacheFile.Read(_path, MaxBytes);
        WasLoaded = content.Length > 0 && CostModel.TryLoad(content, device, Costs);
    }

    public CostModel Costs { get; }

    public bool WasLoaded { get; }

    public void Save()
    {
        if (_path is not null) CacheFile.Write(_path, Costs.Save(_device));
    }

    private static byte[] Fingerprint(string device, byte[] model) =>
        System.Security.Cryptography.SHA256.HashData([.. System.Text.Encoding.UTF8.GetBytes(device), .. model]);
}
