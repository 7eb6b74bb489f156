using System.Numerics;
using Tavern.World;

namespace Tavern.Game.Tests;

public sealed class GameWorldTests
{
    private GameWorld _world = null!;
    private List<string> _told = [];

    private Body Marbel => _world.Bodies[0];

    private Body Osbert => _world.Bodies[1];

    [SetUp]
    public void Begin() => (_world, _told) = (new GameWorld(Worlds.Plan()), []);

    [Test]
    public void Walk_ChangesPlaceAndTellsEverybody()
    {
        Assert.That(_world.Do(Marbel, new Deed(DeedVerb.Walk, "the door")), Is.Null);
        double seconds = Until(() => Marbel.Doing is null);
        Assert.That(Marbel.Person.Place, Is.EqualTo("by the door"));
        Assert.That(_world.Facts.Facts(), Does.Contain("Marbel is by the door."));
        Assert.That(_told, Is.EqualTo(new[] { "Marbel is now by the door." }));
        Assert.That(seconds, Is.EqualTo(Vector2.Distance(new(0.2f, -2.6f), Marbel.Position) / Body.Speed).Within(1.0),
            "about the straight way at walking speed");
    }

    [Test]
    public void Walk_TablesAndPeople_BlockTheWay()
    {
        foreach (string place in Lexicon.Furniture.Concat(["Osbert", "Player"]))
        {
            _world.Do(Marbel, new Deed(DeedVerb.Walk, place));
            Until(() => Marbel.Doing is null, () =>
            {
                Assert.That(Floor.IsFree(Marbel.Position) || Marbel.Position == Floor.Push(Marbel.Position),
                    $"{Marbel.Position} on the way to {place}");
                Assert.That(Marbel.DistanceTo(Osbert), Is.GreaterThan(0.4));
            });
        }
    }

    [Test]
    public void Walk_EveryPlace_IsReachedFromEveryOther()
    {
        List<Vector2> path = [];
        foreach (string from in Lexicon.Places)
        {
            foreach (string to in Lexicon.Places)
            {
                (Vector2 start, Vector2 end) = (Targets.Stand(from).Foot, Targets.Stand(to).Foot);
                Assert.That(Floor.IsFree(start), from);
                Floor.FindPath(start, end, path);
                for (int i = 0; i < path.Count; i++)
                    Assert.That(Floor.IsClear(i == 0 ? start : path[i - 1], path[i]), $"{from} to {to}, leg {i}");
                Assert.That(path[^1], Is.EqualTo(end));
            }
        }
    }

    [Test]
    public void Walk_TwoWhoMeet_PassEachOther()
    {
        _world.Do(Marbel, new Deed(DeedVerb.Walk, "the bar"));
        _world.Do(Osbert, new Deed(DeedVerb.Walk, "the hearth"));
        Assert.That(Until(() => Marbel.Doing is null && Osbert.Doing is null), Is.LessThan(15));
        Assert.That(Marbel.Person.Place, Is.EqualTo("at the bar"));
        Assert.That(Osbert.Person.Place, Is.EqualTo("by the hearth"));
    }

    [Test]
    public void Give_WalksThereAndHandsOver()
    {
        _world.Do(Marbel, new Deed(DeedVerb.Give, "Osbert"));
        Until(() => Marbel.Doing is null);
        Assert.That(Osbert.Person.Item, Is.EqualTo("a gold coin"));
        Assert.That(Marbel.Person.Item, Is.Null);
        Assert.That(_told, Does.Contain("Osbert now carries a gold coin.").And.Contain("Marbel now carries nothing."));
        Assert.That(Marbel.DistanceTo(Osbert), Is.LessThan(1.6));
    }

    [Test]
    public void Deed_TargetEditedAway_IsDropped()
    {
        _world.Do(Marbel, new Deed(DeedVerb.Give, "Osbert"));
        TavernPlan plan = Worlds.Plan(Worlds.Small.Replace("Osbert", "Garlin", StringComparison.Ordinal));
        (TavernWorld next, HashSet<string> anew) = _world.Merge(plan);
        _world.Take(plan, next, anew);
        Assert.That(Marbel.Doing, Is.Null);
        Assert.That(Marbel.IsWalking, Is.False);
        Until(() => true);
        Assert.That(Marbel.Person.Item, Is.EqualTo("a gold coin"));
    }

