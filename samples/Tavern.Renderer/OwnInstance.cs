using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Silk.NET.Core;
using Silk.NET.Core.Native;
using Silk.NET.Vulkan;

namespace Tavern.Renderer;

/// <summary>A VkInstance, with the validation layer and its messages when asked for.</summary>
internal sealed unsafe class OwnInstance : IDisposable
{
    private readonly Vk _api;
    private readonly List<string> _messages = [];
    private GCHandle _messagesHandle;
    private DebugUtilsMessengerEXT _messenger;

    public OwnInstance(Vk api, RenderDeviceOptions options)
    {
        _api = api;
        List<string> extensions = [.. options.InstanceExtensions];
        if (options.Validate) extensions.Add("VK_EXT_debug_utils");
        byte** names = (byte**)SilkMarshal.StringArrayToPtr(extensions);
        byte** layers = (byte**)SilkMarshal.StringArrayToPtr(["VK_LAYER_KHRONOS_validation"]);
        byte* name = (byte*)SilkMarshal.StringToPtr("The Tavern");
        ApplicationInfo application = new() { SType = StructureType.ApplicationInfo, PApplicationName = name, ApiVersion = Vk.Version13 };
        ValidationFeatureEnableEXT synchronization = ValidationFeatureEnableEXT.SynchronizationValidationExt;
        ValidationFeaturesEXT features = new()
        {
            SType = StructureType.ValidationFeaturesExt,
            EnabledValidationFeatureCount = 1,
            PEnabledValidationFeatures = &synchronization
        };
        InstanceCreateInfo info = new()
        {
            SType = StructureType.InstanceCreateInfo,
            PApplicationInfo = &application,
            EnabledExtensionCount = (uint)extensions.Count,
            PpEnabledExtensionNames = names,
            EnabledLayerCount = options.Validate ? 1u : 0u,
            PpEnabledLayerNames = layers,
            PNext = options.Validate ? &features : null,
        };
        Result result = api.CreateInstance(in info, null, out Instance instance);
        SilkMarshal.Free((nint)names);
        SilkMarshal.Free((nint)layers);
        SilkMarshal.Free((nint)name);
        result.ThrowOnError("vkCreateInstance");
        Handle = instance;
        if (options.Validate) Listen();
    }

    public Instance Handle { get; }

    public IReadOnlyList<string> Messages
    {
        get
        {
            lock (_messages) return [.. _messages];
        }
    }

    public void Dispose()
    {
        if (_messenger.Handle != 0)
        {
            var destroy = (delegate* unmanaged<Instance, DebugUtilsMessengerEXT, AllocationCallbacks*, void>)_api.GetInstanceProcAddr(
                Handle, "vkDestroyDebugUtilsMessengerEXT").Handle;
            destroy(Handle, _messenger, null);
            _messagesHandle.Free();
        }

        _api.DestroyInstance(Handle, null);
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
            Result>)_api.GetInstanceProcAddr(Handle, "vkCreateDebugUtilsMessengerEXT").Handle;
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
}
