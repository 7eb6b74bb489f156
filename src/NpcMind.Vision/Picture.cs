namespace NpcMind.Vision;

/// <summary>
/// A decoded picture, upright, without transparency. Whoever holds it may read it on any thread; nobody changes <see cref="Rgba"/> any
/// more.
/// </summary>
/// <param name="Width">Pixels in a row.</param>
/// <param name="Height">Rows.</param>
/// <param name="Rgba">[Height][Width][4] bytes: red, green, blue, 255; rows top to bottom, pixels left to right.</param>
internal sealed record Picture(int Width, int Height, byte[] Rgba);
