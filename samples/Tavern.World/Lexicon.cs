namespace Tavern.World;

/// <summary>The words of the world: what people can be, carry, want and tell.</summary>
public static class Lexicon
{
    public static readonly string[] Trades =
    [
        "baker", "smith", "hunter", "fisher", "miller", "tailor", "weaver", "healer", "guard", "singer", "farmer", "carpenter", "cook",
        "merchant", "potter", "sailor",
    ];

    /// <summary>Where people are.</summary>
    public static readonly string[] Places =
    [
        "by the hearth", "at the bar", "by the door", "by the window", "at the long table", "by the stairs", "in the kitchen",
        "in the corner", "on the bench", "in the cellar",
    ];

    /// <summary>What people carry.</summary>
    public static readonly string[] Items =
    [
        "a silver key", "an old map", "a loaf of bread", "a wooden flute", "a sealed letter", "a long rope", "a sharp knife", "a gold coin",
        "a bunch of herbs", "a small drum",
        "a round cheese", "a broken sword", "a clay pipe", "a sack of flour",
    ];

    /// <summary>Where things are.</summary>
    public static readonly string[] Spots =
    [
        "on the bar", "under the stairs", "on the long table", "beside the hearth", "in the cellar", "behind the door", "on the shelf",
        "under the window", "in the corner", "under the bench",
    ];

    /// <summary>Kinship and the like, read "X is the ... of Y".</summary>
    public static readonly string[] Relations = ["brother", "sister", "cousin", "friend", "rival", "neighbour"];

    /// <summary>What somebody did last night.</summary>
    public static readonly string[] Events =
    [
        "broke a window", "lost a ring", "sang all night", "found a coin", "saw a wolf", "fell down the stairs", "won at dice",
        "paid for everyone", "danced on a table", "slept in the yard",
        "caught a thief", "burned the soup",
    ];

    /// <summary>What is whispered about somebody.</summary>
    public static readonly string[] Rumours =
    [
        "will leave the town", "hides gold in the well", "cheats at dice", "met a ghost", "owes the mayor money", "is a spy",
        "stole a goose", "sold a false map", "can talk to owls", "lost a ship",
    ];

    public static readonly string[] Traits = ["cheerful", "grumpy", "shy", "proud", "kind", "curious", "brave", "tired"];

    public static readonly string[] Wishes =
    [
        "a new hammer", "a quiet life", "to see the sea", "a good horse", "to learn to read", "a warm bed", "to win a race",
        "a house of stone", "to find a friend", "a better knife",
    ];

    public static readonly string[] Secrets =
    [
        "you hid a ring in the well", "you are afraid of the dark", "you cannot read", "you took the horse of the mayor",
        "you write songs at night", "you once were a thief", "you found a cave of gold", "you know the king",
    ];

    /// <summary>What can be seen and named in a picture, in the order of <see cref="ThingKind"/>.</summary>
    public static readonly string[] Things = ["barrel", "chest", "bottle", "apple", "book", "candle", "bell", "mug"];

    /// <summary>In the order of <see cref="Colour"/>.</summary>
    public static readonly string[] Colours = ["red", "green", "blue", "yellow", "white", "purple"];

    public static readonly string[] Numbers = ["no", "one", "two", "three", "four", "five"];

    /// <summary>What deeds can aim at, besides people.</summary>
    public static readonly string[] Furniture = ["the hearth", "the bar", "the door", "the window", "the long table", "the stairs",
        "the lamp", "the candle"];

    public static readonly string[] CanBeOpened = ["the door", "the window"];

    public static readonly string[] CanBeLit = ["the lamp", "the candle", "the hearth"];

    public static readonly string[] TavernFirst = ["Crooked", "Golden", "Silver", "Broken", "Sleeping", "Laughing", "Old", "Hidden"];

    public static readonly string[] TavernLast = ["Lantern", "Anchor", "Bear", "Barrel", "Crown", "Wheel", "Owl", "Kettle"];

    public static readonly string[] TownFirst = ["Oak", "Stone", "River", "Ash", "Mill", "Red", "Winter", "Green"];

    public static readonly string[] TownLast = ["ford", "bridge", "field", "haven", "wood", "hill", "gate", "brook"];
}
