using Silk.NET.Vulkan;

namespace NpcMind.Gpu;

/// <summary>The layout that an image is in while we read it.</summary>
internal enum ImageLayoutKind
{
    /// <summary>VK_IMAGE_LAYOUT_SHADER_READ_ONLY_OPTIMAL.</summary>
    ShaderReadOnly,
    /// <summary>VK_IMAGE_LAYOUT_GENERAL.</summary>
    General,
}

/// <summary>
/// A game's VkImage, to be looked at where it is. It is two-dimensional with one sample per texel, was created with
/// VK_IMAGE_USAGE_SAMPLED_BIT on the shared device, and belongs to the queue family of <see cref="GpuHandles"/> (or is concurrent). Its
/// first mip level and layer are read, in the layout stated, which is not changed. Whatever was submitted before on that queue is waited
/// for by a barrier of ours; from then on until the picture is captured the game leaves image and layout alone. It stays the game's.
/// </summary>
/// <param name="Image">VkImage.</param>
/// <param name="Width">Width in texels.</param>
/// <param name="Height">Height in texels.</param>
/// <param name="Format">VkFormat number: R8G8B8A8 or B8G8R8A8 as UNORM or SRGB, A2B10G10R10_UNORM_PACK32 or R16G16B16A16_SFLOAT.</param>
/// <param name="Layout">Layout it is in.</param>
/// <param name="IsLinear">
/// Whether its numbers are proportional to light, to be encoded as sRGB before a model sees them, rather than encoded already; null for
/// what is usual: 16-bit floats are linear, the rest is not. SRGB formats are always read as the bytes they hold.
/// </param>
internal sealed record ExternalImage(ulong Image, int Width, int Height, uint Format,
    ImageLayoutKind Layout = ImageLayoutKind.ShaderReadOnly, bool? IsLinear = null)
{
    private static readonly Format[] Accepted =
    [
        Silk.NET.Vulkan.Format.R8G8B8A8Unorm, Silk.NET.Vulkan.Format.R8G8B8A8Srgb, Silk.NET.Vulkan.Format.B8G8R8A8Unorm,
        Silk.NET.Vulkan.Format.B8G8R8A8Srgb,
        Silk.NET.Vulkan.Format.A2B10G10R10UnormPack32, Silk.NET.Vulkan.Format.R16G16B16A16Sfloat,
    ];

    /// <summary>Whether what a fetch gives is linear: the SRGB formats are decoded by the device.</summary>
    internal bool FetchIsLinear => (Format)Format switch
    {
        Silk.NET.Vulkan.Format.R8G8B8A8Srgb or Silk.NET.Vulkan.Format.B8G8R8A8Srgb => true,
        Silk.NET.Vulkan.Format.R16G16B16A16Sfloat => IsLinear ?? true,
        _ => IsLinear ?? false,
    };

    /// <exception cref="ArgumentException">No image, no size, or a format that is not read.</exception>
    public void Check()
    {
        if (Image == 0) throw new ArgumentException("The image is VK_NULL_HANDLE.");
        if (Width < 1 || Height < 1) throw new ArgumentException($"An image of {Width} x {Height} texels is empty.");
        if (!Accepted.Contains((Format)Format))
            throw new ArgumentException(
                $"Images in VkFormat {Format} ({(Format)Format}) cannot be read. Accepted: {string.Join(", ", Accepted)}.");
    }
}

/// <summary>
/// A view of an <see cref="ExternalImage"/> that shaders fetch from. Ours, unlike the image: freed by <see cref="Dispose"/> once the device
/// has finished with it.
/// </summary>
internal sealed unsafe class ImageView2D : IDisposable
{
    private readonly GpuDevice _device;

    /// <summary>Makes a view.</summary>
    /// <exception cref="ArgumentException">As <see cref="ExternalImage.Check"/>.</exception>
    public ImageView2D(GpuDevice device, ExternalImage image)
    {
        ArgumentNullException.ThrowIfNull(device);
        ArgumentNullException.ThrowIfNull(image);
        image.Check();
        _device = device;
        FetchIsLinear = image.FetchIsLinear;
        Layout = image.Layout == ImageLayoutKind.General ? ImageLayout.General : ImageLayout.ShaderReadOnlyOptimal;
        ImageViewCreateInfo info = new()
        {
            SType = StructureType.ImageViewCreateInfo,
            Image = new Image(image.Image),
            ViewType = ImageViewType.Type2D,
            Format = (Format)image.Format,
            SubresourceRange = new ImageSubresourceRange(ImageAspectFlags.ColorBit, 0, 1, 0, 1),
        };
        device.Api.CreateImageView(device.Handle, in info, null, out ImageView view).ThrowOnError("vkCreateImageView");
        View = view;
    }

    /// <summary>Whether a shader must encode what it fetches as sRGB.</summary>
    public bool FetchIsLinear { get; }

    internal ImageView View { get; private set; }

    internal ImageLayout Layout { get; }

    /// <summary>Frees the view.</summary>
    public void Dispose()
    {
        if (View.Handle != 0) _device.Api.DestroyImageView(_device.Handle, View, null);
        View = default;
    }
}
