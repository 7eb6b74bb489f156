using System.Diagnostics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Text;

namespace Tavern.Tests;

/// <summary>
/// A display in memory for window tests, and a connection to it of the tests' own: they press keys, drop files, and, as there is no window
/// manager, do what one would do. Windows may be this process's or another's.
/// </summary>
internal sealed unsafe partial class XServer : IDisposable
{
    private const int ClientMessage = 33, SelectionRequest = 30, SelectionNotify = 31, IconicState = 3, NormalState = 1, ZPixmap = 2;
    private const nuint ShiftLeft = 0xffe1;
    private readonly Process _process;
    private readonly nint _display;

    private XServer(Process process, string display)
    {
        _process = process;
        // The runtime's own setter does not reach native code.
        if (SetEnvironment("DISPLAY", display, 1) != 0) throw new InvalidOperationException("DISPLAY cannot be set.");
        // By default a window that is gone would end the process of the tests.
        _ = SetErrorHandler(&IgnoreError);
        _display = OpenDisplay(display);
        if (_display == 0) throw new InvalidOperationException($"Xvfb does not answer on {display}.");
        Display = display;
    }

    public string Display { get; }

    /// <summary>Starts Xvfb; fails where it cannot: scripts/setup.sh test installs what it needs.</summary>
    public static XServer Start()
    {
        if (!NativeLibrary.TryLoad("libglfw.so.3", out _)) Assert.Fail("GLFW is not installed (scripts/setup.sh test).");
        string? path = (Environment.GetEnvironmentVariable("PATH") ?? "").Split(':').Select(folder => Path.Combine(folder, "Xvfb"))
            .FirstOrDefault(File.Exists);
        if (path is null) Assert.Fail("Xvfb is not installed (scripts/setup.sh test).");
        ProcessStartInfo info = new(path!, ["-displayfd", "1", "-screen", "0", "1280x800x24", "-nolisten", "tcp"])
        { RedirectStandardOutput = true, RedirectStandardError = true };
        Process process = Process.Start(info) ?? throw new InvalidOperationException("Xvfb does not start.");
        process.ErrorDataReceived += (_, _) => { };
        process.BeginErrorReadLine();
        string number = process.StandardOutput.ReadLine() ?? throw new InvalidOperationException("Xvfb names no display.");
        return new XServer(process, ":" + number.Trim());
    }

    /// <summary>The window of this title; 0 while there is none.</summary>
    public nuint Find(string title)
    {
        nuint found = 0;
        if (QueryTree(_display, RootWindow(_display), out _, out _, out nint children, out uint count) == 0) return 0;
        for (uint i = 0; i < count; i++)
        {
            nuint window = ((nuint*)children)[i];
            if (FetchName(_display, window, out nint name) == 0) continue;
            if (Marshal.PtrToStringUTF8(name) == title) found = window;
            _ = Free(name);
        }

        if (children != 0) _ = Free(children);
        return found;
    }

    /// <summary>What a window manager does when a window is minimised or comes back.</summary>
    public void SetMinimized(nuint window, bool minimized)
    {
        nuint atom = Atom("WM_STATE");
        long[] state = [minimized ? IconicState : NormalState, 0];
        fixed (long* data = state) _ = ChangeProperty(_display, window, atom, atom, 32, 0, data, 2);
        _ = minimized ? UnmapWindow(_display, window) : MapWindow(_display, window);
        Flush();
    }

    public void Resize(nuint window, int width, int height)
    {
        _ = ResizeWindow(_display, window, (uint)width, (uint)height);
        Flush();
    }

    /// <summary>The close button of a window's frame.</summary>
    public void Close(nuint window)
    {
        SendMessage(window, "WM_PROTOCOLS", (long)Atom("WM_DELETE_WINDOW"));
        Flush();
    }

