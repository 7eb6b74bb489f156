using System.Runtime.InteropServices;
using Silk.NET.Vulkan;
using Semaphore = Silk.NET.Vulkan.Semaphore;

namespace Tavern.Renderer;

/// <summary>Vulkan handles as a game or an engine passes them around.</summary>
/// <param name="Instance">VkInstance of version 1.3.</param>
/// <param name="PhysicalDevice">VkPhysicalDevice.</param>
/// <param name="Device">VkDevice with dynamicRendering, synchronization2 and timelineSemaphore.</param>
/// <param name="Queue">VkQueue that draws.</param>
/// <param name="QueueFamily">Its family.</param>
/// <param name="QueueLock">Held during each submission; null when one thread alone uses the queue.</param>
public sealed record DeviceHandles(nint Instance, nint PhysicalDevice, nint Device, nint Queue, uint QueueFamily, object? QueueLock = null);

/// <summary>
/// A device to draw on: somebody's (<see cref="Share"/>) or one of our own (<see cref="Create"/>). Used by one thread at a time.
/// </summary>
public sealed unsafe class RenderDevice : IDisposable
{
    private readonly OwnInstance? _ownInstance;
    private PhysicalDeviceMemoryProperties _memory;

    private RenderDevice(Vk api, DeviceHandles handles, OwnInstance? ownInstance)
    {
        Api = api;
        Handles = handles;
        _ownInstance = ownInstance;
        QueueLock = handles.QueueLock ?? new object();
        Instance = new Instance(handles.Instance);
        Physical = new PhysicalDevice(handles.PhysicalDevice);
        Handle = new Device(handles.Device);
        Queue = new Queue(handles.Queue);
        api.GetPhysicalDeviceProperties(Physical, out PhysicalDeviceProperties properties);
        Name = Marshal.PtrToStringUTF8((nint)properties.DeviceName) ?? "";
        PhysicalDeviceDriverProperties driver = new() { SType = StructureType.PhysicalDeviceDriverProperties };
        PhysicalDeviceProperties2 more = new() { SType = StructureType.PhysicalDeviceProperties2, PNext = &driver };
        api.GetPhysicalDeviceProperties2(Physical, &more);
        Driver = $"{Marshal.PtrToStringUTF8((nint)driver.DriverName)} {Marshal.PtrToStringUTF8((nint)driver.DriverInfo)}".Trim();
        IsSoftware = properties.DeviceType == PhysicalDeviceType.Cpu;
        UniformAlignment = (int)properties.Limits.MinUniformBufferOffsetAlignment;
        api.GetPhysicalDeviceMemoryProperties(Physical, out _memory);
    }

    public DeviceHandles Handles { get; }

    public string Name { get; }

    /// <summary>The driver's name and version, in its own words.</summary>
    public string Driver { get; }

    /// <summary>Whether the processor draws.</summary>
    public bool IsSoftware { get; }

    /// <summary>What the validation layer has said; empty when it was not asked for.</summary>
    public IReadOnlyList<string> ValidationMessages => _ownInstance?.Messages ?? [];

    /// <summary>Shaders to use instead of those built in; null for none.</summary>
    public ShaderSources? Shaders { get; set; }

    public Vk Api { get; }

    public Instance Instance { get; }

    public PhysicalDevice Physical { get; }

    public Device Handle { get; }

    public Queue Queue { get; }

    /// <summary>To be held while the queue is used.</summary>
    public object QueueLock { get; }

    internal int UniformAlignment { get; }

    public static RenderDevice Share(DeviceHandles handles) => new(Vk.GetApi(), handles, null);

    /// <summary>
    /// Makes instance and device; a real GPU is preferred to a software driver. The device has what NpcMind's VulkanHost.UseExisting needs,
    /// too.
    /// </summary>
    public static RenderDevice Create(RenderDeviceOptions? options = null)
    {
        options ??= new RenderDeviceOptions();
        Vk api = Vk.GetApi();
        OwnInstance instance = new(api, options);
        try
        {
            (PhysicalDevice physical, uint family) = DeviceChoice.Choose(api, instance.Handle, options);
            Device device = DeviceChoice.CreateDevice(api, physical, family, options.DeviceExtensions);
            api.GetDeviceQueue(device, family, 0, out Queue queue);
            return new RenderDevice(api,
                new DeviceHandles(instance.Handle.Handle, physical.Handle, device.Handle, queue.Handle, family, new object()), instance);
        }
        catch
        {
            instance.Dispose();
            throw;
        }
    }

