using NpcMind.Reference;
using NUnit.Framework;

namespace NpcMind.Tests.Vision;

/// <summary>Pictures that show what was done to them.</summary>
internal sealed class TestPicturesTests
{
    [TestCase(8)]
    [TestCase(40)]
    [TestCase(56)]
    public void SquarePicture_TurnedOrMirrored_Differs(int size)
    {
        byte[] picture = TestPictures.Rgba(size, size);
        Func<int, int, (int X, int Y)>[] moves =
        [
            (x, y) => (size - 1 - x, y), (x, y) => (x, size - 1 - y), (x, y) => (y, x), (x, y) => (size - 1 - y, size - 1 - x),
            (x, y) => (size - 1 - x, size - 1 - y), (x, y) => (size - 1 - y, x), (x, y) => (y, size - 1 - x),
        ];
        foreach (Func<int, int, (int X, int Y)> move in moves)
        {
            int different = 0;
            for (int i = 0; i < size * size; i++)
            {
                (int x, int y) = move(i % size, i / size);
                if (!picture.AsSpan(i * 4, 4).SequenceEqual(picture.AsSpan(((y * size) + x) * 4, 4))) different++;
            }

            Assert.That(different, Is.GreaterThan(size * size / 2), $"move {Array.IndexOf(moves, move)}");
        }
    }

    [TestCase(1, 1)]
    [TestCase(1, 300)]
    [TestCase(3, 2)]
    [TestCase(200, 90)]
    public void Picture_AnySize_HasAllPixelsAndDiffersBySeed(int width, int height)
    {
        byte[] picture = TestPictures.Rgba(width, height);
        Assert.That(picture, Has.Length.EqualTo(width * height * 4));
        Assert.That(picture.Where((_, i) => i % 4 == 3), Is.All.EqualTo(255));
        Assert.That(TestPictures.Rgba(width, height), Is.EqualTo(picture));
        Assert.That(TestPictures.Rgba(width, height, seed: 2), Is.Not.EqualTo(picture));
    }

    [Test]
    public void TransparentPicture_FadesToLastCorner()
    {
        byte[] picture = TestPictures.Rgba(20, 10, transparent: true);
        Assert.That((picture[3], picture[^1]), Is.EqualTo(((byte)255, (byte)0)));
    }

    [Test]
    public void Channels_Differ()
    {
        byte[] picture = TestPictures.Rgba(31, 17);
        byte[][] channels = [.. Enumerable.Range(0, 3).Select(c => picture.Where((_, i) => i % 4 == c).ToArray())];
        Assert.That(channels[0], Is.Not.EqualTo(channels[1]).And.Not.EqualTo(channels[2]));
        Assert.That(channels[1], Is.Not.EqualTo(channels[2]));
    }
}
