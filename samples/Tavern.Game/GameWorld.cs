using System.Numerics;
using Tavern.World;

namespace Tavern.Game;

/// <summary>
/// The tavern as it is now: what is so, who stands where and does what. Changed by deeds alone; knows nothing of minds and pictures.
/// </summary>
public sealed class GameWorld
{
    private const float TurnSpeed = 5, Glow = 1.5f;
    private readonly List<Body> _bodies = [];
    private readonly Queue<Change> _changes = new();
    private readonly DeedRunner _deeds;
    private double _seconds;

    public GameWorld(TavernPlan plan)
    {
        Plan = plan;
        Facts = plan.World.Copy();
        Player = NewPlayer(plan.World);
        _deeds = new DeedRunner(this);
        foreach (Person person in Facts.People) _bodies.Add(AtItsPlace(person));
        TakeStates(plan);
        (Lamp, Hearth, Candles, Door) = (Wanted(LampIsLit), Wanted(HearthIsLit), Wanted(CandlesAreLit), Wanted(DoorIsOpen));
    }

    /// <summary>What the world file says.</summary>
    public TavernPlan Plan { get; private set; }

    /// <summary>What is so now.</summary>
    public TavernWorld Facts { get; private set; }

    /// <summary>The characters, in the order of <see cref="TavernWorld.People"/>.</summary>
    public IReadOnlyList<Body> Bodies => _bodies;

    public Body Player { get; private set; }

    /// <summary>What characters know beside the world.</summary>
    public Knowledge Knowledge { get; internal set; } = Knowledge.None;

    /// <summary>What characters see and the player does not; null for nothing.</summary>
    public Hidden? Hidden { get; internal set; }

    public bool LampIsLit { get; internal set; }

    public bool HearthIsLit { get; internal set; }

    public bool CandlesAreLit { get; internal set; }

    public bool DoorIsOpen { get; internal set; }

    /// <summary>0 dark to 1 lit.</summary>
    public float Lamp { get; private set; }

    /// <summary>0 dark to 1 lit.</summary>
    public float Hearth { get; private set; }

    /// <summary>0 dark to 1 lit.</summary>
    public float Candles { get; private set; }

    /// <summary>0 closed to 1 open.</summary>
    public float Door { get; private set; }

    /// <summary>Goes up when anything that can be seen changes.</summary>
    public int Version { get; private set; }

    /// <summary>Somebody by name, the player among them; null when there is nobody of that name.</summary>
    public Body? Find(string name)
    {
        if (name == Deed.Player) return Player;
        foreach (Body body in _bodies)
            if (body.Name == name) return body;
        return null;
    }

    /// <summary>Index of a character; -1 for the player and others.</summary>
    public int IndexOf(Body body) => _bodies.IndexOf(body);

    /// <summary>Begins a character's deed; what it was doing before, it leaves.</summary>
    /// <returns>What keeps it from being done; null when nothing does.</returns>
    public string? Do(Body actor, Deed deed) => _deeds.Begin(actor, deed);

    /// <summary>The player, which does its own walking, hands what it carries to somebody.</summary>
    /// <returns>Whether that one is near enough.</returns>
    public bool HandOver(Body taker) => _deeds.HandOver(Player, taker);

    /// <summary>The player lights or puts out, opens or shuts something.</summary>
    public void Switch(string furniture)
    {
        bool on = furniture switch
        {
            "the door" => DoorIsOpen = !DoorIsOpen,
            "the hearth" => HearthIsLit = !HearthIsLit,
            _ => LampIsLit = !LampIsLit
        };
        string verb = furniture == "the door" ? (on ? "open" : "shut") : on ? "light" : "put out";
        Tell(new Change(Player.Name, $"You {verb} {furniture}.", false));
    }

    /// <summary>Takes the next thing that happened, in order.</summary>
    public bool TryTakeChange(out Change change) => _changes.TryDequeue(out change);

    /// <summary>Lets everybody walk, turn and act for a moment.</summary>
    /// <param name="seconds">A fixed step: the same steps give the same world.</param>
    public void Update(float seconds)
    {
        foreach (Body body in _bodies)
        {
            _deeds.Step(body, seconds);
            Turn(body, seconds);
        }

        HeadMotion.Step(this, seconds, _seconds += seconds);
        float before = Lamp + Hearth + Candles + Door;
        Lamp = Toward(Lamp, Wanted(LampIsLit), Glow * seconds);
        Hearth = Toward(Hearth, Wanted(HearthIsLit), Glow * seconds);
        Candles = Toward(Candles, Wanted(CandlesAreLit), Glow * seconds);
        Door = Toward(Door, Wanted(DoorIsOpen), Glow * seconds);
        if (before != Lamp + Hearth + Candles + Door) Touch();
    }

    /// <summary>
    /// Takes another plan: who is described as before stays as the play has made it, the others begin anew. <paramref name="world"/> and
    /// <paramref name="anew"/> are what <see cref="Merge"/> gave.
    /// </summary>
    public void Take(TavernPlan plan, TavernWorld world, IReadOnlySet<string> anew)
    {
        Dictionary<string, Body> before = _bodies.ToDictionary(b => b.Name, StringComparer.Ordinal);
        _bodies.Clear();
        for (int i = 0; i < world.People.Count; i++)
        {
            string name = world.People[i].Name;
            if (!anew.Contains(name) && before.TryGetValue(name, out Body? body))
            {
                world.People[i] = body.Person;
                _bodies.Add(body);
            }
            else
            {
                _bodies.Add(AtItsPlace(world.People[i]));
            }
        }

        foreach (Body body in _bodies) _deeds.LeaveIfGone(body);
        (LampIsLit, HearthIsLit, CandlesAreLit, DoorIsOpen) = (
            plan.LampIsLit == Plan.LampIsLit ? LampIsLit : plan.LampIsLit,
            plan.HearthIsLit == Plan.HearthIsLit ? HearthIsLit : plan.HearthIsLit,
            plan.CandlesAreLit == Plan.CandlesAreLit ? CandlesAreLit : plan.CandlesAreLit,
            plan.DoorIsOpen == Plan.DoorIsOpen ? DoorIsOpen : plan.DoorIsOpen);
        (Plan, Facts) = (plan, world);
        Player.Person.Cloak = PlayerCloak(world);
        Touch();
    }

