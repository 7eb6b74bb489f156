using Silk.NET.Vulkan;
using Tavern.Renderer;
using Semaphore = Silk.NET.Vulkan.Semaphore;

namespace Tavern.Frames;

/// <summary>The images that a window shows in turn, of one size.</summary>
internal sealed unsafe class Swapchain : IDisposable
{
    private readonly RenderDevice _device;
    private readonly SurfaceFunctions _functions;
    private readonly DeviceImage[] _images;

    /// <summary>One per image: signalled when its frame is drawn, free again when the image is next acquired.</summary>
    private readonly Semaphore[] _drawn;

    public Swapchain(RenderDevice device, SurfaceFunctions functions, SurfaceKHR surface, SurfaceFormatKHR format,
        in SurfaceCapabilitiesKHR abilities, Extent2D size, Swapchain? old)
    {
        _device = device;
        _functions = functions;
        uint wanted = abilities.MinImageCount + 1;
        SwapchainCreateInfoKHR info = new()
        {
            SType = StructureType.SwapchainCreateInfoKhr,
            Surface = surface,
            MinImageCount = abilities.MaxImageCount == 0 ? wanted : Math.Min(wanted, abilities.MaxImageCount),
            ImageFormat = format.Format,
            ImageColorSpace = format.ColorSpace,
            ImageExtent = size,
            ImageArrayLayers = 1,
            ImageUsage = ImageUsageFlags.ColorAttachmentBit | ImageUsageFlags.TransferDstBit,
            PreTransform = abilities.CurrentTransform,
            CompositeAlpha = CompositeAlphaFlagsKHR.OpaqueBitKhr,
            PresentMode = PresentModeKHR.FifoKhr,
            Clipped = true,
            OldSwapchain = old?.Handle ?? default,
        };
        SwapchainKHR swapchain;
        functions.CreateSwapchain(device.Handle, &info, null, &swapchain).ThrowOnError("vkCreateSwapchainKHR");
        Handle = swapchain;
        Width = (int)size.Width;
        Height = (int)size.Height;

        uint count;
        functions.GetImages(device.Handle, swapchain, &count, null).ThrowOnError("vkGetSwapchainImagesKHR");
        Image[] images = new Image[count];
        fixed (Image* p = images) functions.GetImages(device.Handle, swapchain, &count, p).ThrowOnError("vkGetSwapchainImagesKHR");
        _images = [.. images.Select(image => DeviceImage.Wrap(device, image, Width, Height, format.Format))];
        _drawn = [.. images.Select(_ => MakeSemaphore(device))];
    }

    public SwapchainKHR Handle { get; }

    public int Width { get; }

    public int Height { get; }

    public static Semaphore MakeSemaphore(RenderDevice device)
    {
        SemaphoreCreateInfo info = new() { SType = StructureType.SemaphoreCreateInfo };
        device.Api.CreateSemaphore(device.Handle, &info, null, out Semaphore semaphore).ThrowOnError("vkCreateSemaphore");
        return semaphore;
    }

    /// <summary>
    /// The next image and the semaphore to signal when it is drawn; null when the window has changed and another swapchain is needed.
    /// </summary>
    public (uint Index, DeviceImage Image, Semaphore Drawn)? Acquire(Semaphore acquired)
    {
        uint index;
        Result result = _functions.Acquire(_device.Handle, Handle, ulong.MaxValue, acquired, default, &index);
        if (result == Result.ErrorOutOfDateKhr) return null;
        result.ThrowOnError("vkAcquireNextImageKHR");
        return (index, _images[index], _drawn[index]);
    }

    /// <summary>Shows an image; false when another swapchain is needed.</summary>
    public bool Present(uint index)
    {
        SwapchainKHR swapchain = Handle;
        Semaphore drawn = _drawn[index];
        PresentInfoKHR info = new()
        {
            SType = StructureType.PresentInfoKhr,
            WaitSemaphoreCount = 1,
            PWaitSemaphores = &drawn,
            SwapchainCount = 1,
            PSwapchains = &swapchain,
            PImageIndices = &index
        };
        Result result;
        lock (_device.QueueLock) result = _functions.Present(_device.Queue, &info);
        if (result is Result.ErrorOutOfDateKhr or Result.SuboptimalKhr) return false;
        result.ThrowOnError("vkQueuePresentKHR");
        return true;
    }

    /// <summary>The device must be idle.</summary>
    public void Dispose()
    {
        foreach (DeviceImage image in _images) image.Dispose();
        foreach (Semaphore semaphore in _drawn) _device.Api.DestroySemaphore(_device.Handle, semaphore, null);
        _functions.DestroySwapchain(_device.Handle, Handle, null);
    }
}
