using NpcMind.Reference;
using NpcMind.Vision;
using NUnit.Framework;

namespace NpcMind.Tests.Vision;

internal sealed class PicturePlanTests
{
    private static readonly int[] Sides = [1, 2, 3, 27, 83, 84, 85, 251, 252, 336, 1000, 1919, 4096, 16384, 65536];

    // Sizes worked out by hand from the rules in transformers' image processor; canvases in tiles.
    [TestCase(336, 336, 1, 1, 336, 336)]
    [TestCase(100, 50, 1, 1, 336, 168)]
    [TestCase(337, 336, 1, 2, 337, 336)]
    [TestCase(672, 672, 2, 2, 672, 672)]
    [TestCase(1920, 1080, 3, 5, 1680, 945)]
    [TestCase(4096, 1, 1, 13, 4096, 1)]
    [TestCase(1, 4096, 13, 1, 1, 4096)]
    public void Plan_Llama4_TakesCanvasThatChangesPictureLeast(int width, int height, int rows, int columns, int newWidth,
        int newHeight)
    {
        PicturePlan plan = PicturePlan.Llama4(width, height, 336);
        Assert.That((plan.Rows, plan.Columns, plan.Steps[0].Width, plan.Steps[0].Height), Is.EqualTo((rows, columns, newWidth, newHeight)));
        Assert.That(plan.HasGlobal, Is.EqualTo(rows * columns > 1));
    }

    [TestCase(1920, 1080, 3, 4)]
    [TestCase(1000, 1000, 4, 4)]
    [TestCase(4096, 1, 1, 4)]
    [TestCase(1, 4096, 4, 1)]
    public void Plan_Idefics3_CutsWholeTiles(int width, int height, int rows, int columns)
    {
        PicturePlan plan = PicturePlan.Idefics3(width, height, 512, 2048);
        Assert.That((plan.Rows, plan.Columns, plan.HasGlobal), Is.EqualTo((rows, columns, true)));
    }

    [Test]
    public void Plan_PictureOfOneTile_IsItsOwnGlobalTile()
    {
        PicturePlan plan = PicturePlan.Idefics3(30, 20, 84, 84);
        Assert.That((plan.Rows, plan.Columns, plan.HasGlobal), Is.EqualTo((0, 0, true)));
        Assert.That(plan.Tiles, Is.EqualTo(new TilePlace[] { new(1, 0, 0) }));
    }

    [TestCase(196, 140, 196, 140)]
    [TestCase(100, 230, 112, 224)]
    [TestCase(500, 333, 252, 168)]
    [TestCase(50, 41, 112, 84)]
    [TestCase(70, 154, 56, 168)]
    public void WithinPixels_PicturesOfAllShapes_HasTheSizesOfTheProcessor(int width, int height, int tileWidth, int tileHeight)
    {
        PicturePlan plan = PicturePlan.WithinPixels(width, height, 28, 6272, 47040, ResampleFilter.Bicubic);
        Assert.That((plan.TileWidth, plan.TileHeight, plan.Tiles.Count), Is.EqualTo((tileWidth, tileHeight, 1)));
    }

    [Test]
    public void WithinPixels_AnySize_IsWholeMultiplesOfBoundedArea()
    {
        Random random = new(5);
        for (int i = 0; i < 2000; i++)
        {
            int shorter = random.Next(1, 1 << random.Next(1, 9)),
                longer = Math.Min(65536, shorter * random.Next(1, PicturePlan.MaxAspect + 1));
            int multiple = random.Next(1, 64);
            long fewest = random.Next(1, 20000), most = fewest + random.Next(0, 1 << random.Next(1, 22));
            PicturePlan plan = PicturePlan.WithinPixels(i % 2 == 0 ? longer : shorter, i % 2 == 0 ? shorter : longer, multiple, fewest,
                most, ResampleFilter.Bicubic);
            Assert.That(plan.TileWidth % multiple + plan.TileHeight % multiple, Is.Zero);
            Assert.That((long)plan.TileWidth * plan.TileHeight, Is.InRange(1, PicturePlan.MostPixels(multiple, fewest, most)),
                $"{plan.Width} x {plan.Height} by {multiple}, {fewest} to {most}");
        }
    }

    [Test]
    public void WithinPixels_TooNarrow_IsRefused() =>
        Assert.That(() => PicturePlan.WithinPixels(2010, 10, 28, 3136, 47040, ResampleFilter.Bicubic),
            Throws.TypeOf<ArgumentOutOfRangeException>().With.Message.Contains("too narrow"));

    [TestCase(170, 75, 0, 47)]
    [TestCase(31, 47, 8, 0)]
    [TestCase(84, 84, 0, 0)]
    public void PaddedSquare_Picture_StandsInTheMiddle(int width, int height, int x, int y)
    {
        int side = Math.Max(width, height);
        PicturePlan plan = PicturePlan.PaddedSquare(width, height, 84, ResampleFilter.Bicubic, 5);
        Assert.That(plan.Steps.Single().Frame, Is.EqualTo(new PictureFrame(side, side, x, y, 5)));
    }

