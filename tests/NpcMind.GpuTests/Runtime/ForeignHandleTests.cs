using NpcMind.Reference;
using Silk.NET.Vulkan;

namespace NpcMind.GpuTests.Runtime;

/// <summary>
/// Devices of games that lack something, and handles that belong to another device (reports share-instance12 and fromvulkan-own-device).
/// </summary>
[Validated]
internal sealed unsafe class ForeignHandleTests : RuntimeTest
{
    [TestCase(0u)]
    [TestCase(1u)]
    [TestCase(2u)]
    public void Load_OnADeviceOfAnOlderInstance_SaysWhatIsMissing(uint minor)
    {
        using GameDevice game = new(Vk.MakeVersion(1, minor), Features.None);
        VulkanHost host = VulkanHost.UseExisting(game.Instance.Handle, game.Physical.Handle, game.Device.Handle, game.Queue.Handle, 0);
        GpuUnavailableException e = Assert.Throws<GpuUnavailableException>(() => Runtimes.New(new Sizes(), host).Dispose())!;
        Assert.That(e.Message, Does.Contain("vk").And.Contain("VK_API_VERSION_1_3"));
    }

    [TestCase(Features.None, "timelineSemaphore, synchronization2, maintenance4")]
    [TestCase(Features.WithoutMaintenance, "maintenance4")]
    [TestCase(Features.All, null)]
    [TestCase(Features.AllInStructuresOfTheirOwn, null)]
    public void Load_WhenFeaturesWereNotEnabled_NamesThem(Features features, string? missing)
    {
        using GameDevice game = new(Vk.Version13, features);
        VulkanHost host = VulkanHost.UseExisting(game.Instance.Handle, game.Physical.Handle, game.Device.Handle, game.Queue.Handle, 0, null,
            game.Chain);
        if (missing is null)
        {
            using NpcRuntime runtime = Runtimes.New(new Sizes(), host);
            Assert.That(runtime.CreatePrefix("The gate.").CreateNpc("Mira", "You.").Hear("Player", "Well?"), Is.Not.Null);
            Assert.That(runtime.ThinkUntilIdle(TimeSpan.FromMinutes(1)));
            return;
        }

        Assert.That(() => Runtimes.New(new Sizes(), host).Dispose(),
            Throws.InstanceOf<GpuUnavailableException>().With.Message.Contains(missing).And.Message.Contains("VkDeviceCreateInfo"));
    }

    [Test]
    public void See_AVulkanImageWithADeviceOfTheRuntimesOwn_IsRefused()
    {
        TinyLlama4Options model = TinyLlama4Options.Scout with { Blocks = 2, Tokenizer = true, ChatTemplate = true, Chunk = 40 };
        NpcRuntime runtime = Use(new Sizes { Model = model, Eyes = new TinyEyesOptions() });
        Npc npc = World(runtime, "The gate.").CreateNpc("Mira", "You.");
        NpcImage image = NpcImage.FromVulkan(0x1234, 64, 64, VulkanImageFormat.Rgba8Unorm);
        Assert.That(() => npc.See(image), Throws.InvalidOperationException.With.Message.Contains("VulkanHost.UseExisting"));
        Assert.That(Say(runtime, npc, "Well?", new ReplyOptions { MaxTokens = 4 }), Is.Not.Null);
    }

    [Test]
    public void Tick_WithACommandBufferOfAnotherDevice_IsRefused()
    {
        NpcRuntime runtime = Use(new Sizes());
        Assert.That(() => runtime.Tick(FrameBudget.FromMilliseconds(1), new FrameCommands(0x1234, 0x1234, 1)),
            Throws.InvalidOperationException.With.Message.Contains("VulkanHost.UseExisting"));
        VulkanHost host = VulkanHost.UseExisting(GpuFixture.Device.Instance.Handle, GpuFixture.Device.Physical.Handle,
            GpuFixture.Device.Handle.Handle, GpuFixture.Device.Queue.Handle, GpuFixture.Device.QueueFamily);
        using NpcRuntime shared = Runtimes.New(new Sizes(), host);
        Assert.That(() => shared.Tick(FrameBudget.FromMilliseconds(1), default), Throws.ArgumentException);
    }

    /// <summary>What a game enabled.</summary>
    public enum Features
    {
        None,
        WithoutMaintenance,
        All,
        AllInStructuresOfTheirOwn,
    }

