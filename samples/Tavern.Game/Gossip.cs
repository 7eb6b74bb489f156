using Tavern.World;

namespace Tavern.Game;

/// <summary>
/// When it is quiet, somebody asks a neighbour something; who is alone goes to somebody. Seeded: the same play gossips the same.
/// </summary>
public sealed class Gossip(GameWorld world, Minds minds, Talk talk)
{
    private const double QuietBefore = 12, Least = 14, Most = 30;

    /// <summary>In forms that the shipped model knows.</summary>
    private static readonly string[] AboutOthers = ["Where is {0}?", "What does {0} do?", "What does {0} carry?",
        "What did {0} do last night?", "What do they say about {0}?", "What does {0} wear?"];
    private static readonly string[] AboutYou = ["How are you?", "What do you carry?", "What do you see?"];
    private readonly Dictionary<string, Random> _randoms = new(StringComparer.Ordinal);
    private double _next = Least;
    private int _turn;

    /// <summary>What a story lets them ask, three times in four; {0} is somebody.</summary>
    public IReadOnlyList<string> Questions { get; set; } = [];

    /// <summary>Whether anybody gossips at all.</summary>
    public bool IsOn { get; set; } = true;

    public void Update(double now)
    {
        if (now < _next || !IsOn || world.Bodies.Count < 2 || !minds.IsReady || !minds.KnowTheWorld) return;
        if (talk.IsAnybodySpeaking || talk.Quiet < QuietBefore) return;
        int speaker = _turn++ % world.Bodies.Count;
        Body body = world.Bodies[speaker];
        if (!_randoms.TryGetValue(body.Name, out Random? random))
            _randoms[body.Name] = random = new Random(world.Plan.Seeds.GetValueOrDefault(body.Name));
        _next = now + Least + ((Most - Least) * random.NextDouble());
        if (body.Doing is not null) return;
        int[] near = [.. Enumerable.Range(0, world.Bodies.Count)
            .Where(i => i != speaker && body.DistanceTo(world.Bodies[i]) <= Talk.Earshot)];
        if (near.Length == 0)
        {
            Body friend = world.Bodies[(speaker + 1 + random.Next(world.Bodies.Count - 1)) % world.Bodies.Count];
            world.Do(body, new Deed(DeedVerb.Walk, friend.Name));
            return;
        }

        int listener = near[random.Next(near.Length)];
        string[] others = [.. world.Bodies.Where((_, i) => i != speaker && i != listener).Select(b => b.Name)];
        string text = others.Length == 0 || random.Next(4) == 0 ? AboutYou[random.Next(AboutYou.Length)]
            : string.Format(null, AboutOthers[random.Next(AboutOthers.Length)], others[random.Next(others.Length)]);
        if (Questions.Count > 0 && others.Length > 0 && random.Next(4) > 0)
            text = string.Format(null, Questions[random.Next(Questions.Count)], others[random.Next(others.Length)]);
        talk.Ask(speaker, listener, text);
    }
}
