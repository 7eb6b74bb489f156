using CsCheck;
using NpcMind.Scheduling;
using NUnit.Framework;

namespace NpcMind.Tests.Scheduling;

internal sealed class GridSlicerTests
{
    [Test]
    public void Slice_PiecesInOrder_CoverEveryWorkgroupOnce() =>
        Gen.Select(Gen.Int[1, 9], Gen.Int[1, 7], Gen.Int[1, 5], Gen.Int[1, 70].Array[1, 8]).Sample((x, y, z, mosts) =>
        {
            int[] visits = new int[x * y * z];
            long position = 0;
            for (int i = 0; position < visits.Length; i++)
            {
                int most = mosts[i % mosts.Length];
                GridPiece piece = GridSlicer.Next(x, y, z, position, most);
                Assert.That(piece.Workgroups, Is.InRange(1, most));
                long expected = position;
                for (int pz = piece.Z; pz < piece.Z + piece.CountZ; pz++)
                    for (int py = piece.Y; py < piece.Y + piece.CountY; py++)
                        for (int px = piece.X; px < piece.X + piece.CountX; px++)
                        {
                            Assert.That(px < x && py < y && pz < z, "outside the grid");
                            int flat = px + x * (py + y * pz);
                            Assert.That(flat, Is.EqualTo(expected++), "boxes are contiguous in flattened order");
                            visits[flat]++;
                        }
                position += piece.Workgroups;
            }
            Assert.That(position, Is.EqualTo(visits.Length));
            Assert.That(visits, Is.All.EqualTo(1));
        }, iter: 2000);

    [Test]
    public void Slice_GridThatFits_IsOnePiece() => Gen.Select(Gen.Int[1, 500], Gen.Int[1, 500], Gen.Int[1, 500]).Sample((x, y, z) =>
        GridSlicer.Next(x, y, z, 0, (long)x * y * z) == new GridPiece(0, 0, 0, x, y, z));

    [Test]
    public void Slice_LargestGrid_DoesNotOverflow()
    {
        GridPiece last = GridSlicer.Next(int.MaxValue, 65535, 65535, int.MaxValue * 65535L * 65535L - 5, long.MaxValue);
        Assert.That(last, Is.EqualTo(new GridPiece(int.MaxValue - 5, 65534, 65534, 5, 1, 1)));
        Assert.That(GridSlicer.Next(int.MaxValue, 65535, 65535, 0, long.MaxValue).Workgroups, Is.EqualTo(int.MaxValue * 65535L * 65535L));
    }

    [TestCase(0, 1, 1, 0L, 1L)]
    [TestCase(1, 0, 1, 0L, 1L)]
    [TestCase(1, 1, 0, 0L, 1L)]
    [TestCase(2, 2, 2, 8L, 1L)]
    [TestCase(2, 2, 2, -1L, 1L)]
    [TestCase(2, 2, 2, 0L, 0L)]
    [TestCase(int.MaxValue, int.MaxValue, 3, 0L, 1L)]
    public void Slice_PlaceOutsideGrid_IsRefused(int x, int y, int z, long position, long most) =>
        Assert.Throws<ArgumentOutOfRangeException>(() => GridSlicer.Next(x, y, z, position, most));
}
