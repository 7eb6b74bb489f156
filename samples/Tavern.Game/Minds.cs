using NpcMind;
using Tavern.World;

namespace Tavern.Game;

/// <summary>
/// The minds of the characters: one model, one shared beginning, one <see cref="Npc"/> for each. Loads and swaps models beside the running
/// game. Everything is called on the game's thread.
/// </summary>
public sealed class Minds(GameWorld world, MindSettings settings, GameClock clock) : IDisposable
{
    private readonly Dictionary<string, Hearsay> _hearsay = new(StringComparer.Ordinal);
    private readonly Dictionary<string, Look> _looks = new(StringComparer.Ordinal);
    private readonly Dictionary<string, LegalActions> _legal = new(StringComparer.Ordinal);
    private MindWays? _ways;
    private readonly List<Npc> _npcs = [];
    private MindLoad? _load;
    private NpcRuntime? _runtime;
    private Prefix? _prefix;

    /// <summary>What was seen last, and how many questions ago.</summary>
    private readonly record struct Look(int Fingerprint, int Questions);

    /// <summary>The minds are about to be written and read again, or to be replaced: whoever holds a reply lets it go.</summary>
    public event Action? Changing;

    /// <summary>One line that the player should read.</summary>
    public event Action<string>? Message;

    /// <summary>What a character (its index) sees, drawn or to be drawn in the coming frames; null when it cannot be drawn now.</summary>
    public Func<int, NpcImage?>? Picture { get; set; }

    /// <summary>Draws at once what is still to be drawn: minds are about to be saved.</summary>
    public Action? FinishPictures { get; set; }

    public bool IsReady => _runtime is not null;

    public bool IsLoading => _load is not null;

    /// <summary>Part of the model that is loaded, 0 to 1; 1 when none is loading.</summary>
    public double Progress => _load?.Progress ?? 1;

    /// <summary>File of the model; null before the first.</summary>
    public string? Model { get; private set; }

    /// <summary>File of the model's eyes; null when it has none.</summary>
    public string? EyesFile { get; private set; }

    public string ModelName => _runtime?.ModelName ?? "no model";

    public string DeviceName => _runtime?.DeviceName ?? "";

    /// <summary>What all minds began with; "" before there are any.</summary>
    public string Facts { get; private set; } = "";

    /// <summary>Whether the shared beginning has been read.</summary>
    public bool KnowTheWorld => _prefix?.IsReady ?? false;

    /// <summary>Where what happens is drawn.</summary>
    public NpcTrace? Trace
    {
        get => _runtime?.Trace;
        set
        {
            if (_runtime is { } runtime) runtime.Trace = value;
        }
    }

    /// <summary>The mind of a character; null while there is none.</summary>
    public Npc? Of(int index) => index >= 0 && index < _npcs.Count ? _npcs[index] : null;

    public Hearsay HearsayOf(string name)
    {
        if (!_hearsay.TryGetValue(name, out Hearsay? hearsay)) _hearsay[name] = hearsay = new Hearsay();
        return hearsay;
    }

    /// <summary>Begins to load a model; what is running goes on until it is there.</summary>
    /// <param name="model">GGUF file.</param>
    /// <param name="eyes">Its image encoder; null for none.</param>
    /// <returns>Whether it was begun: not while another is being loaded.</returns>
    public bool Load(string model, string? eyes)
    {
        if (_load is { } busy)
        {
            Message?.Invoke($"Still loading {Path.GetFileName(busy.Model)}. Wait for it, then try again.");
            return false;
        }

        _load = new MindLoad(model, eyes, settings, clock);
        Message?.Invoke($"Loading {Path.GetFileName(model)}...");
        return true;
    }

    /// <summary>Takes a model that has been loaded. Call it once a frame, when nothing of the frame is recorded.</summary>
    public void Update()
    {
        if (_load is not { IsCompleted: true } load) return;
        _load = null;
        string? problem = load.Problem;
        if (problem is null) problem = Swap(load.Take(), load);
        if (problem is null) Message?.Invoke($"{ModelName} thinks now{(EyesFile is null ? ", without eyes" : "")}.");
        else Message?.Invoke($"{Path.GetFileName(load.Model)} was refused: {problem}{(IsReady ? $" {ModelName} goes on thinking." : "")}");
    }

