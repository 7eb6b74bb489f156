using System.Globalization;
using System.Runtime.InteropServices;
using Silk.NET.Vulkan;
using Semaphore = Silk.NET.Vulkan.Semaphore;

namespace NpcMind.Gpu;

/// <summary>
/// A Vulkan 1.3 compute device with one queue: our own (<see cref="Create"/>) or the game's (<see cref="Share"/>).
/// Used by one thread at a time, except where a member says otherwise.
/// </summary>
internal sealed unsafe class GpuDevice : IDisposable
{
    private readonly GpuInstance? _ownInstance;
    private readonly bool _ownsDevice;
    private readonly List<string> _messages;
    private readonly object _queueLock;
    private readonly delegate* unmanaged<Device, DebugUtilsObjectNameInfoEXT*, Result> _setName;

    private GpuDevice(Vk vk, GpuInstance? ownInstance, Instance instance, PhysicalDevice physical, Device device, Queue queue,
        uint queueFamily, bool ownsDevice, object? queueLock, string? cacheFolder, List<string> messages)
    {
        Api = vk;
        _ownInstance = ownInstance;
        _ownsDevice = ownsDevice;
        _messages = messages;
        _queueLock = queueLock ?? new object();
        Instance = instance;
        Physical = physical;
        Handle = device;
        Queue = queue;
        QueueFamily = queueFamily;
        if (ownInstance is { HasDebugUtils: true })
        {
            using Utf8Strings strings = new();
            _setName = (delegate* unmanaged<Device, DebugUtilsObjectNameInfoEXT*, Result>)vk.GetDeviceProcAddr(device,
                strings["vkSetDebugUtilsObjectNameEXT"]).Handle;
        }

        Limits = GpuLimits.Read(vk, physical, queueFamily);
        Memory = new GpuMemory(this);
        PipelineCache = new PipelineCacheFile(this, cacheFolder);
        Descriptors = new DescriptorPools(this);
        Pipelines = new PipelineStore(this);
    }

    private GpuDevice(GpuLimits limits)
    {
        IsDryRun = true;
        Api = null!;
        PipelineCache = null!;
        _messages = [];
        _queueLock = new object();
        Limits = limits;
        Memory = new GpuMemory(this);
        Descriptors = new DescriptorPools(this);
        Pipelines = new PipelineStore(this) { CompilesLate = true };
    }

    /// <summary>
    /// Whether there is no device behind it (<see cref="CreateDryRun"/>): tensors have no memory, pipelines are never compiled, nothing is
    /// copied.
    /// </summary>
    public bool IsDryRun { get; }

    /// <summary>Name, sizes and counts the device reports.</summary>
    public GpuLimits Limits { get; internal set; }

    /// <summary>Allocates buffers, checking the heap's budget first.</summary>
    public GpuMemory Memory { get; }

    /// <summary>
    /// Bytes that have passed between host and device so far: copies whose source or target is host memory, and what was written into
    /// command buffers. Counted when recorded. Whoever lets shaders read host memory adds those bytes.
    /// </summary>
    public long Transfers { get; internal set; }

    /// <summary>Adds bytes that shaders read from, or write to, host memory to <see cref="Transfers"/>.</summary>
    public void CountTransfer(long bytes) => Transfers += bytes;

    /// <summary>Pipelines that live as long as the device.</summary>
    public PipelineStore Pipelines { get; }

    /// <summary>What the validation layer has said since the device was made. Safe from any thread.</summary>
    public IReadOnlyList<string> ValidationMessages
    {
        get
        {
            lock (_messages) return [.. _messages];
        }
    }

    /// <summary>Whether compiled pipelines of an earlier run were found and accepted by the driver.</summary>
    public bool PipelineCacheWasLoaded => PipelineCache.WasLoaded;

    /// <summary><see cref="GpuOptions.KeepsStatistics"/>.</summary>
    internal bool KeepsStatistics { get; private init; }

    /// <summary>Whether shaders may multiply four bytes at a time (the feature shaderIntegerDotProduct is enabled).</summary>
    public bool HasIntegerDot { get; private init; } = true;

    /// <summary>Whether pipelines may ask for subgroups without idle lanes (the feature computeFullSubgroups is enabled).</summary>
    public bool HasFullSubgroups { get; private init; }

    /// <summary>
    /// What pipelines must ask for to have subgroups of at most 32 lanes: that size; 0 where all subgroups are so small; null where they
    /// cannot ask.
    /// </summary>
    public uint? NarrowSubgroups { get; private init; }

    /// <summary>Sizes in which shaders may multiply matrices of bytes; null where they may not.</summary>
    public MatrixShape? Matrices { get; internal set; }

    internal Vk Api { get; }

    internal Instance Instance { get; }

    internal PhysicalDevice Physical { get; }

    internal Device Handle { get; }

    internal Queue Queue { get; }

    internal uint QueueFamily { get; }

    internal PipelineCacheFile PipelineCache { get; }

    internal DescriptorPools Descriptors { get; }

