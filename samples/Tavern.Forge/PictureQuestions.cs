using Tavern.World;
using static Tavern.World.Lexicon;

namespace Tavern.Forge;

/// <summary>One thing that a picture shows, where its visible pixels are.</summary>
public sealed record Seen(ThingKind Kind, Colour Colour, int X0, int Y0, int X1, int Y1, int Pixels, double CentreX)
{
    /// <summary>"red chest".</summary>
    public string Name => $"{Colours[(int)Colour]} {Noun}";

    public string Noun => Kind == ThingKind.Person ? "person" : Things[(int)Kind];
}

/// <summary>Questions about a picture. What is seen is ordered from left to right.</summary>
internal sealed class PictureQuestions(Random random, Split split, TavernWorld world, Person self, int image, IReadOnlyList<Seen> seen)
{
    private static readonly string[] WhatTrain = ["What do you see?", "What is there?", "What is in front of you?", "Tell me what you see.",
        "Describe what you see.", "What are you looking at?", "What things do you see?", "Look around. What do you see?",
        "Can you tell me what you see?", "Which things are there?"];
    private static readonly string[] WhatHeld = ["What things are in front of you?", "Tell me what is there.",
        "Describe what is in front of you.", "Which things do you see?"];
    private static readonly string[] ColourTrain = ["What colour is the {0}?", "Which colour is the {0}?", "What colour does the {0} have?",
        "Tell me the colour of the {0}.", "What is the colour of the {0}?", "Do you see what colour the {0} is?",
        "Can you tell me what colour the {0} is?", "Of what colour is the {0}?"];
    private static readonly string[] ColourHeld = ["Which colour does the {0} have?", "Tell me what colour the {0} is.",
        "Can you tell me the colour of the {0}?"];
    private static readonly string[] NounTrain = ["What is the {0} thing?", "What is that {0} thing?", "What kind of thing is the {0} one?",
        "Tell me what the {0} thing is.", "Which thing is {0}?", "What do you see that is {0}?", "What thing is {0}?"];
    private static readonly string[] NounHeld = ["What kind of thing is {0}?", "Can you tell me what the {0} thing is?",
        "Tell me which thing is {0}."];
    private static readonly string[] SideTrain = ["Is the {0} left or right of the {1}?",
        "Is the {0} to the left or to the right of the {1}?", "On which side of the {1} is the {0}?",
        "Which side of the {1} is the {0} on?", "Where is the {0}, left or right of the {1}?",
        "Do you see the {0} left or right of the {1}?", "Tell me if the {0} is left or right of the {1}.",
        "Left or right of the {1}: where is the {0}?", "The {0} is on which side of the {1}?",
        "Do you see the {0} on the left of the {1} or on the right?"];
    private static readonly string[] SideHeld = ["Tell me on which side of the {1} the {0} is.",
        "Is the {0} on the left or on the right side of the {1}?", "Where do you see the {0}, left or right of the {1}?"];
    private static readonly string[] WhereTrain = ["Where do you see the {0}?", "On which side do you see the {0}?",
        "Is the {0} on the left, on the right or in the middle?", "Is the {0} left, right or in the middle?",
        "Tell me where you see the {0}.", "Do you see the {0} on the left or on the right?"];
    private static readonly string[] WhereHeld = ["Do you see the {0} left, right or in the middle?",
        "Tell me on which side you see the {0}."];
    private static readonly string[] CountTrain = ["How many things do you see?", "How many things are there?", "Count the things.",
        "How many things are in front of you?", "Can you count the things?", "Tell me how many things you see.",
        "What is the number of things?"];
    private static readonly string[] CountHeld = ["Can you tell me how many things there are?", "Count the things in front of you.",
        "Tell me the number of things."];
    private static readonly string[] CountKindTrain = ["How many {0} do you see?", "How many {0} are there?", "Count the {0}.",
        "Tell me how many {0} you see.", "What is the number of {0}?"];
    private static readonly string[] CountKindHeld = ["Tell me the number of {0}.", "Can you tell me how many {0} there are?",
        "How many {0} are in front of you?"];
    private static readonly string[] WhoTrain = ["Who is there?", "Who do you see?", "Whom do you see?", "Who is in front of you?",
        "Tell me who is there.", "Do you see somebody?", "Who are you looking at?"];
    private static readonly string[] WhoHeld = ["Tell me who is in front of you.", "Do you see who is there?", "Tell me whom you see."];

