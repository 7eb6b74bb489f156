using Tavern.Overlay;

namespace Tavern.Hud;

/// <summary>Sizes that follow the frame's, so that text can be read at 360 rows and does not fill 1080, and the colours.</summary>
internal readonly record struct HudStyle(int Text, int Small, float Margin)
{
    public static readonly Ink Parchment = new(243, 231, 205, 250), ParchmentEdge = new(120, 84, 44), Writing = new(42, 28, 18);
    public static readonly Ink Dark = new(18, 14, 12, 232), DarkEdge = new(150, 112, 60), Light = new(240, 232, 216),
        Faint = new(178, 166, 148);
    public static readonly Ink Amber = new(246, 178, 76), Blue = new(104, 158, 220), Red = new(238, 88, 70), Grid = new(60, 54, 50);

    /// <param name="width">Pixels of the frame.</param>
    /// <param name="height">Pixels of the frame.</param>
    /// <param name="wish">Size of text that the player wishes, of the usual.</param>
    public static HudStyle For(int width, int height, double wish = 1)
    {
        double scale = wish * Math.Pow(Math.Min(height, width * 9.0 / 16) / 360, 0.6);
        int text = Math.Max(9, (int)Math.Round(12.5 * scale));
        return new HudStyle(text, Math.Max(9, (int)Math.Round(10 * scale)), MathF.Round(text * 0.7f));
    }
}