    /// <summary>Lets the minds think for a frame.</summary>
    /// <param name="budget">GPU time they may take.</param>
    /// <param name="commands">The game's command buffer; null for a submission of their own.</param>
    public TickReport Tick(FrameBudget budget, FrameCommands? commands = null)
    {
        if (_runtime is null) return new TickReport { Status = TickStatus.Idle };
        return commands is { } into ? _runtime.Tick(budget, into) : _runtime.Tick(budget);
    }

    /// <summary>
    /// Asks a character. It looks first, when what it sees has changed, and thinks of what it noticed since it was last asked.
    /// </summary>
    /// <param name="index">Of the character.</param>
    /// <param name="speaker">Who asks.</param>
    /// <param name="text">What.</param>
    /// <param name="acts">Whether it may act.</param>
    /// <param name="looks">Whether it looks even if nothing has changed.</param>
    /// <returns>Null when there are no minds yet, or it does not fit; <see cref="Message"/> says so.</returns>
    public Reply? Ask(int index, string speaker, string text, bool acts = true, bool looks = false)
    {
        if (Of(index) is not { } npc)
        {
            Message?.Invoke(IsLoading ? $"The minds are still being loaded ({Progress * 100:0} %)."
                : "There is no model: drop a GGUF file on the window, or start with --model FILE.");
            return null;
        }

        Body body = world.Bodies[index];
        Hearsay hearsay = HearsayOf(npc.Name);
        try
        {
            npc.Priority = speaker == Deed.Player ? NpcPriority.Foreground : NpcPriority.Normal;
            foreach (Hearsay.Line line in hearsay.Lines) npc.Overhear(line.Speaker, line.Text);
            hearsay.Clear();
            Show(npc, index, body, looks);
            string heard = _ways!.IsShipped && speaker == Deed.Player ? PlayerWords.Read(text, world.Facts) : text;
            return npc.Hear(speaker, heard, _ways!.For(acts ? LegalOf(body, text) : null));
        }
        catch (Exception e)
        {
            // Words, a template or a model that this mind cannot take: it is said, and the game goes on.
            hearsay.Clear();
            Message?.Invoke($"{npc.Name} cannot answer: {Lines.One(e)}");
            return null;
        }
    }

    /// <summary>Everybody is told that something is so now.</summary>
    public void Tell(string sentence)
    {
        foreach (Body body in world.Bodies) HearsayOf(body.Name).Notice(sentence);
    }

    /// <summary>As <see cref="Save"/>, after everybody has stopped speaking: what was not heard is not remembered.</summary>
    internal Dictionary<string, byte[]> SilenceAndSave()
    {
        Changing?.Invoke();
        return Save();
    }

    /// <summary>All minds as they are, by name. Waits for the device.</summary>
    /// <exception cref="InvalidOperationException">The device failed.</exception>
    internal Dictionary<string, byte[]> Save()
    {
        FinishPictures?.Invoke();
        Dictionary<string, byte[]> saved = new(StringComparer.Ordinal);
        foreach (Npc npc in _npcs)
        {
            using MemoryStream stream = new();
            try
            {
                npc.Save(stream);
            }
            catch (Exception e)
            {
                // The device failed; the exception's own type belongs to a room that games do not see.
                throw new InvalidOperationException($"{npc.Name}'s mind cannot be read from the device: {e.Message}", e);
            }

            saved[npc.Name] = stream.ToArray();
        }

        return saved;
    }

