using System.Runtime.InteropServices;
using Silk.NET.Core.Contexts;
using Silk.NET.Vulkan;

namespace NpcMind.Gpu;

/// <summary>
/// The system's Vulkan loader. Not the binding's own search for it: that reads assembly paths and dependency files, which games compiled
/// ahead of time lack.
/// </summary>
internal sealed class VulkanLoader : INativeContext
{
    private static readonly string[] Names =
        OperatingSystem.IsWindows() ? ["vulkan-1.dll"] : OperatingSystem.IsMacOS()
        ? ["libvulkan.1.dylib", "libvulkan.dylib", "libMoltenVK.dylib"] : ["libvulkan.so.1", "libvulkan.so"];

    /// <summary>Puts itself between us and the loader, for tests that let calls fail; null for nobody.</summary>
    internal static Func<INativeContext, INativeContext>? Interposer { get; set; }

    private readonly nint _library;

    private VulkanLoader(nint library) => _library = library;

    /// <summary>The functions of Vulkan.</summary>
    /// <exception cref="GpuUnavailableException">There is no loader.</exception>
    public static Vk Load()
    {
        foreach (string name in Names)
            if (NativeLibrary.TryLoad(name, typeof(VulkanLoader).Assembly, null, out nint library))
                return new Vk(Interposer is { } interposer ? interposer(new VulkanLoader(library)) : new VulkanLoader(library));
        throw new GpuUnavailableException("The Vulkan loader is not installed.",
            "Install it (Debian, Ubuntu: apt-get install libvulkan1 mesa-vulkan-drivers).");
    }

    public nint GetProcAddress(string proc, int? slot = null) =>
        TryGetProcAddress(proc, out nint address)
        ? address : throw new GpuUnavailableException($"The Vulkan loader does not know {proc}.", "Update the Vulkan loader (libvulkan1).");

    public bool TryGetProcAddress(string proc, out nint addr, int? slot = null) => NativeLibrary.TryGetExport(_library, proc, out addr);

    public void Dispose() => NativeLibrary.Free(_library);
}
