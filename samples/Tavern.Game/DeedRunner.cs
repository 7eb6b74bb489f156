using System.Numerics;
using Tavern.World;

namespace Tavern.Game;

/// <summary>Turns deeds into steps, and steps into what is so.</summary>
internal sealed class DeedRunner(GameWorld world)
{
    private const float Reach = 1.6f, Beside = 1.0f, Patience = 3;
    private const int MostTries = 4;

    /// <summary>How far off its way somebody turns to get around another; straight aside leads no nearer to whom it faces.</summary>
    private static readonly float[] Asides = [MathF.PI / 4, MathF.PI / 2, MathF.PI * 0.6f];

    /// <summary>Begins a deed; says what keeps it from being done, null when nothing does.</summary>
    public string? Begin(Body actor, Deed deed)
    {
        if (deed.Do == DeedVerb.Nothing) return null;
        Body? person = world.Find(deed.To);
        if (person == actor) return $"{actor.Name} cannot do that to itself";
        if (!IsThere(deed.To)) return $"there is no '{deed.To}'";
        if (deed.Do == DeedVerb.Give && person is null) return $"{deed.To} takes nothing";
        if (deed.Do == DeedVerb.Give && actor.Person.Item is null) return $"{actor.Name} has nothing to give";
        if (deed.Do == DeedVerb.Open && !Lexicon.CanBeOpened.Contains(deed.To)) return $"{deed.To} cannot be opened";
        if (deed.Do == DeedVerb.Light && !Lexicon.CanBeLit.Contains(deed.To)) return $"{deed.To} cannot be lit";

        actor.Path.Clear();
        (actor.Blocked, actor.Side, actor.Tries, actor.Doing) = (0, 1, 0, deed);
        if (deed.Do == DeedVerb.Turn) Finish(actor, deed);
        else SetOut(actor, deed);
        return null;
    }

    /// <summary>Gives without walking; says whether the taker is near enough and there is something to give.</summary>
    public bool HandOver(Body giver, Body taker)
    {
        if (giver.Person.Item is null || giver.DistanceTo(taker) > Reach) return false;
        Hand(giver, taker);
        return true;
    }

    /// <summary>Leaves a deed whose goal has gone, as when somebody was edited away.</summary>
    public void LeaveIfGone(Body actor)
    {
        if (actor.Doing is not { } deed || IsThere(deed.To)) return;
        actor.Doing = null;
        actor.Path.Clear();
    }

    /// <summary>Goes on with what somebody is doing.</summary>
    public void Step(Body body, float seconds)
    {
        if (body.IsWalking) Walk(body, seconds);
        if (body.IsWalking || body.Doing is not { } deed) return;
        if (world.Find(deed.To) is { } person && deed.Do == DeedVerb.Give && body.DistanceTo(person) > Reach && ++body.Tries < MostTries)
        {
            SetOut(body, deed);
            return;
        }

        Finish(body, deed);
    }

    private bool IsThere(string target) => world.Find(target) is not null || Lexicon.Furniture.Contains(target);

    private void SetOut(Body actor, Deed deed)
    {
        if (world.Find(deed.To) is { } person)
        {
            if (deed.Do == DeedVerb.Give && actor.DistanceTo(person) <= Reach) return;
            Floor.FindPath(actor.Position, Floor.Near(person.Position, actor.Position, Beside, world.OthersThan(actor)), actor.Path);
            return;
        }

        Vector2 foot = Targets.Stand(Targets.PlaceOf(deed.To)).Foot;
        Floor.FindPath(actor.Position, Floor.Near(foot, actor.Position, 0, world.OthersThan(actor)), actor.Path);
    }

    private void Walk(Body body, float seconds)
    {
        float left = Body.Speed * seconds;
        while (left > 0 && body.IsWalking)
        {
            Vector2 way = body.Path[0] - body.Position;
            float distance = way.Length();
            Vector2 step = distance <= left ? way : way * (left / distance);
            if (InTheWay(body, body.Position + step))
            {
                Evade(body, step, seconds);
                break;
            }

            // Half as fast as it is lost: who is let by now and then and gets nowhere loses patience too.
            body.Blocked = MathF.Max(0, body.Blocked - (seconds / 2));
            left -= distance;
            body.Position += step;
            if (left >= 0) body.Path.RemoveAt(0);
        }

        world.Touch();
        // A way around somebody can lead behind a corner.
        if (body.IsWalking && !Floor.IsClear(body.Position, body.Path[0])) Floor.FindPath(body.Position, body.Path[^1], body.Path);
    }

