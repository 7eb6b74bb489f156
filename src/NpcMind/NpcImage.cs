using NpcMind.Gpu;
using NpcMind.Vision;

namespace NpcMind;

/// <summary>How the texels of a game's VkImage lie, as VkFormat names them.</summary>
public enum VulkanImageFormat
{
    /// <summary>VK_FORMAT_R8G8B8A8_UNORM.</summary>
    Rgba8Unorm = 37,

    /// <summary>VK_FORMAT_R8G8B8A8_SRGB.</summary>
    Rgba8Srgb = 43,

    /// <summary>VK_FORMAT_B8G8R8A8_UNORM.</summary>
    Bgra8Unorm = 44,

    /// <summary>VK_FORMAT_B8G8R8A8_SRGB.</summary>
    Bgra8Srgb = 50,

    /// <summary>VK_FORMAT_A2B10G10R10_UNORM_PACK32.</summary>
    Rgb10A2Unorm = 64,

    /// <summary>VK_FORMAT_R16G16B16A16_SFLOAT; taken as linear light.</summary>
    Rgba16Float = 97,
}

/// <summary>The layout a game's VkImage is in while a mind looks at it.</summary>
public enum VulkanImageLayout
{
    /// <summary>VK_IMAGE_LAYOUT_SHADER_READ_ONLY_OPTIMAL.</summary>
    ShaderReadOnly,

    /// <summary>VK_IMAGE_LAYOUT_GENERAL.</summary>
    General,
}

/// <summary>
/// Something to be seen: a picture file, pixels, or a frame that the game rendered. Give it to <see cref="Npc.See"/>; several characters
/// can be given the same one, and what it shows is worked out once. Making one may happen on any thread, everything else on the game's.
/// </summary>
public sealed class NpcImage
{
    private NpcImage(int width, int height, Picture? picture, ExternalImage? external, bool isDrawn = true)
    {
        Width = width;
        Height = height;
        Picture = picture;
        External = external;
        IsDrawn = isDrawn;
    }

    /// <summary>Pixels in a row.</summary>
    public int Width { get; }

    /// <summary>Rows.</summary>
    public int Height { get; }

    /// <summary>Whether the pixels have been read: from then on the game may change or free a VkImage.</summary>
    public bool IsCaptured { get; internal set; }

    /// <summary>
    /// Whether there is something to see. Characters can be given an image before the game has drawn it (the last argument of
    /// <see cref="FromVulkan"/>): whoever is to see it waits, as long as it takes, everybody else thinks on. Call <see cref="MarkDrawn"/>
    /// once the drawing has been submitted, or recorded into the frame's command buffer. A character cannot be saved before.
    /// </summary>
    public bool IsDrawn { get; private set; }

    /// <summary>What the image shows has been drawn: from the next tick on it is looked at. Called on the game's thread.</summary>
    public void MarkDrawn() => IsDrawn = true;

    internal Picture? Picture { get; }

    internal ExternalImage? External { get; }

    /// <summary>What a runtime makes of it; null before the first look.</summary>
    internal TurnImage? TurnImage { get; set; }

    /// <summary>Whose <see cref="TurnImage"/> that is.</summary>
    internal ImageQueue? SeenBy { get; set; }

    /// <summary>
    /// Decodes a PNG or JPEG file: upright as EXIF says, transparency dropped. Takes up to half a second: on a loading screen, or <see
    /// cref="FromFileAsync"/>.
    /// </summary>
    /// <param name="path">The file.</param>
    /// <exception cref="ImageFormatException">
    /// Damaged, cut short, larger than 16 million pixels, of too many scans or of another format; the message says where, and what to do.
    /// </exception>
    /// <exception cref="FileReadException">There is no such file, it cannot be read, or it is a folder, pipe, socket or device.</exception>
    public static NpcImage FromFile(string path)
    {
        ArgumentNullException.ThrowIfNull(path);
        try
        {
            Picture picture = PictureFile.Read(path, new PictureLimits());
            return new NpcImage(picture.Width, picture.Height, picture, null);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new FileReadException(path, e);
        }
    }

    /// <summary>Decodes a PNG or JPEG file as <see cref="FromFile"/> does, on another thread: a game may call it within a frame.</summary>
    /// <param name="path">The file.</param>
    /// <param name="cancellationToken">
    /// Ends the task as cancelled before the file is read or once it is decoded; decoding itself is not interrupted.
    /// </param>
    /// <returns>A task that ends with the image, or with the exceptions of <see cref="FromFile"/>.</returns>
    public static Task<NpcImage> FromFileAsync(string path, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(path);
        return Task.Run(
            () =>
            {
                NpcImage image = FromFile(path);
                cancellationToken.ThrowIfCancellationRequested();
                return image;
            },
            cancellationToken);
    }

    /// <summary>Takes pixels; they are copied.</summary>
    /// <param name="width">Pixels in a row, at most 16384.</param>
    /// <param name="height">Rows, at most 16384.</param>
    /// <param name="rgba">[height, width, 4] bytes in sRGB, rows from top to bottom; the fourth is ignored.</param>
    /// <exception cref="ArgumentException">The sizes do not fit.</exception>
    public static NpcImage FromRgba(int width, int height, ReadOnlySpan<byte> rgba)
    {
        CheckSize(width, height);
        if (rgba.Length != 4L * width * height)
            throw new ArgumentException($"{width} x {height} pixels take {4L * width * height} bytes, not {rgba.Length}.", nameof(rgba));
        return new NpcImage(width, height, new Picture(width, height, rgba.ToArray()), null);
    }

    /// <summary>
    /// Looks at a VkImage where it is: no pixel visits the host. Only for runtimes on the game's device
    /// (<see cref="VulkanHost.UseExisting"/>). The image is two-dimensional, has one sample per texel and VK_IMAGE_USAGE_SAMPLED_BIT, lives
    /// on the device given to <see cref="VulkanHost.UseExisting"/>, is in the stated layout, and belongs to that queue's family (or is
    /// concurrent). Whatever was submitted to the queue, or recorded into the frame's command buffer, before the tick that reads it is
    /// waited for on the device; no layout changes. The content must stay until <see cref="IsCaptured"/>.
    /// </summary>
    /// <param name="image">VkImage.</param>
    /// <param name="width">Width of its first mip level.</param>
    /// <param name="height">Height of its first mip level.</param>
    /// <param name="format">Its format.</param>
    /// <param name="layout">The layout it is in once it is drawn.</param>
    /// <param name="isDrawn">False for an image that will be drawn in a later frame, or over several: see <see cref="IsDrawn"/>.</param>
    /// <exception cref="ArgumentException">No image, or sizes out of range.</exception>
    public static NpcImage FromVulkan(nint image, int width, int height, VulkanImageFormat format,
        VulkanImageLayout layout = VulkanImageLayout.ShaderReadOnly, bool isDrawn = true)
    {
        CheckSize(width, height);
        ExternalImage external = new((ulong)image, width, height, (uint)format, layout == VulkanImageLayout.General
            ? ImageLayoutKind.General : ImageLayoutKind.ShaderReadOnly);
        external.Check();
        return new NpcImage(width, height, null, external, isDrawn);
    }

    private static void CheckSize(int width, int height)
    {
        const int MaxSide = 16384;
        if (width is < 1 or > MaxSide || height is < 1 or > MaxSide)
            throw new ArgumentException($"{width} x {height} pixels: an image has 1 to {MaxSide} pixels along each side.");
    }
}