    /// <summary>
    /// Makes the minds of these people anew, from what is saved of them where there is something. When that fails the minds are as before.
    /// </summary>
    /// <param name="people">In the order of the world.</param>
    /// <param name="facts">What all begin with.</param>
    /// <param name="memories">Saved minds by name; who has none begins anew.</param>
    /// <param name="legal">What may be done with an answer that somebody was giving; null for nothing.</param>
    /// <param name="knowledge">Of those who begin anew; that of the world when left out.</param>
    /// <exception cref="Exception">A mind cannot be read, or does not fit.</exception>
    internal void Remake(IReadOnlyList<Person> people, string facts, IReadOnlyDictionary<string, byte[]> memories,
        Func<Person, LegalActions>? legal = null, Knowledge? knowledge = null)
    {
        if (_runtime is not { } runtime) return;
        Dictionary<string, byte[]> before = SilenceAndSave();
        Person[] peopleBefore = [.. _npcs.Select(n => new Person { Name = n.Name })];
        Dictionary<string, string> personas = _npcs.ToDictionary(n => n.Name, n => n.Persona, StringComparer.Ordinal);
        Prefix old = _prefix!, prefix = facts == Facts ? old : runtime.CreatePrefix(_ways!.Opening(facts));
        try
        {
            MindMaker.Make(runtime, prefix, people, (knowledge ?? world.Knowledge).Persona, memories, _npcs, legal);
        }
        catch
        {
            MindMaker.Make(runtime, old, peopleBefore, p => personas[p.Name], before, _npcs);
            if (prefix != old) prefix.Dispose();
            throw;
        }

        if (prefix != old) old.Dispose();
        (_prefix, Facts) = (prefix, facts);
        Forget();
    }

    public void Dispose()
    {
        _load?.Dispose();
        _runtime?.Dispose();
        _runtime = null;
    }

    /// <summary>What characters can do depends on who is there.</summary>
    private void Forget()
    {
        _legal.Clear();
        _looks.Clear();
    }

    /// <summary>What follows from words, for somebody to choose from; null where nothing does and the mind needs no choice.</summary>
    private LegalActions? LegalOf(Body body, string words)
    {
        List<Deed> deeds = Requests.Of(words, world.Facts, body.Person);
        if (deeds.Count == 0 && !_ways!.IsShipped) return null;
        if (!_legal.TryGetValue(body.Name, out LegalActions? legal)) _legal[body.Name] = legal = Deed.Legal(deeds);
        else legal.AllowOnly(deeds.Prepend(Deed.None));
        return legal;
    }

    /// <summary>Shows a character what it sees, unless it remembers having seen just that.</summary>
    private void Show(Npc npc, int index, Body body, bool anyway)
    {
        if (EyesFile is null || Picture is null) return;
        int fingerprint = Eyes.Fingerprint(world, body);
        bool known = _looks.TryGetValue(npc.Name, out Look look) && look.Fingerprint == fingerprint && look.Questions < npc.TurnCount;
        if (known && !anyway)
        {
            _looks[npc.Name] = look with { Questions = look.Questions + 1 };
            return;
        }

        if (Picture(index) is not { } image) return;
        npc.See(image);
        _looks[npc.Name] = new Look(fingerprint, 0);
    }

    /// <summary>Carries the conversations over to another model and frees the one before; says what keeps it from it.</summary>
    private string? Swap(NpcRuntime next, MindLoad load)
    {
        List<Npc> npcs = [];
        MindWays ways = new(next.ModelName, next.DefaultReplyOptions, settings.MaxTokens);
        string facts = world.Knowledge.Facts(world.Facts);
        Prefix prefix;
        int lost;
        try
        {
            prefix = next.CreatePrefix(ways.Opening(facts));
            lost = MindMaker.Make(next, prefix, world.Facts.People, world.Knowledge.Persona, SilenceAndSave(), npcs, lenient: true);
        }
        catch (Exception e)
        {
            next.Dispose();
            return Lines.One(e);
        }

        _runtime?.Dispose();
        (_runtime, _prefix, Model, EyesFile) = (next, prefix, load.Model, load.Eyes);
        (_ways, Facts) = (ways, facts);
        _npcs.Clear();
        _npcs.AddRange(npcs);
        Forget();
        if (lost > 0) Message?.Invoke($"{lost} conversations do not fit into {ModelName} and begin anew.");
        return null;
    }
}