    /// <summary>Somebody is in the way: goes around it, or waits; when patience ends the walk ends where it is.</summary>
    private void Evade(Body body, Vector2 step, float seconds)
    {
        body.Blocked += seconds;
        if (body.Blocked > Patience)
        {
            body.Path.Clear();
            return;
        }

        // The side that it has begun with first: two who meet give way to the same hand, and nobody steps to and fro.
        foreach (float side in (ReadOnlySpan<float>)[body.Side, -body.Side])
        {
            foreach (float angle in Asides)
            {
                Vector2 aside = Vector2.Transform(step, Matrix3x2.CreateRotation(side * angle));
                if (!CanStep(body, aside)) continue;
                body.Position += aside;
                body.Side = side;
                return;
            }
        }
    }

    private bool CanStep(Body body, Vector2 step) => Floor.IsFree(body.Position + step) && !InTheWay(body, body.Position + step);

    /// <summary>Whether a step would go nearer to somebody who is near.</summary>
    private bool InTheWay(Body body, Vector2 to)
    {
        foreach (Body other in world.Bodies)
            if (Bars(other)) return true;
        return Bars(world.Player);

        bool Bars(Body other) => other != body && Vector2.Distance(other.Position, to) is var near && near < Body.Width - 0.1f
            && near < Vector2.Distance(other.Position, body.Position);
    }

    private void Finish(Body actor, Deed deed)
    {
        actor.Doing = null;
        Body? person = world.Find(deed.To);
        actor.LookAt(person is null ? Targets.Gaze(deed.To) : Targets.Gaze(person));
        if (deed.Do != DeedVerb.Turn) NoticePlace(actor);
        switch (deed.Do)
        {
            case DeedVerb.Give or DeedVerb.Open or DeedVerb.Light when !IsReached(actor, deed.To, person):
                world.Tell(new Change(actor.Name, $"{actor.Name} could not reach {Named(deed.To)}.", false));
                break;
            case DeedVerb.Turn:
                world.Tell(new Change(actor.Name, $"{actor.Name} turns to {Named(deed.To)}.", false));
                break;
            case DeedVerb.Give:
                Hand(actor, person!);
                break;
            case DeedVerb.Open:
                if (deed.To == "the door") world.DoorIsOpen = true;
                world.Tell(new Change(actor.Name, $"{actor.Name} opens {deed.To}.", false));
                break;
            case DeedVerb.Light:
                if (deed.To == "the lamp") world.LampIsLit = true;
                else if (deed.To == "the hearth") world.HearthIsLit = true;
                else world.CandlesAreLit = true;
                world.Tell(new Change(actor.Name, $"{actor.Name} lights {deed.To}.", false));
                break;
        }
    }

    /// <summary>
    /// A walk can end before its goal, when somebody stays in the way. Beside furniture that others stand at there is a little more room.
    /// </summary>
    private static bool IsReached(Body actor, string to, Body? person) =>
        person is not null ? actor.DistanceTo(person) <= Reach
        : Vector2.Distance(actor.Position, Targets.Stand(Targets.PlaceOf(to)).Foot) <= 2.5f;

    private static string Named(string target) => target == Deed.Player ? "you" : target;

    /// <summary>Whoever gives takes what the other had: everybody has two hands, and one thing in them.</summary>
    private void Hand(Body giver, Body taker)
    {
        (giver.Person.Item, taker.Person.Item) = (taker.Person.Item, giver.Person.Item);
        world.Tell(new Change(taker.Name, $"{taker.Name} now carries {taker.Person.Item}.", true));
        world.Tell(new Change(giver.Name, $"{giver.Name} now carries {giver.Person.Item ?? "nothing"}.", true));
    }

    private void NoticePlace(Body body)
    {
        string place = Targets.NearestPlace(body.Position);
        if (place == body.Person.Place) return;
        body.Person.Place = place;
        world.Tell(new Change(body.Name, $"{body.Name} is now {place}.", true));
    }
}