    /// <summary>All questions that this picture answers without doubt.</summary>
    public List<Exchange> All()
    {
        List<Exchange> all = [];
        Seen[] things = [.. seen.Where(s => s.Kind != ThingKind.Person)], people = [.. seen.Where(s => s.Kind == ThingKind.Person)];
        if (things.Length > 0)
            all.Add(Ask("object", WhatTrain, WhatHeld, $"I see {List(things)}.", [.. things.Select(t => t.Name)],
                [.. Things.Where(n => things.All(t => t.Noun != n))]));
        else all.Add(Ask("object", WhatTrain, WhatHeld, "I see [nothing].", ["nothing"], []));
        foreach (Seen thing in things)
        {
            string colour = Colours[(int)thing.Colour];
            string[] otherColours = [.. Colours.Where(c => c != colour)], otherThings = [.. Things.Where(n => n != thing.Noun)];
            if (things.Count(t => t.Noun == thing.Noun) == 1)
                all.Add(Ask("color", ColourTrain, ColourHeld, $"The [{thing.Noun}] is [{colour}].", [colour], otherColours, thing.Noun));
            if (things.Count(t => t.Colour == thing.Colour) == 1)
                all.Add(Ask("object", NounTrain, NounHeld, $"The [{colour}] thing is a [{thing.Noun}].", [thing.Noun], otherThings,
                    colour));
        }

        // Which of two things is further left is a matter of where each of them is.
        foreach (Seen thing in things)
            if (Where(thing.CentreX) is { } where)
                all.Add(Ask("other", WhereTrain, WhereHeld, $"I see the [{Called(thing, things)}] [{where}].", [where], [],
                    Called(thing, things)));
        if (things.Length > 1)
        {
            for (int i = 0; i < things.Length; i++)
            {
                for (int j = 0; j < things.Length; j++)
                {
                    if (i == j || Math.Abs(things[i].CentreX - things[j].CentreX) < 8) continue;
                    string first = Called(things[i], things), second = Called(things[j], things);
                    string side = things[i].CentreX < things[j].CentreX ? "left" : "right";
                    all.Add(Ask("left_right", SideTrain, SideHeld, $"I see {List(things)}. The [{first}] is [{side}] of the [{second}].",
                        [$"The {first} is {side} of the {second}"], [], first, second));
                }
            }
        }

        all.Add(Ask("count", CountTrain, CountHeld, Counted(things, "thing"), [Number(things.Length)], []));
        string kind = random.Next(3) > 0 && things.Length > 0 ? Pick(things).Noun : Pick(Things);
        int many = things.Count(t => t.Noun == kind);
        all.Add(Ask("count", CountKindTrain, CountKindHeld, Counted([.. things.Where(t => t.Noun == kind)], kind),
            [$"{Number(many)} {kind}{(many == 1 ? "" : "s")}"], [], kind + "s"));
        string[] names = [
            .. people.Select(p => world.People.FirstOrDefault(w => w != self && w.Cloak == p.Colour)?.Name
                ?? $"somebody in {Colours[(int)p.Colour]}")];
        if (people.Length == 0) all.Add(Ask("other", WhoTrain, WhoHeld, "I see [nobody].", ["nobody"], []));
        else all.Add(Ask("other", WhoTrain, WhoHeld, $"I see {string.Join(" and ", names.Select(n => $"[{n}]"))}.", names, []));
        return all;
    }

    private static string Called(Seen thing, Seen[] all) => all.Count(t => t.Noun == thing.Noun) == 1 ? thing.Noun : thing.Name;

    /// <summary>
    /// What is counted or compared is named first, from left to right: the number and the side then follow from words already said, which a
    /// small model reads far better than it compares places in a picture.
    /// </summary>
    private static string Counted(Seen[] things, string noun) =>
        things.Length == 0 ? $"I see [no] [{noun}s]."
        : $"I see {List(things)}: [{Number(things.Length)}] [{noun}{(things.Length == 1 ? "" : "s")}].";

    /// <summary>Null for what is neither clearly here nor there.</summary>
    private static string? Where(double x) =>
        (x / PictureIndex.Size) switch
        {
            < 0.42 => "on the left",
            > 0.58 => "on the right",
            > 0.46 and < 0.54 => "in the middle",
            _ => null
        };

    private static string Number(int count) => Numbers[count];

    private static string List(Seen[] things)
    {
        string[] parts = [.. things.Select(t => $"a [{t.Name}]")];
        return parts.Length == 1 ? parts[0] : string.Join(", ", parts[..^1]) + " and " + parts[^1];
    }

    private Exchange Ask(string kind, string[] train, string[] held, string marked, string[] expect, string[] reject, params object[] parts)
    {
        string question = Pick(split == Split.Train ? train : held);
        if (split == Split.Train && random.Next(8) == 0) question = Wording.Rough(random, question);
        return new(kind, string.Format(null, question, parts), marked, expect, reject, Image: image);
    }

    private T Pick<T>(T[] all) => all[random.Next(all.Length)];
}