    /// <summary>The Vulkan devices of this machine.</summary>
    /// <exception cref="GpuUnavailableException">No Vulkan loader or driver.</exception>
    public static IReadOnlyList<GpuInfo> List()
    {
        Vk vk = VulkanLoader.Load();
        using GpuInstance instance = new(vk, validate: false, []);
        return DeviceChoice.List(vk, instance.Handle);
    }

    /// <summary>
    /// Makes a device that only checks: a model can be loaded on it up to the first command, without Vulkan and without memory.
    /// </summary>
    public static GpuDevice CreateDryRun()
    {
        const int Lanes = 32, Workgroup = 1024, SharedMemory = 1 << 15, Alignment = 64;
        const long Range = 1L << 32; // what the largest devices bind
        return new GpuDevice(new GpuLimits(
            "any device", "", true, Lanes, Lanes, Range, Range, Alignment, Workgroup, SharedMemory, 0, 0, false));
    }

    /// <summary>Makes a device of our own.</summary>
    /// <exception cref="GpuUnavailableException">No loader, driver or fitting device; the message says what to install.</exception>
    public static GpuDevice Create(GpuOptions? options = null)
    {
        options ??= new GpuOptions();
        Vk vk = VulkanLoader.Load();
        List<string> messages = [];
        GpuInstance instance = new(vk, options.Validate, messages);
        Device device = default;
        try
        {
            PhysicalDevice physical = DeviceChoice.Choose(vk, instance.Handle, options.Device);
            uint family = DeviceChoice.ComputeFamily(vk, physical);
            MatrixShape? matrices = MatrixShape.Of(vk, instance.Handle, physical);
            device = DeviceChoice.CreateDevice(vk, physical, family, options.KeepsStatistics, matrices is not null);
            vk.GetDeviceQueue(device, family, 0, out Queue queue);
            (bool hasFull, bool hasSize) = DeviceChoice.SubgroupControl(vk, physical);
            return new GpuDevice(vk, instance, instance.Handle, physical, device, queue, family, true, null, options.CacheFolder, messages)
            {
                KeepsStatistics = options.KeepsStatistics,
                HasFullSubgroups = hasFull,
                NarrowSubgroups = DeviceChoice.NarrowSubgroups(vk, physical, hasSize),
                Matrices = matrices,
            };
        }
        catch
        {
            if (device.Handle != 0) vk.DestroyDevice(device, null);
            instance.Dispose();
            throw;
        }
    }

    /// <summary>Uses a game's device. The handles must outlive the result; features needed: see <see cref="GpuHandles"/>.</summary>
    /// <exception cref="GpuUnavailableException">
    /// The physical device or the instance is older than Vulkan 1.3, a feature is said to be missing, or the queue family cannot compute.
    /// </exception>
    public static GpuDevice Share(GpuHandles handles, string? cacheFolder = null)
    {
        ArgumentNullException.ThrowIfNull(handles);
        if (handles.Instance == 0 || handles.PhysicalDevice == 0 || handles.Device == 0 || handles.Queue == 0)
            throw new ArgumentException("All four handles must be set.", nameof(handles));
        Vk vk = VulkanLoader.Load();
        PhysicalDevice physical = new(handles.PhysicalDevice);
        SharedDevice.Check(vk, handles);
        DeviceChoice.CheckUsable(vk, physical);
        DeviceChoice.CheckComputes(vk, physical, handles.QueueFamily);
        Instance instance = new(handles.Instance);
        return new GpuDevice(vk, null, instance, physical, new Device(handles.Device), new Queue(handles.Queue),
            handles.QueueFamily, false, handles.QueueLock, cacheFolder, [])
        {
            HasIntegerDot = handles.Enabled?.HasFlag(DeviceFeatures.IntegerDotProduct) ?? false,
            HasFullSubgroups = handles.Enabled?.HasFlag(DeviceFeatures.FullSubgroups) ?? false,
            NarrowSubgroups = DeviceChoice.NarrowSubgroups(
                vk, physical, handles.Enabled?.HasFlag(DeviceFeatures.SubgroupSizeControl) ?? false),
            Matrices = handles.Enabled?.HasFlag(DeviceFeatures.Matrices) ?? false ? MatrixShape.Of(vk, instance, physical) : null,
        };
    }

    /// <summary>Writes the compiled pipelines to the cache folder, if there is one. Failing to write is not an error.</summary>
    public void SavePipelineCache() => PipelineCache.Save();

    /// <summary>
    /// Frees everything made here; a shared device itself stays. Waits for the device to be idle, so not for use within a frame.
    /// </summary>
    public void Dispose()
    {
        if (IsDryRun) return;
        if (_ownsDevice) WaitIdle(); // a lost device must still be torn down
        Pipelines.Dispose();
        PipelineCache.Dispose();
        Descriptors.Dispose();
        Memory.Dispose();
        if (!_ownsDevice) return;
        Api.DestroyDevice(Handle, null);
        _ownInstance?.Dispose();
    }

