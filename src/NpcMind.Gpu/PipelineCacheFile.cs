using System.Globalization;
using System.Security.Cryptography;
using Silk.NET.Vulkan;

namespace NpcMind.Gpu;

/// <summary>
/// VkPipelineCache kept in a file per device and driver. A file that is damaged or from another driver is ignored: the driver checks the
/// header (Vulkan specification, "Pipeline Cache Header"), we check a SHA-256 in front of it, because drivers trust the rest.
/// </summary>
internal sealed unsafe class PipelineCacheFile : IDisposable
{
    private const int HashBytes = 32;
    private const int MaximumBytes = 256 << 20;
    private readonly GpuDevice _device;
    private readonly string? _path;
    private byte[] _saved = [];

    public PipelineCacheFile(GpuDevice device, string? folder)
    {
        _device = device;
        byte[] data = [];
        if (folder is not null)
        {
            device.Api.GetPhysicalDeviceProperties(device.Physical, out PhysicalDeviceProperties properties);
            string uuid = Convert.ToHexString(new ReadOnlySpan<byte>(properties.PipelineCacheUuid, 16));
            _path = Path.Combine(folder,
                string.Create(CultureInfo.InvariantCulture,
                    $"pipelines-{properties.VendorID:x4}-{properties.DeviceID:x4}-{properties.DriverVersion:x}-{uuid}.bin"));
            data = Load(_path);
        }

        fixed (byte* p = data)
        {
            PipelineCacheCreateInfo info = new()
            { SType = StructureType.PipelineCacheCreateInfo, InitialDataSize = (nuint)data.Length, PInitialData = p };
            device.Api.CreatePipelineCache(device.Handle, in info, null, out PipelineCache cache).ThrowOnError("vkCreatePipelineCache");
            Handle = cache;
        }

        WasLoaded = data.Length > 0;
    }

    public PipelineCache Handle { get; }

    public bool WasLoaded { get; }

    /// <summary>Writes what was compiled, if that is more than what the file held. Whatever fails is left out.</summary>
    public void Save()
    {
        if (_path is null) return;
        nuint size = 0;
        if (_device.Api.GetPipelineCacheData(_device.Handle, Handle, &size, null) != Result.Success) return;
        byte[] data = new byte[size];
        fixed (byte* p = data)
            if (_device.Api.GetPipelineCacheData(_device.Handle, Handle, &size, p) != Result.Success) return;
        byte[] hash = SHA256.HashData(data);
        if (hash.AsSpan().SequenceEqual(_saved)) return;
        CacheFile.Write(_path, [.. hash, .. data]);
        _saved = hash;
    }

    public void Dispose() => _device.Api.DestroyPipelineCache(_device.Handle, Handle, null);

    private byte[] Load(string path)
    {
        byte[] bytes = CacheFile.Read(path, MaximumBytes);
        if (bytes.Length <= HashBytes) return [];
        byte[] data = bytes[HashBytes..], hash = SHA256.HashData(data);
        if (!hash.AsSpan().SequenceEqual(bytes.AsSpan(0, HashBytes))) return [];
        _saved = hash;
        return data;
    }
}