    [Test]
    public void Plan_AnySize_IsSoundAndWithinReservedBytes()
    {
        (int Tile, int Count)[] llama4 = [(84, 16), (336, 16), (336, 1), (14, 64), (1, 5)];
        (int Tile, int Edge)[] idefics3 = [(84, 252), (84, 251), (512, 2048), (364, 1456), (384, 4096), (85, 255), (50, 49)];
        Random random = new(11);
        foreach ((int width, int height) in Sides.SelectMany(w => Sides.Select(h => (w, h)))
            .Concat(Enumerable.Range(0, 2000).Select(_ => (random.Next(1, 3000), random.Next(1, 3000)))))
        {
            foreach ((int tile, int count) in llama4)
                Check(PicturePlan.Llama4(width, height, tile, count), PicturePlan.Llama4CanvasBytes(tile, count),
                    $"llama4 {width} x {height}, tile {tile}, {count}");
            foreach ((int tile, int edge) in idefics3)
                foreach (bool split in new[] { true, false })
                    Check(PicturePlan.Idefics3(width, height, tile, edge, split), PicturePlan.Idefics3CanvasBytes(tile, edge, split),
                        $"idefics3 {width} x {height}, tile {tile}, edge {edge}, {split}");
        }
    }

    [Test]
    public void ReservedBytes_AreNeededBySomePicture()
    {
        Assert.That(CanvasBytes(PicturePlan.Llama4(9999, 9999, 84)), Is.EqualTo(PicturePlan.Llama4CanvasBytes(84)));
        Assert.That(CanvasBytes(PicturePlan.Llama4(9, 9, 84, 1)), Is.EqualTo(PicturePlan.Llama4CanvasBytes(84, 1)));
        Assert.That(CanvasBytes(PicturePlan.Idefics3(100, 100, 85, 255)), Is.EqualTo(PicturePlan.Idefics3CanvasBytes(85, 255)));
        Assert.That(CanvasBytes(PicturePlan.Idefics3(100, 100, 84, 252, split: false)),
            Is.EqualTo(PicturePlan.Idefics3CanvasBytes(84, 252, split: false)));
    }

    [Test]
    public void Plan_SizeOutOfRange_ThrowsArgumentException()
    {
        Assert.That(() => PicturePlan.Llama4(0, 5, 84),
            Throws.TypeOf<ArgumentOutOfRangeException>().With.Property("ParamName").EqualTo("width"));
        Assert.That(() => PicturePlan.Idefics3(5, 65537, 84, 252),
            Throws.TypeOf<ArgumentOutOfRangeException>().With.Property("ParamName").EqualTo("height"));
        Assert.That(() => PicturePlan.Llama4(5, 5, 0),
            Throws.TypeOf<ArgumentOutOfRangeException>().With.Property("ParamName").EqualTo("tile"));
        Assert.That(() => PicturePlan.Llama4(5, 5, 84, 65),
            Throws.TypeOf<ArgumentOutOfRangeException>().With.Property("ParamName").EqualTo("maxTiles"));
        Assert.That(() => PicturePlan.Idefics3(5, 5, 1, 33),
            Throws.TypeOf<ArgumentOutOfRangeException>().With.Property("ParamName").EqualTo("longestEdge"));
        Assert.That(() => PicturePlan.Idefics3CanvasBytes(512, 4097), Throws.TypeOf<ArgumentOutOfRangeException>());
    }

    [Test]
    public void Plan_LineOfPixels_CanBeResizedAndCut([Values] bool upright)
    {
        (int width, int height) = upright ? (1, 4096) : (4096, 1);
        byte[] rgb = [.. Enumerable.Repeat((byte)200, 4096 * 3)];
        PicturePlan llama4 = PicturePlan.Llama4(width, height, 84), idefics3 = PicturePlan.Idefics3(width, height, 84, 252);
        Assert.That(Resample.Tiles(rgb, llama4), Has.Length.EqualTo(llama4.Tiles.Count * 84 * 84 * 3).And.Contains((byte)0));
        Assert.That(Resample.Tiles(rgb, idefics3), Is.All.EqualTo((byte)200));
    }

    private static void Check(PicturePlan plan, long bytes, string what)
    {
        bool sound = CanvasBytes(plan) <= bytes && plan.Tiles.Count == (plan.Rows * plan.Columns) + (plan.HasGlobal ? 1 : 0)
            && plan.Tiles.Count > 0;
        for (int i = 0; i < plan.Steps.Count; i++)
        {
            PictureStep step = plan.Steps[i];
            sound &= step.Source < i && step.Source >= -1 && step.Width >= 1 && step.Height >= 1 && step.Width <= step.CanvasWidth
                && step.Height <= step.CanvasHeight;
        }

        foreach (TilePlace place in plan.Tiles)
            sound &= place.X >= 0 && place.Y >= 0 && place.X + plan.TileSize <= plan.Steps[place.Step].CanvasWidth
                && place.Y + plan.TileSize <= plan.Steps[place.Step].CanvasHeight;
        if (!sound) Assert.Fail(what);
    }

    private static long CanvasBytes(PicturePlan plan) => plan.Steps.Sum(s => 4L * s.CanvasWidth * s.CanvasHeight);
}
