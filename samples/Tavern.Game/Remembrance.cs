namespace Tavern.Game;

/// <summary>Listens for what the player says of itself, and lets people greet one who comes again.</summary>
public sealed class Remembrance(GameWorld world, Talk talk, Minds minds, Mystery mystery, PlayerMemory memory)
{
    private const float Near = 2.6f;
    private readonly HashSet<string> _greeted = new(StringComparer.Ordinal);
    private bool _comesAgain;

    /// <summary>One line that the player should read.</summary>
    public event Action<string>? Message;

    /// <summary>A new game begins: whoever was known before it will be greeted.</summary>
    public void Begin()
    {
        _greeted.Clear();
        _comesAgain = memory.Name is not null || memory.Promises.Count > 0;
    }

    /// <summary>Hears what the player says.</summary>
    public void Hear(in Happening said)
    {
        if (mystery.Story is null || said.Kind != HappeningKind.Said || said.Who != World.Deed.Player) return;
        string? name = PlayerWords.NameIn(said.Text, world.Facts), promise = PlayerWords.PromiseIn(said.Text);
        if (name == memory.Name) name = null;
        if (name is null && promise is null) return;
        if (name is not null) memory.Name = name;
        if (promise is not null) memory.Promise(said.To, promise);
        string what = name is null ? $"{said.To} will remember your promise." : promise is null ? $"They will remember you as {name}."
            : $"They will remember {name}, and the promise.";
        Message?.Invoke(memory.Write() ?? what);
    }

    /// <summary>Lets whoever the player comes up to for the first time greet it.</summary>
    public void Update(int faced)
    {
        if (!_comesAgain || mystery.Story is not { } story || mystery.Cast is not { } cast || faced < 0) return;
        Body body = world.Bodies[faced];
        if (body.DistanceTo(world.Player) > Near || talk.IsAnswering || talk.IsSpeaking(body.Name) || !_greeted.Add(body.Name)) return;
        string? promise = memory.Promises.LastOrDefault(p => p.To == body.Name)?.What;
        // Everybody greets one whose promise it has; of the others only the first does.
        if (promise is null && _greeted.Count > 1) return;
        (string Name, string Text)[] words = [("player", memory.Name ?? "stranger"), ("promise", promise ?? "")];
        string text = cast.Fill(promise is null ? story.Words.Greeting : $"{story.Words.Greeting} {story.Words.Promised}", words);
        talk.Utter(faced, text);
        minds.HearsayOf(body.Name).Overhear(body.Name, text);
    }
}
