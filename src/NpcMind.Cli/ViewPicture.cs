namespace NpcMind.Cli;

/// <summary>What a character could see from where it stands: sky, ground and a few boxes, another view for every number.</summary>
internal static class ViewPicture
{
    private const int Width = 640, Height = 360;

    public static NpcImage Make(int view)
    {
        Random random = new(view);
        byte[] rgba = new byte[Width * Height * 4];
        for (int y = 0; y < Height; y++)
            for (int x = 0; x < Width; x++)
                Set(rgba, x, y, y < Height / 2 ? (90 + y / 4, 120 + y / 4, 200) : (60, 110 - y / 8, 50 + x / 16));
        for (int box = 0; box < 6; box++)
        {
            int left = random.Next(Width - 60), top = random.Next(Height - 60), width = random.Next(20, 60), height = random.Next(20, 60);
            (int, int, int) color = (random.Next(256), random.Next(256), random.Next(256));
            for (int y = top; y < top + height; y++)
                for (int x = left; x < left + width; x++) Set(rgba, x, y, color);
        }

        return NpcImage.FromRgba(Width, Height, rgba);
    }

    private static void Set(byte[] rgba, int x, int y, (int Red, int Green, int Blue) color)
    {
        int at = (y * Width + x) * 4;
        (rgba[at], rgba[at + 1], rgba[at + 2], rgba[at + 3]) = ((byte)color.Red, (byte)color.Green, (byte)color.Blue, 255);
    }
}
