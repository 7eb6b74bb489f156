using System.Numerics;

namespace Tavern.Game;

/// <summary>Keys that were pressed in a frame.</summary>
[Flags]
public enum GameKeys
{
    None = 0,

    /// <summary>Enter: opens the text line, or says what is in it.</summary>
    Enter = 1,

    /// <summary>Esc: closes the text line, or interrupts.</summary>
    Escape = 2,

    Backspace = 4,

    /// <summary>F1.</summary>
    Overlay = 8,

    /// <summary>F5.</summary>
    Save = 16,

    /// <summary>F9.</summary>
    Load = 32,

    /// <summary>+.</summary>
    BudgetUp = 64,

    /// <summary>-.</summary>
    BudgetDown = 128,

    /// <summary>G: hands what the player carries to the one faced.</summary>
    Give = 256,

    /// <summary>E: the door, the hearth or the lamp, whichever is near.</summary>
    Use = 512,

    /// <summary>Tab: the notebook.</summary>
    Notebook = 1024,

    /// <summary>H: a hint.</summary>
    Hint = 2048,

    /// <summary>Q, twice: accuses the one faced.</summary>
    Accuse = 4096,

    /// <summary>F2: the options page.</summary>
    Options = 8192,

    /// <summary>An arrow, on the options page.</summary>
    Up = 1 << 14,

    /// <summary>An arrow, on the options page.</summary>
    Down = 1 << 15,

    /// <summary>An arrow, on the options page.</summary>
    Left = 1 << 16,

    /// <summary>An arrow, on the options page.</summary>
    Right = 1 << 17,
}

/// <summary>What the player did since the last frame.</summary>
/// <param name="Move">WASD: x to the right, y ahead, each -1 to 1.</param>
/// <param name="Look">Radians that the mouse turns the head: x to the right, y up.</param>
/// <param name="Keys">Pressed in this frame.</param>
/// <param name="Typed">Text typed in this frame; null for none.</param>
public readonly record struct PlayerInput(Vector2 Move, Vector2 Look, GameKeys Keys = GameKeys.None, string? Typed = null);
