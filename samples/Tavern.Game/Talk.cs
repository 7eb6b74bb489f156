using NpcMind;
using Tavern.World;

namespace Tavern.Game;

/// <summary>Who says what to whom: bubbles, what others overhear, interruptions, and the deeds that come with answers.</summary>
public sealed class Talk
{
    /// <summary>Metres within which one hears what is said.</summary>
    public const float Earshot = 4;
    private readonly GameWorld _world;
    private readonly Minds _minds;
    private readonly Dictionary<string, Bubble> _bubbles = new(StringComparer.Ordinal);
    private readonly List<Bubble> _all = [];

    public Talk(GameWorld world, Minds minds)
    {
        (_world, _minds) = (world, minds);
        minds.Changing += Silence;
    }

    public event Action<Happening>? Happened;

    /// <summary>One line that the player should read.</summary>
    public event Action<string>? Message;

    /// <summary>One for each who ever spoke; draw those that are open.</summary>
    public IReadOnlyList<Bubble> Bubbles => _all;

    /// <summary>What was last answered to the player, as far as it was heard; "" before.</summary>
    public string LastAnswer { get; private set; } = "";

    /// <summary>The player's own words, open until they are answered; null for none.</summary>
    public Bubble? PlayersWords => Of(Deed.Player) is { IsOpen: true } words ? words : null;

    /// <summary>Whether the player waits for an answer, or is being answered.</summary>
    public bool IsAnswering => _all.Exists(b => b.IsAnswer && b.Listener == Deed.Player && !b.IsReported);

    /// <summary>Whether anybody is speaking or thinks of what to say.</summary>
    public bool IsAnybodySpeaking => _all.Exists(b => b.IsOpen && !b.IsReported);

    /// <summary>Seconds since somebody last began to speak.</summary>
    public double Quiet { get; private set; }

    /// <summary>Whether somebody is speaking or thinks of what to say.</summary>
    public bool IsSpeaking(string name) => Of(name) is { IsOpen: true, IsReported: false };

    /// <summary>The bubble of somebody; null when it never spoke.</summary>
    public Bubble? Of(string name) => _bubbles.GetValueOrDefault(name);

    /// <summary>The player says something to a character, over its words if it speaks.</summary>
    /// <param name="index">Of the character.</param>
    /// <param name="text">What.</param>
    /// <param name="looks">Whether it looks at what is before it even if nothing has changed.</param>
    /// <param name="acts">Whether something may be done with the answer.</param>
    /// <returns>Whether it was heard.</returns>
    public bool Say(int index, string text, bool looks = false, bool acts = true) => Speak(_world.Player, index, text, acts, looks);

    /// <summary>A character says something to another, without its mind.</summary>
    public bool Ask(int speaker, int listener, string text) => Speak(_world.Bodies[speaker], listener, text, acts: false, looks: false);

    /// <summary>The player says something that the game answers for a character, without its mind.</summary>
    public void Answer(int index, string text, string answer, Deed? deed = null)
    {
        Interrupt(_world.Bodies[index].Name);
        OpenWords(_world.Player, _world.Bodies[index], text);
        Utter(index, answer, deed);
    }

    /// <summary>A character says something to the player, without its mind, and does something when it has spoken.</summary>
    public void Utter(int index, string text, Deed? deed = null)
    {
        Body speaker = _world.Bodies[index];
        Interrupt(speaker.Name);
        Quiet = 0;
        Of(speaker).Open(new BubbleState(speaker.Name, Deed.Player, text, 0, true, true, false, deed), null);
    }

    /// <summary>Stops somebody where its words are on the screen. What it had not yet said, it does not remember.</summary>
    /// <returns>Whether it was speaking.</returns>
    public bool Interrupt(string name)
    {
        if (Of(name) is not { IsOpen: true, IsReported: false } bubble) return false;
        // Its own reply and no later one: the mind may be another's by now.
        if (bubble.Reply is { } reply && reply.Npc.Reply == reply && !reply.Npc.IsDisposed) reply.Npc.Interrupt(bubble.Shown);
        bubble.Cut();
        Report(bubble);
        return true;
    }

    /// <summary>Lets bubbles grow, deeds begin and others overhear.</summary>
    public void Update(double seconds)
    {
        Quiet += seconds;
        if (PlayersWords is { } words) words.IsHeld = Of(words.Listener) is { IsOpen: true, IsAnswer: true, Listener: Deed.Player };
        foreach (Bubble bubble in _all)
        {
            bubble.Update(seconds);
            if (!bubble.IsOpen || bubble.IsReported || !bubble.IsSpoken) continue;
            Report(bubble);
            Act(bubble);
        }

        foreach (Body body in _world.Bodies)
            (body.Partner, body.IsTalking) = (PartnerOf(body), Of(body.Name) is { IsOpen: true, IsReported: false, Shown: > 0 });
    }