    /// <summary>Presses or lets go of a key, by its number in keysymdef.h; letters and digits are their own.</summary>
    public void SetKey(nuint window, nuint key, bool isDown)
    {
        _ = SetInputFocus(_display, window, 1, 0);
        _ = FakeKeyEvent(_display, KeysymToKeycode(_display, key), isDown ? 1 : 0, 0);
        Flush();
    }

    /// <summary>Presses a key and lets it go.</summary>
    public void Press(nuint window, nuint key)
    {
        SetKey(window, key, isDown: true);
        SetKey(window, key, isDown: false);
    }

    /// <summary>Writes a text of ASCII characters, with shift where the layout wants it.</summary>
    public void Type(nuint window, string text)
    {
        foreach (char c in text)
        {
            bool shifts = KeycodeToKeysym(_display, KeysymToKeycode(_display, c), 0) != c;
            if (shifts) SetKey(window, ShiftLeft, isDown: true);
            Press(window, c);
            if (shifts) SetKey(window, ShiftLeft, isDown: false);
        }
    }

    /// <summary>
    /// Drops a file, as a file manager does (XDND 5): announces it, lets it go, and hands the path over when the window asks for it.
    /// </summary>
    public void Drop(nuint window, string file)
    {
        nuint source = CreateSimpleWindow(_display, RootWindow(_display), 0, 0, 1, 1, 0, 0, 0), list = Atom("text/uri-list"),
        selection = Atom("XdndSelection");
        _ = SetSelectionOwner(_display, selection, source, 0);
        SendMessage(window, "XdndEnter", (long)source, 5L << 24, (long)list);
        SendMessage(window, "XdndPosition", (long)source, 0, (8 << 16) | 8, 0, (long)Atom("XdndActionCopy"));
        SendMessage(window, "XdndDrop", (long)source);
        Flush();
        long* asked = stackalloc long[24];
        Stopwatch watch = Stopwatch.StartNew();
        while (CheckTypedWindowEvent(_display, source, SelectionRequest, asked) == 0)
        {
            if (watch.Elapsed.TotalSeconds > 30) throw new InvalidOperationException("The window does not ask for what was dropped on it.");
            Thread.Sleep(5);
        }

        (nuint requestor, nuint property) = ((nuint)asked[5], (nuint)asked[8]);
        byte[] path = Encoding.UTF8.GetBytes(new Uri(file).AbsoluteUri + "\r\n");
        fixed (byte* data = path) _ = ChangeProperty(_display, requestor, property, list, 8, 0, data, path.Length);
        long* answer = stackalloc long[24] { SelectionNotify, 0, 0, 0, (long)requestor, (long)selection, (long)list, (long)property,
            asked[9], 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0 };
        _ = SendEvent(_display, requestor, 0, 0, answer);
        Flush();
    }

    /// <summary>The colour of a pixel of a window, 0xRRGGBB; null when there is no such pixel.</summary>
    public uint? Pixel(nuint window, int x, int y)
    {
        nint image = GetImage(_display, window, x, y, 1, 1, nuint.MaxValue, ZPixmap);
        if (image == 0) return null;
        uint colour = (uint)GetPixel(image, 0, 0) & 0xffffff;
        _ = DestroyImage(image);
        return colour;
    }

    public void Dispose()
    {
        _ = CloseDisplay(_display);
        _process.Kill();
        _process.WaitForExit();
        _process.Dispose();
    }

    private nuint Atom(string name) => InternAtom(_display, name, 0);

    private void Flush() => _ = Sync(_display, 0);

