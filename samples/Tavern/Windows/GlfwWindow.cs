using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.ExceptionServices;
using System.Runtime.InteropServices;
using System.Text;

namespace Tavern.Windows;

/// <summary>A window by GLFW 3.3, called directly. Any other windowing library fits behind <see cref="IWindow"/> as well.</summary>
public sealed unsafe class GlfwWindow : IWindow
{
    private readonly nint _window;
    private GCHandle _self;
    private ExceptionDispatchInfo? _failure;

    public GlfwWindow(string title, int width, int height)
    {
        if (Glfw.Init() == 0) throw new NoDisplayException();
        if (Glfw.VulkanSupported() == 0) throw Failed("GLFW finds no Vulkan loader or no driver that can show pictures in windows.");
        Glfw.WindowHint(Glfw.ClientApi, 0);
        _window = Glfw.CreateWindow(width, height, title, 0, 0);
        if (_window == 0) throw Failed("GLFW could not open a window.");
        _self = GCHandle.Alloc(this);
        Glfw.SetWindowUserPointer(_window, GCHandle.ToIntPtr(_self));
        Glfw.SetKeyCallback(_window, &OnKey);
        Glfw.SetCharCallback(_window, &OnCharacter);
        Glfw.SetMouseButtonCallback(_window, &OnMouseButton);
        Glfw.SetDropCallback(_window, &OnDrop);
        Glfw.SetFramebufferSizeCallback(_window, &OnSize);
    }

    public event Action<Key, bool>? KeyPressed;

    public event Action<Rune>? CharacterTyped;

    public event Action<MouseButton>? MousePressed;

    public event Action<IReadOnlyList<string>>? FilesDropped;

    public event Action? Resized;

    public (int Width, int Height) Size
    {
        get
        {
            Glfw.GetFramebufferSize(_window, out int width, out int height);
            return (width, height);
        }
    }

    public bool IsMinimized => Glfw.GetWindowAttribute(_window, Glfw.Iconified) != 0 || Size is (0, _) or (_, 0);

    public bool ShouldClose
    {
        get => Glfw.WindowShouldClose(_window) != 0;
        set => Glfw.SetWindowShouldClose(_window, value ? 1 : 0);
    }

    public Vector2 MousePosition
    {
        get
        {
            Glfw.GetCursorPos(_window, out double x, out double y);
            Glfw.GetWindowSize(_window, out int width, out int height);
            (int pixelWidth, int pixelHeight) = Size;
            return new((float)(x * pixelWidth / Math.Max(1, width)), (float)(y * pixelHeight / Math.Max(1, height)));
        }
    }

    public IReadOnlyList<string> RequiredInstanceExtensions
    {
        get
        {
            byte** names = Glfw.GetRequiredInstanceExtensions(out uint count);
            string[] list = new string[count];
            for (uint i = 0; i < count; i++) list[i] = Marshal.PtrToStringUTF8((nint)names[i]) ?? "";
            return list;
        }
    }

    public void Poll()
    {
        Glfw.PollEvents();
        ExceptionDispatchInfo? failure = _failure;
        _failure = null;
        failure?.Throw();
    }

    public bool IsDown(Key key)
    {
        foreach ((int code, Key name) in Codes)
            if (name == key && Glfw.GetKey(_window, code) != 0) return true;
        return false;
    }

    public void SetCursorCaptured(bool captured) =>
        Glfw.SetInputMode(_window, Glfw.Cursor, captured ? Glfw.CursorDisabled : Glfw.CursorNormal);

    public bool CanPresent(nint instance, nint physicalDevice, uint queueFamily) =>
        Glfw.GetPhysicalDevicePresentationSupport(instance, physicalDevice, queueFamily) != 0;

    public ulong CreateSurface(nint instance)
    {
        int result = Glfw.CreateWindowSurface(instance, _window, 0, out ulong surface);
        return result == 0 ? surface : throw new InvalidOperationException($"The window gives no Vulkan surface (VkResult {result}).");
    }

    public void SetSize(int width, int height) => Glfw.SetWindowSize(_window, width, height);

    public void Minimize() => Glfw.IconifyWindow(_window);

