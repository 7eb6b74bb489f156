using Silk.NET.Vulkan;
using Tavern.Renderer;

namespace Tavern.Frames;

/// <summary>Entry points of VK_KHR_surface and VK_KHR_swapchain, which the binding's core lacks.</summary>
internal sealed unsafe class SurfaceFunctions(RenderDevice device)
{
    public readonly delegate* unmanaged<Instance, SurfaceKHR, AllocationCallbacks*, void> DestroySurface =
        (delegate* unmanaged<Instance, SurfaceKHR, AllocationCallbacks*, void>)OfInstance(device, "vkDestroySurfaceKHR");

    public readonly delegate* unmanaged<PhysicalDevice, SurfaceKHR, SurfaceCapabilitiesKHR*, Result> GetCapabilities =
        (delegate* unmanaged<PhysicalDevice, SurfaceKHR, SurfaceCapabilitiesKHR*, Result>)OfInstance(device,
            "vkGetPhysicalDeviceSurfaceCapabilitiesKHR");

    public readonly delegate* unmanaged<PhysicalDevice, SurfaceKHR, uint*, SurfaceFormatKHR*, Result> GetFormats =
        (delegate* unmanaged<PhysicalDevice, SurfaceKHR, uint*, SurfaceFormatKHR*, Result>)OfInstance(device,
            "vkGetPhysicalDeviceSurfaceFormatsKHR");

    public readonly delegate* unmanaged<PhysicalDevice, uint, SurfaceKHR, uint*, Result> GetSupport =
        (delegate* unmanaged<PhysicalDevice, uint, SurfaceKHR, uint*, Result>)OfInstance(device, "vkGetPhysicalDeviceSurfaceSupportKHR");

    public readonly delegate* unmanaged<Device, SwapchainCreateInfoKHR*, AllocationCallbacks*, SwapchainKHR*, Result> CreateSwapchain =
        (delegate* unmanaged<Device, SwapchainCreateInfoKHR*, AllocationCallbacks*, SwapchainKHR*, Result>)OfDevice(device,
            "vkCreateSwapchainKHR");

    public readonly delegate* unmanaged<Device, SwapchainKHR, AllocationCallbacks*, void> DestroySwapchain =
        (delegate* unmanaged<Device, SwapchainKHR, AllocationCallbacks*, void>)OfDevice(device, "vkDestroySwapchainKHR");

    public readonly delegate* unmanaged<Device, SwapchainKHR, uint*, Image*, Result> GetImages =
        (delegate* unmanaged<Device, SwapchainKHR, uint*, Image*, Result>)OfDevice(device, "vkGetSwapchainImagesKHR");

    public readonly delegate* unmanaged<Device, SwapchainKHR, ulong, Silk.NET.Vulkan.Semaphore, Fence, uint*, Result> Acquire =
        (delegate* unmanaged<Device, SwapchainKHR, ulong, Silk.NET.Vulkan.Semaphore, Fence, uint*, Result>)OfDevice(device,
            "vkAcquireNextImageKHR");

    public readonly delegate* unmanaged<Queue, PresentInfoKHR*, Result> Present =
        (delegate* unmanaged<Queue, PresentInfoKHR*, Result>)OfDevice(device, "vkQueuePresentKHR");

    private static nint OfInstance(RenderDevice device, string name) =>
        Known((nint)device.Api.GetInstanceProcAddr(device.Instance, name).Handle, name);

    private static nint OfDevice(RenderDevice device, string name) =>
        Known((nint)device.Api.GetDeviceProcAddr(device.Handle, name).Handle, name);

    private static nint Known(nint address, string name) => address != 0
        ? address : throw new RenderException($"The driver does not know {name}.");
}
