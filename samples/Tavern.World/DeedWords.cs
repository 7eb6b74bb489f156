namespace Tavern.World;

/// <summary>The words by which deeds are asked for. <see cref="Requests"/> says how they are found.</summary>
public static class DeedWords
{
    /// <summary>What asks for a verb: one word, or several that follow each other in a clause, with others between them.</summary>
    public static readonly IReadOnlyDictionary<DeedVerb, string[]> Verbs = new Dictionary<DeedVerb, string[]>
    {
        [DeedVerb.Turn] = ["turn", "look", "face", "watch", "glance", "stare", "gaze"],
        [DeedVerb.Walk] = ["walk", "go", "come", "move", "step", "run", "follow", "approach", "head", "return", "join", "visit", "stand",
            "sit", "hurry"],
        [DeedVerb.Give] =
        [
            "give", "hand", "pass", "bring", "take", "offer", "lend", "share", "deliver", "present", "swap", "trade", "exchange", "sell",
            "fetch", "can i have", "could i have", "may i have",
            "can i get", "could i get", "let me have", "i want your", "i would like your", "i need your",
        ],
        [DeedVerb.Open] = ["open", "unlock", "unbar", "unlatch"],
        [DeedVerb.Light] = ["light", "kindle", "ignite", "burn", "flame", "brighten", "turn on", "switch on", "set fire"],
    };

    /// <summary>What makes another verb of one, one that no deed covers.</summary>
    public static readonly IReadOnlyDictionary<DeedVerb, string[]> Others = new Dictionary<DeedVerb, string[]>
    {
        [DeedVerb.Turn] = ["turn into", "turn off", "turn out", "turn upside", "face down", "watch out"],
        [DeedVerb.Walk] = ["stand on", "sit on", "walk through", "run through", "step on", "head down"],
        [DeedVerb.Light] = ["burn down", "light off"],
    };

    /// <summary>What furniture is called.</summary>
    public static readonly IReadOnlyDictionary<string, string[]> Furniture = new Dictionary<string, string[]>
    {
        ["the hearth"] = ["hearth", "fire", "fireplace", "chimney"],
        ["the bar"] = ["bar", "counter"],
        ["the door"] = ["door", "doors", "doorway", "entrance", "exit"],
        ["the window"] = ["window", "windows", "shutters"],
        ["the long table"] = ["table", "tables"],
        ["the stairs"] = ["stairs", "stair", "staircase", "stairway", "steps"],
        ["the lamp"] = ["lamp", "lamps", "lantern", "lanterns", "the light", "the lights", "some light", "more light", "a light"],
        ["the candle"] = ["candle", "candles"],
    };

    /// <summary>What stands for the player; "here" is where it is.</summary>
    public static readonly string[] Player =
        ["me", "us", "here", "follow", "can i have", "could i have", "may i have", "can i get", "could i get", "i want your",
            "i would like your", "i need your"];

    /// <summary>What stands for the thing that somebody carries.</summary>
    public static readonly string[] Carried =
    [
        "it", "that", "this", "something", "anything", "everything", "thing", "things", "carry", "carrying", "hold", "holding",
    ];

    /// <summary>What stands for something named before or seen by both.</summary>
    public static readonly string[] Pointing = ["it", "that", "this", "them"];

    /// <summary>Words that begin a clause, wherever they stand, and one that asks for words and not for deeds.</summary>
    public static readonly string[] Introducing = ["who", "whom", "whose", "what", "which", "where", "when", "why", "how", "whether", "if"];

    /// <summary>A clause that begins so asks for words and not for deeds.</summary>
    public static readonly string[] Asking =
    [
        .. Introducing, "did", "does", "do", "is", "are", "am", "was", "were", "has", "had", "have", "may", "might", "should",
        "shall", "must", "because", "while", "until", "unless",
    ];

    /// <summary>A clause that begins so asks for a deed all the same.</summary>
    public static readonly string[] AskingForDeeds =
    [
        "why do not you", "why not", "how about", "what about", "have a look", "may i have", "do me", "do please",
    ];

    /// <summary>A clause that begins so tells something, unless one of <see cref="Wishing"/> follows.</summary>
    public static readonly string[] Telling =
    [
        "i", "we", "you", "he", "she", "they", "it", "there", "somebody", "someone", "everybody", "nobody", "the", "a", "an",
        "my", "your", "his", "her", "their", "our", "this", "that",
    ];

    /// <summary>What makes a request of what is told: "I want you to go", "you should go".</summary>
    public static readonly string[] Wishing =
    [
        "want", "need", "like", "wish", "ask", "beg", "order", "command", "should", "must", "could", "can", "may", "let",
        "please",
    ];

    /// <summary>A clause with one of these forbids.</summary>
    public static readonly string[] Forbidding = ["not", "never", "nobody", "stop", "without"];

    /// <summary>What may stand before a request.</summary>
    public static readonly string[] Openers =
    [
        "please", "now", "then", "so", "well", "ok", "okay", "hey", "hello", "hi", "oh", "ah", "and", "but", "or", "friend", "listen",
        "say", "good", "quick", "quickly", "just", "also", "first", "sir", "lady", "dear",
        "maybe", "perhaps",
    ];

    /// <summary>Words of their own that differ from others here by a letter: they are no slips.</summary>
    public static readonly IReadOnlySet<string> NoSlips = new HashSet<string>(StringComparer.Ordinal)
    {
        "gives", "given", "giver", "opens", "opened", "walks", "looks", "looked", "loo", "faces", "faced", "hands", "handy", "turns",
        "comes", "comet", "moves", "moved", "movie", "steep", "brings", "being", "lights",
        "fellow", "witch", "kindly", "shame", "shape", "shade", "shared", "shares", "shard", "spare", "score", "throw", "threw", "heads",
        "heady", "heart", "stars", "start", "stare", "state", "fired", "tale",
        "tables", "widow", "stairs", "stands", "sand", "pass", "past", "paste", "sells", "lends", "takes", "taken", "taker", "bringing",
        "burns", "burnt", "burned", "flames", "flamed", "candles", "lap", "offers",
        "trades", "traded", "trace", "watched", "goes", "join", "joins", "joint", "fetched", "store", "story", "windy", "count", "fiery",
    };
}