    /// <summary>
    /// Waits for everything submitted to the queue, by the game too, as far as that works. Never throws. Not for use within a
    /// frame.
    /// </summary>
    public void WaitIdle()
    {
        lock (_queueLock) _ = Api.QueueWaitIdle(Queue);
    }

    internal void SetName(ObjectType type, ulong handle, string name)
    {
        if (_setName == null) return;
        using Utf8Strings strings = new();
        DebugUtilsObjectNameInfoEXT info = new()
        { SType = StructureType.DebugUtilsObjectNameInfoExt, ObjectType = type, ObjectHandle = handle, PObjectName = strings[name] };
        _ = _setName(Handle, &info); // a name that cannot be given is missing in debuggers, nothing else
    }

    internal void Submit(CommandBuffer commands, Semaphore timeline, ulong signal)
    {
        CommandBufferSubmitInfo command = new() { SType = StructureType.CommandBufferSubmitInfo, CommandBuffer = commands };
        SemaphoreSubmitInfo semaphore = new()
        {
            SType = StructureType.SemaphoreSubmitInfo,
            Semaphore = timeline,
            Value = signal,
            StageMask = PipelineStageFlags2.AllCommandsBit
        };
        SubmitInfo2 info = new()
        {
            SType = StructureType.SubmitInfo2,
            CommandBufferInfoCount = 1,
            PCommandBufferInfos = &command,
            SignalSemaphoreInfoCount = 1,
            PSignalSemaphoreInfos = &semaphore,
        };
        lock (_queueLock) Api.QueueSubmit2(Queue, 1, &info, default).ThrowOnError("vkQueueSubmit2");
    }
}

/// <summary>What a device reports about itself.</summary>
/// <param name="Name">Device name.</param>
/// <param name="Driver">Driver name and version text.</param>
/// <param name="IsSoftware">True for a CPU implementation such as lavapipe.</param>
/// <param name="SubgroupSize">Default lanes per subgroup.</param>
/// <param name="MaxSubgroupSize">Most lanes per subgroup: the driver chooses for each shader.</param>
/// <param name="MaxStorageBufferRange">Largest byte range one shader binding can cover.</param>
/// <param name="MaxTexels">Most texels one texel-buffer binding can cover.</param>
/// <param name="BindingAlignment">Bytes a binding's offset must be a multiple of.</param>
/// <param name="MaxWorkgroupSize">Most threads in a workgroup.</param>
/// <param name="MaxSharedMemory">Bytes of shared memory per workgroup.</param>
/// <param name="TimestampNanoseconds">Nanoseconds per timestamp tick; 0 when the queue has no timestamps.</param>
/// <param name="TimestampBits">Valid low bits of a timestamp.</param>
/// <param name="IntegerDotIsFast">Whether products of four signed bytes at a time are faster than one by one.</param>
internal sealed record GpuLimits(string Name, string Driver, bool IsSoftware, uint SubgroupSize, uint MaxSubgroupSize,
    long MaxStorageBufferRange, long MaxTexels, long BindingAlignment, uint MaxWorkgroupSize, uint MaxSharedMemory,
    double TimestampNanoseconds, uint TimestampBits, bool IntegerDotIsFast)
{
    internal static unsafe GpuLimits Read(Vk vk, PhysicalDevice physical, uint queueFamily)
    {
        PhysicalDeviceDriverProperties driver = new() { SType = StructureType.PhysicalDeviceDriverProperties };
        PhysicalDeviceVulkan13Properties newer = new() { SType = StructureType.PhysicalDeviceVulkan13Properties, PNext = &driver };
        PhysicalDeviceSubgroupProperties subgroup = new() { SType = StructureType.PhysicalDeviceSubgroupProperties, PNext = &newer };
        PhysicalDeviceProperties2 properties = new() { SType = StructureType.PhysicalDeviceProperties2, PNext = &subgroup };
        vk.GetPhysicalDeviceProperties2(physical, &properties);
        PhysicalDeviceLimits limits = properties.Properties.Limits;
        uint bits = DeviceChoice.Families(vk, physical)[queueFamily].TimestampValidBits;
        return new GpuLimits(
            Marshal.PtrToStringUTF8((nint)properties.Properties.DeviceName) ?? "",
            string.Create(CultureInfo.InvariantCulture,
                $"{Marshal.PtrToStringUTF8((nint)driver.DriverName)} {Marshal.PtrToStringUTF8((nint)driver.DriverInfo)}"),
            properties.Properties.DeviceType == PhysicalDeviceType.Cpu,
            subgroup.SubgroupSize,
            newer.MaxSubgroupSize,
            limits.MaxStorageBufferRange,
            limits.MaxTexelBufferElements,
            (long)Math.Max(limits.MinStorageBufferOffsetAlignment, limits.MinTexelBufferOffsetAlignment),
            limits.MaxComputeWorkGroupInvocations,
            limits.MaxComputeSharedMemorySize,
            bits == 0 ? 0 : limits.TimestampPeriod,
            bits,
            newer.IntegerDotProduct4x8BitPackedSignedAccelerated);
    }
}