    public void Dispose()
    {
        Glfw.DestroyWindow(_window);
        _self.Free();
        Glfw.Terminate();
    }

    private static InvalidOperationException Failed(string why)
    {
        Glfw.Terminate();
        return new InvalidOperationException(why);
    }

    /// <summary>
    /// Hands an event on. An exception cannot pass through native code: the first is kept and thrown when the window has been polled.
    /// </summary>
    private static void Tell(nint window, Action<GlfwWindow> tell)
    {
        GlfwWindow self = (GlfwWindow)GCHandle.FromIntPtr(Glfw.GetWindowUserPointer(window)).Target!;
        try
        {
            tell(self);
        }
        catch (Exception e)
        {
            self._failure ??= ExceptionDispatchInfo.Capture(e);
        }
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static void OnKey(nint window, int code, int scanCode, int action, int modifiers)
    {
        Key key = Codes.FirstOrDefault(pair => pair.Code == code).Key;
        if (key == Key.Unknown) return;
        if (action != Glfw.Release) Tell(window, self => self.KeyPressed?.Invoke(key, action == Glfw.Repeat));
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static void OnCharacter(nint window, uint character)
    {
        if (Rune.IsValid(character)) Tell(window, self => self.CharacterTyped?.Invoke(new Rune(character)));
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static void OnMouseButton(nint window, int button, int action, int modifiers)
    {
        if (button <= (int)MouseButton.Middle && action == Glfw.Press) Tell(window, self => self.MousePressed?.Invoke((MouseButton)button));
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static void OnDrop(nint window, int count, byte** paths)
    {
        string[] list = new string[count];
        for (int i = 0; i < count; i++) list[i] = Marshal.PtrToStringUTF8((nint)paths[i]) ?? "";
        Tell(window, self => self.FilesDropped?.Invoke(list));
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static void OnSize(nint window, int width, int height) => Tell(window, self => self.Resized?.Invoke());

    private static readonly (int Code, Key Key)[] Codes =
    [
        ('W', Key.W), ('A', Key.A), ('S', Key.S), ('D', Key.D), ('E', Key.E), ('G', Key.G), ('Q', Key.Q), ('T', Key.T), ('H', Key.H),
        ('N', Key.N), (32, Key.Space),
        (256, Key.Escape), (257, Key.Enter), (335, Key.Enter), (258, Key.Tab), (259, Key.Backspace), (261, Key.Delete), (262, Key.Right),
        (263, Key.Left), (264, Key.Down), (265, Key.Up),
        (266, Key.PageUp), (267, Key.PageDown), (268, Key.Home), (269, Key.End), (290, Key.F1), (291, Key.F2), (292, Key.F3), (293, Key.F4),
        (294, Key.F5), (295, Key.F6), (296, Key.F7),
        (297, Key.F8), (298, Key.F9), (299, Key.F10), (300, Key.F11), (301, Key.F12), (340, Key.Shift), (344, Key.Shift),
        (341, Key.Control), (345, Key.Control),
    ];
}

/// <summary>The functions and numbers of glfw3.h that the window uses.</summary>
internal static unsafe partial class Glfw
{
    public const int ClientApi = 0x22001, Iconified = 0x20002, Cursor = 0x33001, CursorNormal = 0x34001, CursorDisabled = 0x34003,
    Release = 0, Press = 1, Repeat = 2;
    private const string Library = "glfw3";

    private static readonly string[] Names =
        OperatingSystem.IsWindows() ? ["glfw3.dll"] : OperatingSystem.IsMacOS()
        ? ["libglfw.3.dylib", "/opt/homebrew/lib/libglfw.3.dylib"] : ["libglfw.so.3"];

    static Glfw() => NativeLibrary.SetDllImportResolver(typeof(Glfw).Assembly, (name, assembly, path) =>
    {
        if (name != Library) return 0;
        foreach (string file in Names)
            if (NativeLibrary.TryLoad(file, assembly, path, out nint library)) return library;
        throw new DllNotFoundException("GLFW, which opens the window, is not installed (Debian, Ubuntu: apt-get install libglfw3).");
    });

    [LibraryImport(Library, EntryPoint = "glfwInit")]
    public static partial int Init();

    [LibraryImport(Library, EntryPoint = "glfwTerminate")]
    public static partial void Terminate();

    [LibraryImport(Library, EntryPoint = "glfwVulkanSupported")]
    public static partial int VulkanSupported();

    [LibraryImport(Library, EntryPoint = "glfwWindowHint")]
    public static partial void WindowHint(int hint, int value);

    [LibraryImport(Library, EntryPoint = "glfwCreateWindow", StringMarshalling = StringMarshalling.Utf8)]
    public static partial nint CreateWindow(int width, int height, string title, nint monitor, nint share);

    [LibraryImport(Library, EntryPoint = "glfwDestroyWindow")]
    public static partial void DestroyWindow(nint window);

    [LibraryImport(Library, EntryPoint = "glfwPollEvents")]
    public static partial void PollEvents();

    [LibraryImport(Library, EntryPoint = "glfwWindowShouldClose")]
    public static partial int WindowShouldClose(nint window);

    [LibraryImport(Library, EntryPoint = "glfwSetWindowShouldClose")]
    public static partial void SetWindowShouldClose(nint window, int value);

    [LibraryImport(Library, EntryPoint = "glfwSetWindowSize")]
    public static partial void SetWindowSize(nint window, int width, int height);

    [LibraryImport(Library, EntryPoint = "glfwIconifyWindow")]
    public static partial void IconifyWindow(nint window);

    [LibraryImport(Library, EntryPoint = "glfwGetWindowSize")]
    public static partial void GetWindowSize(nint window, out int width, out int height);

    [LibraryImport(Library, EntryPoint = "glfwGetFramebufferSize")]
    public static partial void GetFramebufferSize(nint window, out int width, out int height);

    [LibraryImport(Library, EntryPoint = "glfwGetWindowAttrib")]
    public static partial int GetWindowAttribute(nint window, int attribute);

    [LibraryImport(Library, EntryPoint = "glfwSetInputMode")]
    public static partial void SetInputMode(nint window, int mode, int value);

    [LibraryImport(Library, EntryPoint = "glfwGetKey")]
    public static partial int GetKey(nint window, int key);

    [LibraryImport(Library, EntryPoint = "glfwGetCursorPos")]
    public static partial void GetCursorPos(nint window, out double x, out double y);

    [LibraryImport(Library, EntryPoint = "glfwSetWindowUserPointer")]
    public static partial void SetWindowUserPointer(nint window, nint pointer);

    [LibraryImport(Library, EntryPoint = "glfwGetWindowUserPointer")]
    public static partial nint GetWindowUserPointer(nint window);

    [LibraryImport(Library, EntryPoint = "glfwSetKeyCallback")]
    public static partial nint SetKeyCallback(nint window, delegate* unmanaged[Cdecl]<nint, int, int, int, int, void> callback);

    [LibraryImport(Library, EntryPoint = "glfwSetCharCallback")]
    public static partial nint SetCharCallback(nint window, delegate* unmanaged[Cdecl]<nint, uint, void> callback);

    [LibraryImport(Library, EntryPoint = "glfwSetMouseButtonCallback")]
    public static partial nint SetMouseButtonCallback(nint window, delegate* unmanaged[Cdecl]<nint, int, int, int, void> callback);

    [LibraryImport(Library, EntryPoint = "glfwSetDropCallback")]
    public static partial nint SetDropCallback(nint window, delegate* unmanaged[Cdecl]<nint, int, byte**, void> callback);

    [LibraryImport(Library, EntryPoint = "glfwSetFramebufferSizeCallback")]
    public static partial nint SetFramebufferSizeCallback(nint window, delegate* unmanaged[Cdecl]<nint, int, int, void> callback);

    [LibraryImport(Library, EntryPoint = "glfwGetRequiredInstanceExtensions")]
    public static partial byte** GetRequiredInstanceExtensions(out uint count);

    [LibraryImport(Library, EntryPoint = "glfwGetPhysicalDevicePresentationSupport")]
    public static partial int GetPhysicalDevicePresentationSupport(nint instance, nint device, uint family);

    [LibraryImport(Library, EntryPoint = "glfwCreateWindowSurface")]
    public static partial int CreateWindowSurface(nint instance, nint window, nint allocator, out ulong surface);
}
