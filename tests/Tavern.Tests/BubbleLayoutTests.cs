using Tavern.Hud;
using Tavern.Overlay;

namespace Tavern.Tests;

public sealed class BubbleLayoutTests
{
    private static readonly Box Area = new(8, 8, 624, 300);

    [Test]
    public void Place_FreeBubbles_StayWhereTheyAre()
    {
        Box[] boxes = [new(100, 100, 80, 40), new(300, 100, 80, 40)];
        BubbleLayout.Arrange(boxes, Area, [], [], 4);
        Assert.That(boxes, Is.EqualTo(new Box[] { new(100, 100, 80, 40), new(300, 100, 80, 40) }));
    }

    [Test]
    public void Place_TwoAtOnePlace_MovesSecondAsLittleAsPossible()
    {
        Box[] boxes = [new(100, 100, 80, 40), new(102, 104, 80, 40)];
        BubbleLayout.Arrange(boxes, Area, [], [], 4);
        Assert.That(boxes[0], Is.EqualTo(new Box(100, 100, 80, 40)));
        Assert.That(boxes[1], Is.EqualTo(new Box(102, 144, 80, 40)));
    }

    [Test]
    public void Place_RoomElsewhere_SparesFaces()
    {
        Box[] boxes = [new(100, 100, 80, 40)], faces = [new(130, 120, 20, 20)];
        BubbleLayout.Arrange(boxes, Area, [], faces, 4);
        Assert.That(boxes[0], Is.EqualTo(new Box(100, 80, 80, 40)));
        boxes = [Area];
        BubbleLayout.Arrange(boxes, Area, [], faces, 4);
        Assert.That(boxes[0], Is.EqualTo(Area), "without room all of it is used");
    }

    [Test]
    public void Place_All_AreOnScreenAndApart()
    {
        Random random = new(7);
        for (int round = 0; round < 500; round++)
        {
            Box[] taken = [new(8, 8, random.Next(1, 250), random.Next(1, 200)), new(290, 190, 60, 30)];
            Box[] boxes = new Box[random.Next(1, 7)];
            for (int i = 0; i < boxes.Length; i++)
                boxes[i] = new(random.Next(-300, 900), random.Next(-200, 500), random.Next(40, 200), random.Next(20, 60));
            BubbleLayout.Arrange(boxes, Area, taken, [], 4);
            AssertApart([.. taken, .. boxes], Area);
            Assert.That(boxes, Has.All.Matches<Box>(box => box.Width > 0), $"round {round}: there was room for all");
        }
    }

    [Test]
    public void Place_NoRoom_LeavesOut()
    {
        Box[] boxes = [new(0, 0, 600, 290), new(0, 0, 100, 50), new(0, 0, 700, 20)];
        BubbleLayout.Arrange(boxes, Area, [], [], 4);
        Assert.That(boxes[0].Width, Is.GreaterThan(0));
        Assert.That(boxes[1..], Has.All.EqualTo(default(Box)));
    }

    internal static void AssertApart(IReadOnlyList<Box> boxes, Box area)
    {
        for (int i = 0; i < boxes.Count; i++)
        {
            if (boxes[i].Width == 0) continue;
            Box box = boxes[i].Inflate(-0.1f);
            Assert.That(box.Within(area), Is.EqualTo(box), $"box {i} is on the screen");
            for (int j = 0; j < i; j++)
                Assert.That(boxes[j].Width > 0 && box.Overlaps(boxes[j]), Is.False, $"boxes {j} and {i} are apart: {boxes[j]} {boxes[i]}");
        }
    }
}
