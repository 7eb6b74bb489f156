using Silk.NET.Vulkan;

namespace NpcMind.Gpu;

/// <summary>How a shader fetches a tensor through a texel buffer.</summary>
internal enum TexelFormat
{
    /// <summary>Not fetched: bound as a storage buffer.</summary>
    None,
    /// <summary>One u32 per texel.</summary>
    UInt1,
    /// <summary>Two u32 per texel.</summary>
    UInt2,
    /// <summary>Four u32 per texel.</summary>
    UInt4,
    /// <summary>Two f32 per texel.</summary>
    Float2,
    /// <summary>Four f32 per texel.</summary>
    Float4,
}

/// <summary>
/// A byte range of a buffer that a shader binding or a copy sees. Shapes are stated where a tensor is used. Kernels read through texel
/// buffers (docs/decisions/0004), so a tensor says how it is fetched; the same bytes can be a storage buffer for one kernel and texels for
/// the next.
/// </summary>
/// <param name="Buffer">Buffer that holds it; not owned.</param>
/// <param name="Offset">First byte, a multiple of the device's alignment when bound.</param>
/// <param name="Bytes">Length.</param>
/// <param name="Name">Name for errors.</param>
/// <param name="Format">How it is fetched when the binding is a texel buffer.</param>
internal sealed record Tensor(GpuBuffer Buffer, long Offset, long Bytes, string Name, TexelFormat Format = TexelFormat.None)
{
    /// <summary>A part of it.</summary>
    public Tensor Slice(long offset, long bytes)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(offset);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(offset + bytes, Bytes, nameof(bytes));
        return this with { Offset = Offset + offset, Bytes = bytes };
    }

    /// <summary>The same bytes fetched as texels.</summary>
    public Tensor As(TexelFormat format) => this with { Format = format };
}

internal static class TexelFormats
{
    public static int Bytes(TexelFormat format) => format switch
    {
        TexelFormat.UInt1 => 4,
        TexelFormat.UInt2 or TexelFormat.Float2 => 8,
        _ => 16,
    };

    public static Format Vulkan(TexelFormat format) => format switch
    {
        TexelFormat.UInt1 => Format.R32Uint,
        TexelFormat.UInt2 => Format.R32G32Uint,
        TexelFormat.UInt4 => Format.R32G32B32A32Uint,
        TexelFormat.Float2 => Format.R32G32Sfloat,
        TexelFormat.Float4 => Format.R32G32B32A32Sfloat,
        _ => throw new ArgumentException("A tensor bound as texel buffer needs a texel format.", nameof(format)),
    };
}
