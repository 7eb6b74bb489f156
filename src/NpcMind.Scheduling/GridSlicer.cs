namespace NpcMind.Scheduling;

/// <summary>
/// A box of workgroups inside a dispatch's grid: base and counts in each dimension, as <c>vkCmdDispatchBase</c> takes them.
/// </summary>
/// <param name="X">First workgroup in x.</param>
/// <param name="Y">First workgroup in y.</param>
/// <param name="Z">First workgroup in z.</param>
/// <param name="CountX">Workgroups in x.</param>
/// <param name="CountY">Workgroups in y.</param>
/// <param name="CountZ">Workgroups in z.</param>
internal readonly record struct GridPiece(int X, int Y, int Z, int CountX, int CountY, int CountZ)
{
    /// <summary>Workgroups in the box. <see cref="GridSlicer.Next"/> only makes boxes whose number fits.</summary>
    public long Workgroups => (long)CountX * CountY * CountZ;
}

/// <summary>Cuts a dispatch's grid into boxes between workgroups.</summary>
internal static class GridSlicer
{
    /// <summary>
    /// The box that starts at <paramref name="position"/> (workgroups done so far, x fastest) in a grid of <paramref name="x"/> by
    /// <paramref name="y"/> by
    /// <paramref name="z"/> and holds at most <paramref name="most"/> workgroups: part of a line of x, or whole lines of a plane, or whole
    /// planes. The next position is <paramref name="position"/> plus the box's <see cref="GridPiece.Workgroups"/>.
    /// </summary>
    /// <exception cref="ArgumentOutOfRangeException">A dimension or <paramref name="most"/> is under 1, the grid has over 2^63 - 1
    /// workgroups, or the position lies outside it.</exception>
    public static GridPiece Next(int x, int y, int z, long position, long most)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(x, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(y, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(z, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(most, 1);
        long plane = (long)x * y;
        if (plane > long.MaxValue / z)
            throw new ArgumentOutOfRangeException(nameof(z), z, $"A grid of {x} x {y} x {z} has more workgroups than 63 bits count.");
        if (position < 0 || position >= plane * z)
            throw new ArgumentOutOfRangeException(nameof(position), position,
                $"A grid of {x} x {y} x {z} has the positions 0 to {plane * z - 1}.");

        int startZ = (int)(position / plane);
        long inPlane = position % plane;
        int startY = (int)(inPlane / x);
        int startX = (int)(inPlane % x);
        if (startX != 0 || most < x) return new GridPiece(startX, startY, startZ, (int)Math.Min(x - startX, most), 1, 1);
        if (startY != 0 || most < plane) return new GridPiece(0, startY, startZ, x, (int)Math.Min(y - startY, most / x), 1);
        return new GridPiece(0, 0, startZ, x, y, (int)Math.Min(z - startZ, most / plane));
    }
}