    private void SendMessage(nuint window, string type, params ReadOnlySpan<long> data)
    {
        long* message = stackalloc long[24];
        new Span<long>(message, 24).Clear();
        (message[0], message[4], message[5], message[6]) = (ClientMessage, (long)window, (long)Atom(type), 32);
        data.CopyTo(new Span<long>(message + 7, 5));
        _ = SendEvent(_display, window, 0, 0, message);
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static int IgnoreError(nint display, nint error) => 0;

    private const string X11 = "libX11.so.6";

    [LibraryImport("libc", EntryPoint = "setenv", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int SetEnvironment(string name, string value, int overwrite);

    [LibraryImport(X11, EntryPoint = "XSetErrorHandler")]
    private static partial nint SetErrorHandler(delegate* unmanaged[Cdecl]<nint, nint, int> handler);

    [LibraryImport(X11, EntryPoint = "XOpenDisplay", StringMarshalling = StringMarshalling.Utf8)]
    private static partial nint OpenDisplay(string name);

    [LibraryImport(X11, EntryPoint = "XCloseDisplay")]
    private static partial int CloseDisplay(nint display);

    [LibraryImport(X11, EntryPoint = "XDefaultRootWindow")]
    private static partial nuint RootWindow(nint display);

    [LibraryImport(X11, EntryPoint = "XQueryTree")]
    private static partial int QueryTree(nint display, nuint window, out nuint root, out nuint parent, out nint children, out uint count);

    [LibraryImport(X11, EntryPoint = "XFetchName")]
    private static partial int FetchName(nint display, nuint window, out nint name);

    [LibraryImport(X11, EntryPoint = "XFree")]
    private static partial int Free(nint data);

    [LibraryImport(X11, EntryPoint = "XInternAtom", StringMarshalling = StringMarshalling.Utf8)]
    private static partial nuint InternAtom(nint display, string name, int onlyIfExists);

    [LibraryImport(X11, EntryPoint = "XChangeProperty")]
    private static partial int ChangeProperty(nint display, nuint window, nuint property, nuint type, int format, int mode, void* data,
        int count);

    [LibraryImport(X11, EntryPoint = "XCreateSimpleWindow")]
    private static partial nuint CreateSimpleWindow(nint display, nuint parent, int x, int y, uint width, uint height, uint border,
        nuint borderColour, nuint background);

    [LibraryImport(X11, EntryPoint = "XMapWindow")]
    private static partial int MapWindow(nint display, nuint window);

    [LibraryImport(X11, EntryPoint = "XUnmapWindow")]
    private static partial int UnmapWindow(nint display, nuint window);

    [LibraryImport(X11, EntryPoint = "XResizeWindow")]
    private static partial int ResizeWindow(nint display, nuint window, uint width, uint height);

    [LibraryImport(X11, EntryPoint = "XSetInputFocus")]
    private static partial int SetInputFocus(nint display, nuint window, int revertTo, nint time);

    [LibraryImport(X11, EntryPoint = "XSetSelectionOwner")]
    private static partial int SetSelectionOwner(nint display, nuint selection, nuint owner, nint time);

    [LibraryImport(X11, EntryPoint = "XSendEvent")]
    private static partial int SendEvent(nint display, nuint window, int propagate, nint mask, long* message);

    [LibraryImport(X11, EntryPoint = "XCheckTypedWindowEvent")]
    private static partial int CheckTypedWindowEvent(nint display, nuint window, int type, long* message);

    [LibraryImport(X11, EntryPoint = "XKeysymToKeycode")]
    private static partial byte KeysymToKeycode(nint display, nuint key);

    [LibraryImport(X11, EntryPoint = "XKeycodeToKeysym")]
    private static partial nuint KeycodeToKeysym(nint display, byte code, int index);

    [LibraryImport(X11, EntryPoint = "XGetImage")]
    private static partial nint GetImage(nint display, nuint window, int x, int y, uint width, uint height, nuint planes, int format);

    [LibraryImport(X11, EntryPoint = "XGetPixel")]
    private static partial nuint GetPixel(nint image, int x, int y);

    [LibraryImport(X11, EntryPoint = "XDestroyImage")]
    private static partial int DestroyImage(nint image);

    [LibraryImport(X11, EntryPoint = "XSync")]
    private static partial int Sync(nint display, int discard);

    [LibraryImport("libXtst.so.6", EntryPoint = "XTestFakeKeyEvent")]
    private static partial int FakeKeyEvent(nint display, uint keycode, int isPress, nint delay);
}
