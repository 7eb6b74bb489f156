using System.Numerics;
using System.Text;

namespace Tavern.Windows;

/// <summary>
/// What the game needs of a window. All of it is used from the thread that made the window; events come during <see cref="Poll"/>.
/// </summary>
public interface IWindow : IDisposable
{
    /// <summary>A key went down; true when it repeats because it is held.</summary>
    event Action<Key, bool>? KeyPressed;

    event Action<Rune>? CharacterTyped;

    event Action<MouseButton>? MousePressed;

    /// <summary>Paths of files dropped onto the window.</summary>
    event Action<IReadOnlyList<string>>? FilesDropped;

    event Action? Resized;

    /// <summary>In pixels; 0 while minimised on some systems.</summary>
    (int Width, int Height) Size { get; }

    bool IsMinimized { get; }

    bool ShouldClose { get; set; }

    /// <summary>In pixels from the upper left corner; without bounds while the cursor is captured.</summary>
    Vector2 MousePosition { get; }

    IReadOnlyList<string> RequiredInstanceExtensions { get; }

    void Poll();

    bool IsDown(Key key);

    /// <summary>Hides the cursor and keeps it in the window, for looking around.</summary>
    void SetCursorCaptured(bool captured);

    /// <summary>Whether a queue family can show pictures in windows.</summary>
    bool CanPresent(nint instance, nint physicalDevice, uint queueFamily);

    /// <summary>A VkSurfaceKHR of this window; the caller destroys it before the window.</summary>
    ulong CreateSurface(nint instance);
}

public enum MouseButton
{
    Left,
    Right,
    Middle,
}

public enum Key
{
    Unknown,
    W,
    A,
    S,
    D,
    E,
    G,
    Q,
    T,
    H,
    N,
    Space,
    Enter,
    Escape,
    Tab,
    Backspace,
    Delete,
    Left,
    Right,
    Up,
    Down,
    PageUp,
    PageDown,
    Home,
    End,
    Shift,
    Control,
    F1,
    F2,
    F3,
    F4,
    F5,
    F6,
    F7,
    F8,
    F9,
    F10,
    F11,
    F12,
}
