using System.Diagnostics;
using System.Runtime.InteropServices;

namespace Tavern.Tests;

/// <summary>A display in memory for window tests, without a window manager: the tests do what one would do.</summary>
internal sealed partial class XServer : IDisposable
{
    private const int IconicState = 3, NormalState = 1;
    private readonly Process _process;

    private XServer(Process process, string display)
    {
        _process = process;
        // The runtime's own setter does not reach native code.
        if (SetEnvironment("DISPLAY", display, 1) != 0) throw new InvalidOperationException("DISPLAY cannot be set.");
    }

    /// <summary>Starts Xvfb; says why it cannot.</summary>
    public static XServer StartOrIgnore()
    {
        if (!OperatingSystem.IsLinux()) Assert.Ignore("Xvfb is for Linux.");
        if (!NativeLibrary.TryLoad("libglfw.so.3", out _)) Assert.Ignore("GLFW is not installed (apt-get install libglfw3).");
        string? path = (Environment.GetEnvironmentVariable("PATH") ?? "").Split(':').Select(folder => Path.Combine(folder, "Xvfb")).FirstOrDefault(File.Exists);
        if (path is null) Assert.Ignore("Xvfb is not installed (apt-get install xvfb).");
        ProcessStartInfo info = new(path!, ["-displayfd", "1", "-screen", "0", "1280x800x24", "-nolisten", "tcp"]) { RedirectStandardOutput = true, RedirectStandardError = true };
        Process process = Process.Start(info) ?? throw new InvalidOperationException("Xvfb does not start.");
        process.ErrorDataReceived += (_, _) => { };
        process.BeginErrorReadLine();
        string number = process.StandardOutput.ReadLine() ?? throw new InvalidOperationException("Xvfb names no display.");
        return new XServer(process, ":" + number.Trim());
    }

    /// <summary>What a window manager does when a window is minimised or comes back.</summary>
    public static void SetMinimized(nint glfwWindow, bool minimized)
    {
        nint display = GetDisplay(), atom = InternAtom(display, "WM_STATE", 0);
        nuint window = GetWindow(glfwWindow);
        long[] state = [minimized ? IconicState : NormalState, 0];
        _ = ChangeProperty(display, window, atom, atom, 32, 0, state, 2);
        _ = minimized ? UnmapWindow(display, window) : MapWindow(display, window);
        _ = Sync(display, 0);
    }

    /// <summary>Presses or lets go of a key.</summary>
    public static void SetKey(nint glfwWindow, char character, bool isDown)
    {
        nint display = GetDisplay();
        _ = SetInputFocus(display, GetWindow(glfwWindow), 1, 0);
        _ = FakeKeyEvent(display, KeysymToKeycode(display, character), isDown ? 1 : 0, 0);
        _ = Sync(display, 0);
    }

    public void Dispose()
    {
        _process.Kill();
        _process.WaitForExit();
        _process.Dispose();
    }

    [LibraryImport("libc", EntryPoint = "setenv", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int SetEnvironment(string name, string value, int overwrite);

    [LibraryImport("libglfw.so.3", EntryPoint = "glfwGetX11Display")]
    private static partial nint GetDisplay();

    [LibraryImport("libglfw.so.3", EntryPoint = "glfwGetX11Window")]
    private static partial nuint GetWindow(nint window);

    [LibraryImport("libX11.so.6", EntryPoint = "XInternAtom", StringMarshalling = StringMarshalling.Utf8)]
    private static partial nint InternAtom(nint display, string name, int onlyIfExists);

    [LibraryImport("libX11.so.6", EntryPoint = "XChangeProperty")]
    private static partial int ChangeProperty(nint display, nuint window, nint property, nint type, int format, int mode, [In] long[] data, int count);

    [LibraryImport("libX11.so.6", EntryPoint = "XMapWindow")]
    private static partial int MapWindow(nint display, nuint window);

    [LibraryImport("libX11.so.6", EntryPoint = "XUnmapWindow")]
    private static partial int UnmapWindow(nint display, nuint window);

    [LibraryImport("libX11.so.6", EntryPoint = "XSetInputFocus")]
    private static partial int SetInputFocus(nint display, nuint window, int revertTo, nint time);

    [LibraryImport("libX11.so.6", EntryPoint = "XKeysymToKeycode")]
    private static partial byte KeysymToKeycode(nint display, nint keysym);

    [LibraryImport("libX11.so.6", EntryPoint = "XSync")]
    private static partial int Sync(nint display, int discard);

    [LibraryImport("libXtst.so.6", EntryPoint = "XTestFakeKeyEvent")]
    private static partial int FakeKeyEvent(nint display, uint keycode, int isPress, nint delay);
}