    /// <summary>A game's own instance and device.</summary>
    private sealed class GameDevice : IDisposable
    {
        private static readonly Vk Api = GpuFixture.Device.Api;
        private readonly void* _memory = System.Runtime.InteropServices.NativeMemory.AllocZeroed(4096);

        public GameDevice(uint version, Features features)
        {
            ApplicationInfo application = new() { SType = StructureType.ApplicationInfo, ApiVersion = version };
            InstanceCreateInfo info = new() { SType = StructureType.InstanceCreateInfo, PApplicationInfo = &application };
            Check(Api.CreateInstance(in info, null, out Instance instance));
            Instance = instance;
            uint count = 1;
            PhysicalDevice physical;
            Api.EnumeratePhysicalDevices(instance, &count, &physical);
            Physical = physical;
            Chain = (nint)(features switch
            {
                Features.None => null,
                Features.AllInStructuresOfTheirOwn => OwnStructures(),
                _ => Structures(features == Features.All),
            });
            float priority = 1;
            DeviceQueueCreateInfo queue = new()
            {
                SType = StructureType.DeviceQueueCreateInfo,
                QueueCount = 1,
                PQueuePriorities = &priority,
            };
            DeviceCreateInfo device = new()
            {
                SType = StructureType.DeviceCreateInfo,
                QueueCreateInfoCount = 1,
                PQueueCreateInfos = &queue,
                PNext = (void*)Chain,
            };
            Check(Api.CreateDevice(physical, in device, null, out Device made));
            Device = made;
            Api.GetDeviceQueue(made, 0, 0, out Queue first);
            Queue = first;
            if (features != Features.None) return;
            PhysicalDeviceFeatures2* nothing = (PhysicalDeviceFeatures2*)_memory;
            nothing->SType = StructureType.PhysicalDeviceFeatures2;
            Chain = (nint)nothing;
        }

        public Instance Instance { get; }

        public PhysicalDevice Physical { get; }

        public Device Device { get; }

        public Queue Queue { get; }

        public nint Chain { get; }

        public void Dispose()
        {
            Api.DestroyDevice(Device, null);
            Api.DestroyInstance(Instance, null);
            System.Runtime.InteropServices.NativeMemory.Free(_memory);
        }

        private void* Structures(bool maintenance)
        {
            PhysicalDeviceVulkan12Features* twelve = (PhysicalDeviceVulkan12Features*)_memory;
            PhysicalDeviceVulkan13Features* thirteen = (PhysicalDeviceVulkan13Features*)((byte*)_memory + 2048);
            *twelve = new PhysicalDeviceVulkan12Features { SType = StructureType.PhysicalDeviceVulkan12Features, TimelineSemaphore = true };
            *thirteen = new PhysicalDeviceVulkan13Features
            {
                SType = StructureType.PhysicalDeviceVulkan13Features,
                Synchronization2 = true,
                Maintenance4 = maintenance,
                PNext = twelve,
            };
            return thirteen;
        }

        private void* OwnStructures()
        {
            byte* at = (byte*)_memory;
            PhysicalDeviceTimelineSemaphoreFeatures* timeline = (PhysicalDeviceTimelineSemaphoreFeatures*)at;
            PhysicalDeviceSynchronization2Features* synchronization = (PhysicalDeviceSynchronization2Features*)(at + 1024);
            PhysicalDeviceMaintenance4Features* maintenance = (PhysicalDeviceMaintenance4Features*)(at + 2048);
            *timeline = new PhysicalDeviceTimelineSemaphoreFeatures
            {
                SType = StructureType.PhysicalDeviceTimelineSemaphoreFeatures,
                TimelineSemaphore = true,
            };
            *synchronization = new PhysicalDeviceSynchronization2Features
            {
                SType = StructureType.PhysicalDeviceSynchronization2Features,
                Synchronization2 = true,
                PNext = timeline,
            };
            *maintenance = new PhysicalDeviceMaintenance4Features
            {
                SType = StructureType.PhysicalDeviceMaintenance4Features,
                Maintenance4 = true,
                PNext = synchronization,
            };
            return maintenance;
        }

        private static void Check(Result result) => Assert.That(result, Is.EqualTo(Result.Success));
    }
}