    /// <summary>What the world would be with another plan, and who would begin anew.</summary>
    public (TavernWorld World, HashSet<string> Anew) Merge(TavernPlan plan)
    {
        HashSet<string> anew = new(StringComparer.Ordinal);
        List<Person> people = [];
        foreach (Person person in plan.World.People)
        {
            bool same = Plan.World.People.FirstOrDefault(p => p.Name == person.Name) is { } before
                && TavernWorld.Persona(before) == TavernWorld.Persona(person);
            if (!same || Find(person.Name) is not { } body) anew.Add(person.Name);
            people.Add(anew.Contains(person.Name) ? person : Find(person.Name)!.Person);
        }

        return (plan.World.Copy(people), anew);
    }

    /// <summary>The world as it is, as a plan: what a save holds.</summary>
    public TavernPlan Now() => Plan with
    {
        World = Facts.Copy(),
        LampIsLit = LampIsLit,
        HearthIsLit = HearthIsLit,
        CandlesAreLit = CandlesAreLit,
        DoorIsOpen = DoorIsOpen,
        Warnings = [],
    };

    /// <summary>
    /// Puts the world back to what <see cref="Now"/> gave; the plan of the world file stays, but for what stands on the tables.
    /// </summary>
    internal void Restore(TavernPlan now)
    {
        Facts = now.World.Copy();
        Plan = Plan with { Tables = now.Tables, Seeds = now.Seeds };
        _bodies.Clear();
        foreach (Person person in Facts.People) _bodies.Add(AtItsPlace(person));
        Player = NewPlayer(Facts);
        TakeStates(now);
        _changes.Clear();
        Touch();
    }

    internal void Touch() => Version++;

    /// <summary>The table or bar before a place, or else another one, that has room for one thing more.</summary>
    internal string RoomFor(string? place)
    {
        string[] all = [.. Surfaces.All.Where(HasRoom)];
        return Surfaces.Before(place) is { } before && all.Contains(before) ? before : all.FirstOrDefault(Surfaces.All[^1]);

        bool HasRoom(string surface) => Plan.Tables.GetValueOrDefault(surface, []).Length
            + Facts.Things.Count(t => Surfaces.RowOf(t.Spot) == surface) < Surfaces.MostInRow;
    }

    internal void Tell(Change change)
    {
        _changes.Enqueue(change);
        Touch();
    }

    internal IEnumerable<Vector2> OthersThan(Body body) =>
        _bodies.Append(Player).Where(b => b != body).Select(b => b.IsWalking ? b.Path[^1] : b.Position);

    private static Body AtItsPlace(Person person)
    {
        (Vector2 foot, Vector3 gaze) = Targets.Stand(person.Place);
        return new Body(person) { Position = foot, Gaze = gaze, Yaw = Body.YawTo(foot, new(gaze.X, gaze.Z)) };
    }

    private static Body NewPlayer(TavernWorld world) =>
        new(new Person { Name = Deed.Player, Cloak = PlayerCloak(world) }) { Position = new(2.2f, 3.3f), Yaw = MathF.PI };

    /// <summary>A colour that nobody else wears: others would take the player for somebody.</summary>
    private static Colour PlayerCloak(TavernWorld world) =>
        Enum.GetValues<Colour>().Reverse().FirstOrDefault(c => world.People.All(p => p.Cloak != c), Colour.White);

    private static float Wanted(bool on) => on ? 1 : 0;

    private static float Toward(float value, float wanted, float most) => value + Math.Clamp(wanted - value, -most, most);

    private void TakeStates(TavernPlan plan) =>
        (LampIsLit, HearthIsLit, CandlesAreLit, DoorIsOpen) = (plan.LampIsLit, plan.HearthIsLit, plan.CandlesAreLit, plan.DoorIsOpen);

    private void Turn(Body body, float seconds)
    {
        float turn = MathF.IEEERemainder(body.WantedYaw() - body.Yaw, MathF.Tau);
        if (MathF.Abs(turn) < 1e-3f) return;
        body.Yaw = MathF.IEEERemainder(body.Yaw + Math.Clamp(turn, -TurnSpeed * seconds, TurnSpeed * seconds), MathF.Tau);
        Touch();
    }
}

/// <summary>A thing that only characters see until it is found.</summary>
/// <param name="Thing">What it is.</param>
/// <param name="Surface">On which of <see cref="Surfaces.All"/>: it stands last in the row.</param>
/// <param name="IsFound">Whether the player sees it, too.</param>
public sealed record Hidden(Standing Thing, string Surface, bool IsFound = false);

/// <summary>Something that happened in the room.</summary>
/// <param name="About">Whom it is about.</param>
/// <param name="Sentence">As characters are told it ("Osbert is now at the bar."), or as the player reads it.</param>
/// <param name="IsFact">Whether characters are told: it contradicts what they knew.</param>
public readonly record struct Change(string About, string Sentence, bool IsFact);