    /// <summary>
    /// Whom somebody talks with: whom it answers or speaks to, or else who speaks to it. Who does something turns to that.
    /// </summary>
    private Body? PartnerOf(Body body)
    {
        if (body.Doing is not null) return null;
        if (Of(body.Name) is { IsOpen: true } own) return own.HasActed ? null : _world.Find(own.Listener);
        foreach (Bubble bubble in _all)
            if (bubble.IsOpen && bubble.Listener == body.Name) return _world.Find(bubble.Speaker);
        return null;
    }

    /// <summary>Everybody stops, where they are.</summary>
    public void Silence()
    {
        foreach (Bubble bubble in _all)
        {
            Interrupt(bubble.Speaker);
            bubble.Close();
        }
    }

    /// <summary>
    /// What is over heads now, for a save. What has come of replies is taken first: the minds are saved at the same moment.
    /// </summary>
    internal List<BubbleState> Save()
    {
        List<BubbleState> saved = [];
        foreach (Bubble bubble in _all)
        {
            if (!bubble.IsOpen) continue;
            bubble.Read();
            saved.Add(bubble.State);
        }

        return saved;
    }

    /// <summary>
    /// What was being said when a game was saved goes on where it was. An answer that had come whole cannot be cut in the mind any more:
    /// that remembers having said all of it.
    /// </summary>
    internal void Resume(IEnumerable<BubbleState> saved)
    {
        foreach (BubbleState state in saved)
            if (_world.Find(state.Speaker) is { } speaker)
                Of(speaker).Open(state, state.IsComplete ? null : _minds.Of(_world.IndexOf(speaker))?.Reply);
        // Older saves hold no bubbles.
        foreach (Body body in _world.Bodies)
            if (!IsSpeaking(body.Name) && _minds.Of(_world.IndexOf(body)) is { Reply: { IsDone: false } reply })
                Of(body).Open(new BubbleState(body.Name, Deed.Player, "", 0, true, false, false, null), reply);
    }

    private bool Speak(Body speaker, int listener, string text, bool acts, bool looks)
    {
        Body hearer = _world.Bodies[listener];
        Interrupt(hearer.Name);
        if (_minds.Ask(listener, speaker.Name, text, acts, looks) is not { } reply) return false;
        if (looks) Happened?.Invoke(new Happening(HappeningKind.Looked, hearer.Name, "", ""));
        OpenWords(speaker, hearer, text);
        Of(hearer).Open(hearer.Name, speaker.Name, reply);
        return true;
    }

    private void OpenWords(Body speaker, Body hearer, string text)
    {
        Quiet = 0;
        Bubble words = Of(speaker);
        words.Open(speaker.Name, hearer.Name);
        words.Append(text);
        words.Complete();
        if (speaker == _world.Player) words.ShowAll();
        Report(words);
    }

    private Bubble Of(Body speaker)
    {
        if (!_bubbles.TryGetValue(speaker.Name, out Bubble? bubble)) _all.Add(_bubbles[speaker.Name] = bubble = new Bubble());
        return bubble;
    }

    /// <summary>The deed that came with an answer begins when it has been spoken: until then it can be interrupted.</summary>
    private void Act(Bubble bubble)
    {
        if (bubble.Deed is not { } deed || deed.Do == DeedVerb.Nothing || _world.Find(bubble.Speaker) is not { } actor) return;
        (bubble.Deed, bubble.HasActed) = (null, true);
        if (_world.Do(actor, deed) is { } problem)
            Happened?.Invoke(new Happening(HappeningKind.Did, actor.Name, "", $"wanted to {Wish(deed)}, but {problem}."));
    }

    private static string Wish(Deed deed)
    {
        string to = deed.To == Deed.Player ? "you" : deed.To;
        return deed.Do switch
        {
            DeedVerb.Give => $"give {to} something",
            DeedVerb.Open or DeedVerb.Light => $"{deed.Do.ToString().ToLowerInvariant()} {to}",
            _ => $"{deed.Do.ToString().ToLowerInvariant()} to {to}",
        };
    }

    /// <summary>Something was said to its end: it is overheard by those nearby that it was not said to.</summary>
    private void Report(Bubble bubble)
    {
        bubble.IsReported = true;
        string text = bubble.IsComplete && !bubble.IsAnswer ? bubble.All : bubble.Text.ToString();
        if (bubble.IsAnswer && bubble.Listener == Deed.Player) LastAnswer = text;
        if (bubble.Reply is { End: ReplyEnd.Failed } failed) Message?.Invoke($"{bubble.Speaker} cannot go on: {failed.Error}");
        if (text.Length == 0) return;
        Happened?.Invoke(new Happening(HappeningKind.Said, bubble.Speaker, bubble.Listener, text));
        if (_world.Find(bubble.Speaker) is not { } speaker) return;
        foreach (Body body in _world.Bodies)
        {
            // Who asked by the game's hand knows what it asked only by hearing itself; who was asked has it in mind already.
            bool isIn = body.Name == bubble.Listener ? !bubble.IsAnswer : body == speaker && bubble.IsAnswer;
            if (!isIn && body.DistanceTo(speaker) <= Earshot) _minds.HearsayOf(body.Name).Overhear(bubble.Speaker, text);
        }
    }
}
