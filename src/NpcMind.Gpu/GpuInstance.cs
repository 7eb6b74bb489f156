using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Text;
using Silk.NET.Core;
using Silk.NET.Vulkan;

namespace NpcMind.Gpu;

/// <summary>VkInstance of our own, with the validation layer and its messages when asked for.</summary>
internal sealed unsafe class GpuInstance : IDisposable
{
    private const string ValidationLayer = "VK_LAYER_KHRONOS_validation", PortabilityEnumeration = "VK_KHR_portability_enumeration";
    private readonly List<string> _messages;
    private GCHandle _messagesHandle;
    private DebugUtilsMessengerEXT _messenger;

    public GpuInstance(Vk vk, bool validate, List<string> messages)
    {
        Api = vk;
        _messages = messages;
        HasDebugUtils = HasExtension("VK_EXT_debug_utils");
        if (validate && !HasLayer())
            throw new GpuUnavailableException("The Vulkan validation layer is not installed.",
                "Install it (Debian, Ubuntu: apt-get install vulkan-validationlayers) or leave out --validate.");

        using Utf8Strings strings = new();
        ApplicationInfo application = new()
        {
            SType = StructureType.ApplicationInfo,
            PApplicationName = strings["NpcMind"],
            PEngineName = strings["NpcMind"],
            ApiVersion = Vk.Version13
        };
        byte** extensions = stackalloc byte*[2];
        uint extensionCount = 0;
        if (HasDebugUtils) extensions[extensionCount++] = strings["VK_EXT_debug_utils"];
        // Devices that lack parts of Vulkan, such as MoltenVK's, are listed only to those who ask for them.
        bool lists = HasExtension(PortabilityEnumeration);
        if (lists) extensions[extensionCount++] = strings[PortabilityEnumeration];
        byte** layers = stackalloc byte*[1] { strings[ValidationLayer] };
        ValidationFeatureEnableEXT* enables =
            stackalloc ValidationFeatureEnableEXT[1] { ValidationFeatureEnableEXT.SynchronizationValidationExt };
        ValidationFeaturesEXT features = new()
        { SType = StructureType.ValidationFeaturesExt, EnabledValidationFeatureCount = 1, PEnabledValidationFeatures = enables };
        InstanceCreateInfo info = new()
        {
            SType = StructureType.InstanceCreateInfo,
            PApplicationInfo = &application,
            Flags = lists ? InstanceCreateFlags.EnumeratePortabilityBitKhr : 0,
            EnabledExtensionCount = extensionCount,
            PpEnabledExtensionNames = extensions,
            EnabledLayerCount = validate ? 1u : 0u,
            PpEnabledLayerNames = layers,
            PNext = validate ? &features : null,
        };
        Result result = vk.CreateInstance(in info, null, out Instance instance);
        if (result == Result.ErrorIncompatibleDriver)
            throw new GpuUnavailableException("No Vulkan 1.3 driver was found.",
                "Install the driver of your GPU, or the software driver (Debian, Ubuntu: apt-get install mesa-vulkan-drivers).");
        result.ThrowOnError("vkCreateInstance");
        Handle = instance;
        try
        {
            if (validate && HasDebugUtils) Listen();
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    public Vk Api { get; }

    public Instance Handle { get; }

    public bool HasDebugUtils { get; }

    public void Dispose()
    {
        if (_messenger.Handle != 0)
        {
            var destroy = (delegate* unmanaged<Instance, DebugUtilsMessengerEXT, AllocationCallbacks*, void>)Proc(
                "vkDestroyDebugUtilsMessengerEXT");
            destroy(Handle, _messenger, null);
        }

        if (_messagesHandle.IsAllocated) _messagesHandle.Free();
        Api.DestroyInstance(Handle, null);
    }

    private void Listen()
    {
        _messagesHandle = GCHandle.Alloc(_messages);
        DebugUtilsMessengerCreateInfoEXT info = new()
        {
            SType = StructureType.DebugUtilsMessengerCreateInfoExt,
            MessageSeverity = DebugUtilsMessageSeverityFlagsEXT.ErrorBitExt | DebugUtilsMessageSeverityFlagsEXT.WarningBitExt,
            MessageType = DebugUtilsMessageTypeFlagsEXT.ValidationBitExt | DebugUtilsMessageTypeFlagsEXT.PerformanceBitExt,
            PfnUserCallback = new PfnDebugUtilsMessengerCallbackEXT(
                (delegate* unmanaged[Cdecl]<DebugUtilsMessageSeverityFlagsEXT, DebugUtilsMessageTypeFlagsEXT,
                    DebugUtilsMessengerCallbackDataEXT*, void*, Bool32>)&OnMessage),
            PUserData = (void*)GCHandle.ToIntPtr(_messagesHandle),
        };
        var create = (delegate* unmanaged<Instance, DebugUtilsMessengerCreateInfoEXT*, AllocationCallbacks*, DebugUtilsMessengerEXT*,
            Result>)Proc("vkCreateDebugUtilsMessengerEXT");
        DebugUtilsMessengerEXT messenger;
        create(Handle, &info, null, &messenger).ThrowOnError("vkCreateDebugUtilsMessengerEXT");
        _messenger = messenger;
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static Bool32 OnMessage(DebugUtilsMessageSeverityFlagsEXT severity, DebugUtilsMessageTypeFlagsEXT type,
        DebugUtilsMessengerCallbackDataEXT* data, void* user)
    {
        if (GCHandle.FromIntPtr((nint)user).Target is List<string> messages)
            lock (messages) messages.Add($"{severity}: {Marshal.PtrToStringUTF8((nint)data->PMessage)}");
        return false;
    }

    private nint Proc(string name)
    {
        using Utf8Strings strings = new();
        nint address = (nint)Api.GetInstanceProcAddr(Handle, strings[name]).Handle;
        return address != 0 ? address
            : throw new GpuUnavailableException($"The Vulkan loader does not know {name}.", "Update the Vulkan loader (libvulkan1).");
    }

    private bool HasLayer()
    {
        uint count = 0;
        Api.EnumerateInstanceLayerProperties(&count, null).ThrowOnError("vkEnumerateInstanceLayerProperties");
        LayerProperties[] layers = new LayerProperties[count];
        fixed (LayerProperties* p = layers)
        {
            Api.EnumerateInstanceLayerProperties(&count, p).ThrowOnError("vkEnumerateInstanceLayerProperties");
            for (int i = 0; i < count; i++)
                if (Marshal.PtrToStringUTF8((nint)p[i].LayerName) == ValidationLayer) return true;
        }

        return false;
    }

    private bool HasExtension(string name)
    {
        uint count = 0;
        Api.EnumerateInstanceExtensionProperties((byte*)null, &count, null).ThrowOnError("vkEnumerateInstanceExtensionProperties");
        ExtensionProperties[] extensions = new ExtensionProperties[count];
        fixed (ExtensionProperties* p = extensions)
        {
            Api.EnumerateInstanceExtensionProperties((byte*)null, &count, p).ThrowOnError("vkEnumerateInstanceExtensionProperties");
            for (int i = 0; i < count; i++)
                if (Marshal.PtrToStringUTF8((nint)p[i].ExtensionName) == name) return true;
        }

        return false;
    }
}

/// <summary>NUL-terminated UTF-8 copies that live until disposed.</summary>
internal sealed unsafe class Utf8Strings : IDisposable
{
    private readonly List<nint> _memory = [];

    public byte* this[string text]
    {
        get
        {
            int bytes = Encoding.UTF8.GetByteCount(text);
            byte* p = (byte*)NativeMemory.Alloc((nuint)bytes + 1);
            Encoding.UTF8.GetBytes(text, new Span<byte>(p, bytes));
            p[bytes] = 0;
            _memory.Add((nint)p);
            return p;
        }
    }

    public void Dispose() => _memory.ForEach(p => NativeMemory.Free((void*)p));
}