    public void WaitIdle()
    {
        lock (QueueLock) Api.DeviceWaitIdle(Handle).ThrowOnError("vkDeviceWaitIdle");
    }

    /// <summary>As <see cref="WaitIdle"/>, before things are freed: of a lost device too, which has nothing under way any more.</summary>
    public void Settle()
    {
        lock (QueueLock) _ = Api.DeviceWaitIdle(Handle);
    }

    /// <summary>Submits; signals a timeline semaphore, and waits for and signals a binary one where these are given.</summary>
    internal void Submit(CommandBuffer commands, Semaphore timeline, ulong value, Semaphore wait, Semaphore signal)
    {
        CommandBufferSubmitInfo command = new() { SType = StructureType.CommandBufferSubmitInfo, CommandBuffer = commands };
        SemaphoreSubmitInfo waiting = new()
        { SType = StructureType.SemaphoreSubmitInfo, Semaphore = wait, StageMask = PipelineStageFlags2.AllCommandsBit };
        SemaphoreSubmitInfo* signalling = stackalloc SemaphoreSubmitInfo[2]
        {
            new() { SType = StructureType.SemaphoreSubmitInfo, Semaphore = timeline, Value = value,
                StageMask = PipelineStageFlags2.AllCommandsBit },
            new() { SType = StructureType.SemaphoreSubmitInfo, Semaphore = signal, StageMask = PipelineStageFlags2.AllCommandsBit },
        };
        SubmitInfo2 info = new()
        {
            SType = StructureType.SubmitInfo2,
            CommandBufferInfoCount = 1,
            PCommandBufferInfos = &command,
            WaitSemaphoreInfoCount = wait.Handle == 0 ? 0u : 1u,
            PWaitSemaphoreInfos = &waiting,
            SignalSemaphoreInfoCount = signal.Handle == 0 ? 1u : 2u,
            PSignalSemaphoreInfos = signalling,
        };
        lock (QueueLock) Api.QueueSubmit2(Queue, 1, &info, default).ThrowOnError("vkQueueSubmit2");
    }

    /// <summary>Waits for the device; frees it if it is our own.</summary>
    public void Dispose()
    {
        if (_ownInstance is null) return;
        Settle();
        Api.DestroyDevice(Handle, null);
        _ownInstance.Dispose();
    }

    internal DeviceMemory Allocate(MemoryRequirements needed, MemoryPropertyFlags wanted)
    {
        for (int i = 0; i < _memory.MemoryTypeCount; i++)
        {
            if ((needed.MemoryTypeBits & (1u << i)) == 0 || (_memory.MemoryTypes[i].PropertyFlags & wanted) != wanted) continue;
            MemoryAllocateInfo info = new()
            { SType = StructureType.MemoryAllocateInfo, AllocationSize = needed.Size, MemoryTypeIndex = (uint)i };
            Api.AllocateMemory(Handle, &info, null, out DeviceMemory memory).ThrowOnError("vkAllocateMemory");
            return memory;
        }

        throw new RenderException($"'{Name}' has no memory that is {wanted}.");
    }
}

public sealed record RenderDeviceOptions
{
    /// <summary>Whether to turn on the Khronos validation layer, with synchronization validation.</summary>
    public bool Validate { get; init; }

    public IReadOnlyList<string> InstanceExtensions { get; init; } = [];

    public IReadOnlyList<string> DeviceExtensions { get; init; } = [];

    /// <summary>
    /// Whether a queue family of a physical device will do, beyond drawing and computing; asked with the instance, the physical device and
    /// the family.
    /// </summary>
    public Func<Instance, PhysicalDevice, uint, bool>? Accepts { get; init; }
}

/// <summary>Vulkan could not do what was asked.</summary>
public sealed class RenderException(string message, bool isDeviceLost = false) : Exception(message)
{
    /// <summary>Whether the device was reset or removed: nothing on it can be used any more, and all else is unharmed.</summary>
    public bool IsDeviceLost => isDeviceLost;
}

public static class Results
{
    /// <summary>Every result is checked, in release builds too.</summary>
    public static void ThrowOnError(this Result result, string call)
    {
        if (result < Result.Success) throw new RenderException($"{call}: {result}", result == Result.ErrorDeviceLost);
    }
}
