using System.Globalization;
using StbImageWriteSharp;

namespace NpcMind.Cli;

/// <summary>
/// Draws frames as a picture: GPU milliseconds above with the budget as a line and budget + quantum as a fainter one, tick milliseconds
/// below; frame numbers along x.
/// </summary>
internal sealed class FramesPlot
{
    private const int Width = 1200;
    private const int Height = 640;
    private const int Left = 70;
    private const int Right = 20;
    private const int GlyphScale = 2;
    private const string Glyphs = "0123456789.abcdefghijklmnopqrstuvwxyz ";

    // Five rows of three dots each, a row a hexadecimal digit from top to bottom.
    private static readonly int[] Shapes =
    [
        0x75557, 0x26227, 0x71747, 0x71717, 0x55711, 0x74717, 0x74757, 0x71111, 0x75757, 0x75717, 0x00002,
        0x25755, 0x65656, 0x34443, 0x65556, 0x74647, 0x74644, 0x34553, 0x55755, 0x72227, 0x11152, 0x55655, 0x44447, 0x57755, 0x65555,
        0x25552, 0x65644, 0x25561, 0x65655, 0x34216, 0x72222, 0x55557, 0x55552, 0x55775, 0x55255, 0x55222, 0x71247,
        0x00000,
    ];

    private readonly byte[] _pixels = new byte[Width * Height * 3];

    private FramesPlot() => Array.Fill(_pixels, (byte)255);

    public static void Write(string path, IReadOnlyList<(int Frame, double Milliseconds)> gpu, IReadOnlyList<double> ticks,
        FrameLoopOptions options)
    {
        FramesPlot plot = new();
        double limit = options.BudgetMilliseconds + options.QuantumMilliseconds;
        double gpuTop = Top(gpu.Select(g => g.Milliseconds).Append(limit)), tickTop = Top(ticks.Append(0.5));
        Panel above = new(40, 380, gpuTop, options.Frames), below = new(440, 590, tickTop, options.Frames);
        plot.Axes(above, $"gpu ms of {options.Npcs} npcs. budget {options.BudgetMilliseconds.ToString(CultureInfo.InvariantCulture)}");
        plot.Axes(below, "tick ms");
        plot.Line(above, options.BudgetMilliseconds, (220, 40, 40));
        plot.Line(above, limit, (240, 170, 170));
        foreach ((int frame, double ms) in gpu) plot.Dot(above, frame, ms, (30, 90, 200));
        for (int i = 0; i < ticks.Count; i++) plot.Dot(below, i, ticks[i], (40, 140, 60));
        using FileStream file = File.Create(path);
        new ImageWriter().WritePng(plot._pixels, Width, Height, ColorComponents.RedGreenBlue, file);
    }

    /// <summary>The next of 1, 2, 5, 10, ... times a power of ten above all values.</summary>
    private static double Top(IEnumerable<double> values)
    {
        double most = Math.Max(1e-3, values.Max() * 1.02), power = Math.Pow(10, Math.Floor(Math.Log10(most)));
        return power * (most <= power ? 1 : most <= 2 * power ? 2 : most <= 5 * power ? 5 : 10);
    }

    private void Axes(Panel panel, string title)
    {
        Text(Left, panel.Top - 20, title);
        for (int tick = 0; tick <= 4; tick++)
        {
            double value = panel.Most * tick / 4;
            int y = panel.Y(value);
            Fill(Left, y, Width - Left - Right, 1, (225, 225, 225));
            string label = value.ToString("0.###", CultureInfo.InvariantCulture);
            Text(Left - 8 - label.Length * 4 * GlyphScale, y - 5, label);
            int frame = (int)((long)panel.Frames * tick / 4);
            label = frame.ToString(CultureInfo.InvariantCulture);
            Text(Math.Min(panel.X(frame), Width - Right - label.Length * 4 * GlyphScale), panel.Bottom + 8, label);
        }

        Fill(Left, panel.Top, 1, panel.Bottom - panel.Top, (0, 0, 0));
        Fill(Left, panel.Bottom, Width - Left - Right, 1, (0, 0, 0));
    }

    private void Line(Panel panel, double value, (byte, byte, byte) color) => Fill(Left, panel.Y(value), Width - Left - Right, 1, color);

    private void Dot(Panel panel, int frame, double value, (byte, byte, byte) color) =>
        Fill(panel.X(frame) - 1, panel.Y(value) - 1, 2, 2, color);

    private void Text(int x, int y, string text)
    {
        foreach (char c in text)
        {
            int shape = Shapes[Math.Max(0, Glyphs.IndexOf(c))];
            for (int row = 0; row < 5; row++)
                for (int column = 0; column < 3; column++)
                    if ((shape >> ((4 - row) * 4) >> (2 - column) & 1) != 0)
                        Fill(x + column * GlyphScale, y + row * GlyphScale, GlyphScale, GlyphScale, (60, 60, 60));
            x += 4 * GlyphScale;
        }
    }

    private void Fill(int x, int y, int width, int height, (byte R, byte G, byte B) color)
    {
        for (int row = Math.Max(0, y); row < Math.Min(Height, y + height); row++)
            for (int column = Math.Max(0, x); column < Math.Min(Width, x + width); column++)
                (_pixels[(row * Width + column) * 3], _pixels[(row * Width + column) * 3 + 1],
                    _pixels[(row * Width + column) * 3 + 2]) = color;
    }

    /// <summary>A diagram: rows of pixels from top to bottom, values from 0 to most.</summary>
    private sealed record Panel(int Top, int Bottom, double Most, int Frames)
    {
        public int X(int frame) => Left + 1 + (int)((long)frame * (Width - Left - Right - 2) / Math.Max(1, Frames));

        public int Y(double value) => Bottom - (int)(Math.Clamp(value / Most, 0, 1) * (Bottom - Top));
    }
}
