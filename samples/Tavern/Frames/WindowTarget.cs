using Silk.NET.Vulkan;
using Tavern.Renderer;
using Tavern.Windows;
using Semaphore = Silk.NET.Vulkan.Semaphore;

namespace Tavern.Frames;

/// <summary>Frames in a window. Follows its size; two frames are on their way at once.</summary>
public sealed unsafe class WindowTarget : IFrameTarget
{
    private const string SwapchainExtension = "VK_KHR_swapchain";
    private readonly RenderDevice _device;
    private readonly IWindow _window;
    private readonly SurfaceFunctions _functions;
    private readonly SurfaceKHR _surface;
    private readonly SurfaceFormatKHR _format;
    private readonly CommandRing _commands;
    private readonly Semaphore[] _acquired;
    private Swapchain? _swapchain;
    private (uint Index, DeviceImage Image, Semaphore Drawn) _current;
    private bool _isStale = true;

    public WindowTarget(RenderDevice device, IWindow window)
    {
        ArgumentNullException.ThrowIfNull(window);
        _device = device;
        _window = window;
        _functions = new SurfaceFunctions(device);
        _surface = new SurfaceKHR(window.CreateSurface(device.Instance.Handle));
        _format = ChooseFormat();
        _commands = new CommandRing(device, 2);
        _acquired = [.. Enumerable.Range(0, _commands.Frames).Select(_ => Swapchain.MakeSemaphore(device))];
        window.Resized += OnResized;
    }

    public (int Width, int Height) Size => _swapchain is null || _isStale ? _window.Size : (_swapchain.Width, _swapchain.Height);

    public Format Format => _format.Format;

    public int FramesInFlight => _commands.Frames;

    /// <summary>What a device must be like to draw in a window.</summary>
    public static RenderDeviceOptions DeviceOptions(IWindow window, bool validate = false)
    {
        ArgumentNullException.ThrowIfNull(window);
        return new()
        {
            Validate = validate,
            InstanceExtensions = window.RequiredInstanceExtensions,
            DeviceExtensions = [SwapchainExtension],
            Accepts = (instance, physical, family) => window.CanPresent(instance.Handle, physical.Handle, family),
        };
    }

    public Frame? Begin()
    {
        for (int attempt = 0; attempt < 3; attempt++)
        {
            if (_window.IsMinimized) return null;
            if (_isStale && !Remake()) return null;
            _commands.WaitForRoom();
            if (_swapchain!.Acquire(_acquired[_commands.Current]) is { } next)
            {
                _current = next;
                return new Frame(_commands.Begin(), next.Image, _commands.Timeline, _commands.SignalValue);
            }

            _isStale = true;
        }

        return null;
    }

    public void End(Frame frame)
    {
        frame.Image.Transition(frame.Commands, ImageLayout.PresentSrcKhr);
        _commands.Submit(_acquired[_commands.Current], _current.Drawn);
        if (!_swapchain!.Present(_current.Index)) _isStale = true;
    }

    public void Finish() => _commands.Finish();

    public void Dispose()
    {
        _window.Resized -= OnResized;
        _device.Settle();
        _commands.Dispose();
        _swapchain?.Dispose();
        foreach (Semaphore semaphore in _acquired) _device.Api.DestroySemaphore(_device.Handle, semaphore, null);
        _functions.DestroySurface(_device.Instance, _surface, null);
    }

    private void OnResized() => _isStale = true;

    /// <summary>False while the window has no area.</summary>
    private bool Remake()
    {
        _device.WaitIdle();
        SurfaceCapabilitiesKHR abilities;
        _functions.GetCapabilities(_device.Physical, _surface, &abilities).ThrowOnError("vkGetPhysicalDeviceSurfaceCapabilitiesKHR");
        Extent2D size = abilities.CurrentExtent, least = abilities.MinImageExtent, most = abilities.MaxImageExtent;
        if (size.Width == uint.MaxValue)
        {
            (int width, int height) = _window.Size;
            size = new(Math.Clamp((uint)width, least.Width, most.Width), Math.Clamp((uint)height, least.Height, most.Height));
        }

        if (size.Width == 0 || size.Height == 0) return false;
        Swapchain made = new(_device, _functions, _surface, _format, abilities, size, _swapchain);
        _swapchain?.Dispose();
        _swapchain = made;
        _isStale = false;
        return true;
    }

    private SurfaceFormatKHR ChooseFormat()
    {
        uint isSupported;
        _functions.GetSupport(_device.Physical, _device.Handles.QueueFamily, _surface, &isSupported)
            .ThrowOnError("vkGetPhysicalDeviceSurfaceSupportKHR");
        if (isSupported == 0) throw new RenderException($"'{_device.Name}' cannot draw in this window.");
        uint count;
        _functions.GetFormats(_device.Physical, _surface, &count, null).ThrowOnError("vkGetPhysicalDeviceSurfaceFormatsKHR");
        SurfaceFormatKHR[] formats = new SurfaceFormatKHR[count];
        fixed (SurfaceFormatKHR* p = formats)
            _functions.GetFormats(_device.Physical, _surface, &count, p).ThrowOnError("vkGetPhysicalDeviceSurfaceFormatsKHR");
        SurfaceFormatKHR format = formats.FirstOrDefault(f => f.Format is Format.B8G8R8A8Srgb or Format.R8G8B8A8Srgb);
        return format.Format != Format.Undefined ? format : throw new RenderException("The window takes no sRGB pictures.");
    }
}