    [Test]
    public void Give_ToAndFromPlayer_MovesThing()
    {
        _world.Do(Marbel, new Deed(DeedVerb.Give, Deed.Player));
        Until(() => Marbel.Doing is null);
        Assert.That(_world.Player.Person.Item, Is.EqualTo("a gold coin"));
        Assert.That(_world.HandOver(Osbert), Is.False, "too far");
        Assert.That(_world.HandOver(Marbel));
        Assert.That(Marbel.Person.Item, Is.EqualTo("a gold coin"));
        Assert.That(_world.Player.Person.Item, Is.Null);
        Assert.That(_world.HandOver(Marbel), Is.False, "nothing left");
    }

    [Test]
    public void LightAndOpen_ChangeTheScene()
    {
        Assert.That(_world.Lamp, Is.Zero);
        _world.Do(Marbel, new Deed(DeedVerb.Light, "the lamp"));
        _world.Do(Osbert, new Deed(DeedVerb.Open, "the door"));
        Until(() => _world is { Lamp: 1, Door: 1 });
        Scene scene = Eyes.Scene(_world, _world.Player);
        Assert.That(scene.Parts.Where(p => p.Kind == ThingKind.Lamp), Has.All.Matches<ScenePart>(p => p.State == 1));
        Assert.That(scene.Parts.Single(p => p.Kind == ThingKind.Door).State, Is.EqualTo(1));
    }

    [Test]
    public void Turn_ChangesDirection()
    {
        _world.Do(Marbel, new Deed(DeedVerb.Turn, "Osbert"));
        Assert.That(Marbel.Doing, Is.Null);
        Until(() => MathF.Abs(MathF.IEEERemainder(Marbel.Yaw - Body.YawTo(Marbel.Position, Osbert.Position), MathF.Tau)) < 0.01f);
        Assert.That(Marbel.Person.Place, Is.EqualTo("by the hearth"));
    }

    [TestCase(DeedVerb.Give, "the bar")]
    [TestCase(DeedVerb.Open, "the bar")]
    [TestCase(DeedVerb.Light, "the door")]
    [TestCase(DeedVerb.Walk, "nowhere")]
    [TestCase(DeedVerb.Walk, "Osbert")]
    public void Begin_ImpossibleDeed_IsRefused(DeedVerb verb, string to)
    {
        string? problem = _world.Do(Osbert, new Deed(verb, to));
        Assert.That(problem, Is.Not.Null);
        Assert.That(Osbert.Doing, Is.Null);
    }

    [Test]
    public void Targets_EveryCharacter_AreAllThatIsThere()
    {
        foreach (Body body in _world.Bodies) Assert.That(() => Deed.Legal(Deed.Doable(_world.Facts.People, body.Person)), Throws.Nothing);
    }

    [Test]
    public void Sight_ListsThingsInOrderWithoutTheViewer()
    {
        Scene scene = Eyes.Scene(_world, Marbel);
        ScenePart apple = scene.Parts.Single(p => p.Kind == ThingKind.Apple), book = scene.Parts.Single(p => p.Kind == ThingKind.Book);
        Assert.That(apple.Position.X, Is.LessThan(book.Position.X));
        Assert.That(scene.Parts.Single(p => p.Kind == ThingKind.Chest).Position.Y, Is.EqualTo(TavernRoom.BarTop));
        Assert.That(scene.Parts.Count(p => p.Kind == ThingKind.Person), Is.EqualTo(2), "Osbert and the player");
        Assert.That(scene.Parts.Where(p => p.Id > 0).Select(p => p.Id), Is.Unique);
        Assert.That(Eyes.Scene(_world, _world.Player).Parts.Count(p => p.Kind == ThingKind.Person), Is.EqualTo(2), "the characters");
    }

    [Test]
    public void Sight_ChangesOnlyWithWhatIsInView()
    {
        _world.Do(Osbert, new Deed(DeedVerb.Turn, "the bar"));
        Until(() => _world.Bodies.All(b => b.Doing is null));
        int before = Eyes.Fingerprint(_world, Osbert);
        _world.Player.Position = new(-4, 3); // behind its back
        Assert.That(Eyes.Fingerprint(_world, Osbert), Is.EqualTo(before));
        _world.Player.Position = new(4.3f, -0.8f); // behind the bar
        Assert.That(Eyes.Fingerprint(_world, Osbert), Is.Not.EqualTo(before));
    }

    private double Until(Func<bool> done, Action? each = null)
    {
        for (int i = 0; i < 60 * 40; i++)
        {
            _world.Update(GameLoop.Step);
            each?.Invoke();
            while (_world.TryTakeChange(out Change change))
                if (change.IsFact) _told.Add(change.Sentence);
            if (done()) return i * GameLoop.Step;
        }

        Assert.Fail("It takes more than 40 seconds.");
        return 0;
    }
}
