using NpcMind;
using Tavern.World;

namespace Tavern.Forge;

/// <summary>Things a character is asked to do, what it says, and the typed action that goes with it.</summary>
internal sealed class Orders(Random random, Split split, TavernWorld world, Person self)
{
    private static readonly string[] Lights = ["the lamp", "the candle", "the hearth"], Opens = ["the door", "the window"];
    private static readonly string[] Frames = ["{0}.", "Please {1}.", "{0}, please.", "Can you {1}?", "Could you {1}?",
        "I want you to {1}.", "Will you {1}?", "Friend, {1}.", "Would you {1}, please?"];
    private static readonly string[] HeldFrames = ["Can you please {1}?", "I would like you to {1}.", "Now {1}, please."];

    private static readonly Dictionary<DeedVerb, (string[] Train, string[] Held, string Says)> Verbs = new()
    {
        [DeedVerb.Turn]
        = (["look at {0}", "turn to {0}", "look towards {0}", "face {0}", "turn towards {0}", "have a look at {0}"],
            ["turn and look at {0}", "turn around to {0}"], "I turn to [{0}]."),
        [DeedVerb.Walk]
        = (["go to {0}", "walk to {0}", "walk over to {0}", "go over to {0}", "move to {0}", "come to {0}", "step over to {0}"],
            ["go and walk to {0}", "move over to {0}"], "I will go to [{0}]."),
        [DeedVerb.Give]
        = (["give that to {0}", "hand that to {0}", "give {0} what you carry", "hand it over to {0}", "give it to {0}", "bring that to {0}",
            "give your thing to {0}", "bring {0} what you carry", "hand your thing to {0}", "hand {0} that thing", "give {0} what you have",
            "bring it over to {0}", "pass {0} what you carry"], ["hand {0} what you carry", "bring it to {0}"], "I will give it to [{0}]."),
        [DeedVerb.Open]
        = (["open {0}", "open {0} for me", "go and open {0}", "open up {0}"], ["walk over and open {0}", "open {0} now"],
            "I will open [{0}]."),
        [DeedVerb.Light]
        = (["light {0}", "make {0} burn", "light {0} for us", "go and light {0}", "put a flame to {0}"], ["light up {0}", "light {0} now"],
            "I will light [{0}]."),
    };

    /// <summary>An order and the deed that obeys it.</summary>
    public Exchange Next()
    {
        DeedVerb verb = (DeedVerb)(1 + random.Next(5));
        string[] people = [.. world.People.Where(p => p != self).Select(p => p.Name), Deed.Player];
        string target = verb switch
        {
            DeedVerb.Open => Pick(Opens),
            DeedVerb.Light => Pick(Lights),
            DeedVerb.Give => Pick(people),
            _ => random.Next(2) == 0 ? Pick(people) : Pick(Lexicon.Furniture),
        };
        (string[] train, string[] held, string says) = Verbs[verb];
        bool me = target == Deed.Player;
        string order = string.Format(null, Pick(split == Split.Held && random.Next(2) == 0 ? held : train), me ? "me" : target);
        string frame = Pick(split == Split.Held ? HeldFrames : Frames);
        string text = string.Format(null, frame, char.ToUpperInvariant(order[0]) + order[1..], order);
        string said = string.Format(null, says, me ? "you" : target);
        return new Exchange("action", text, said, [], [])
        { Action = ActionType.Of<Deed>().Write(new Deed(verb, target)), Asker = Deed.Player };
    }

    private T Pick<T>(T[] all) => all[random.Next(all.Length)];
}
