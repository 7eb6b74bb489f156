using System.Globalization;
using Tavern.Game;
using Tavern.Hud;

namespace Tavern.Play;

/// <summary>The notebook and the options as pages, and the hints of keys; made anew only when they change.</summary>
internal sealed class Pages(GameLoop game, string driver)
{
    private readonly HudPage _notebook = new(), _options = new() { Title = "Options" };
    private readonly List<HudRow> _hints = [];
    private (int Version, MysteryEnd End, Story? Story) _noted = (-1, default, null);
    private (int Version, string Model) _set = (-1, "");
    private int _hinted = -1;

    /// <summary>The page that the player looks at; null for none.</summary>
    public HudPage? Shown => game.Options.IsShown ? Options() : game.IsNotebookShown && game.Mystery.Story is not null ? Notebook() : null;

    /// <summary>Keys to tell the player of.</summary>
    public List<HudRow> Hints
    {
        get
        {
            if (_hinted == game.Hints.Version) return _hints;
            _hinted = game.Hints.Version;
            _hints.Clear();
            foreach ((string keys, string does) in game.Hints.Shown) _hints.Add(new HudRow(does, keys));
            return _hints;
        }
    }

    private HudPage Notebook()
    {
        Mystery mystery = game.Mystery;
        if (_noted == (mystery.Version, mystery.End, mystery.Story)) return _notebook;
        _noted = (mystery.Version, mystery.End, mystery.Story);
        Story story = mystery.Story!;
        _notebook.Title = story.Title;
        List<HudRow> rows = _notebook.Rows;
        rows.Clear();
        rows.Add(new(story.Question, Tone: HudTone.Faint));
        if (mystery.Clues.Count == 0) rows.Add(new("Nothing yet. Ask what people saw, where they were, and what they see.",
            Tone: HudTone.Faint));
        foreach (Clue clue in mystery.Clues) rows.Add(new($"{(clue.IsProof ? "★" : "·")} {clue.Text}"));
        rows.Add(new("Proofs", string.Create(CultureInfo.InvariantCulture, $"{mystery.Proofs} of {story.Proofs} needed"), HudTone.Faint));
        if (mystery.End == MysteryEnd.None)
        {
            rows.Add(new("Accusations left", mystery.AccusationsLeft.ToString(CultureInfo.InvariantCulture), HudTone.Faint));
            rows.Add(new(mystery.Proofs < story.Proofs ? "H: a hint" : "Say to anybody: I accuse ... (or face them, and press Q twice)",
                Tone: HudTone.Strong));
            return _notebook;
        }

        if (mystery.LastWords.Length == 0) return _notebook; // somebody is still confessing
        rows.Add(new(mystery.LastWords, Tone: HudTone.Strong));
        string took = string.Create(CultureInfo.InvariantCulture, $"{(int)mystery.Seconds / 60}:{(int)mystery.Seconds % 60:00} minutes");
        rows.Add(new($"{took}, {mystery.HintsGiven} hints, {mystery.Mistakes} wrong accusations", Tone: HudTone.Faint));
        rows.Add(new("F2: a new game, with another culprit", Tone: HudTone.Faint));
        return _notebook;
    }

    private HudPage Options()
    {
        string model = game.Options.Credits;
        if (_set == (game.Options.Version, model) && !game.Minds.IsLoading) return _options;
        _set = (game.Options.Version, model);
        List<HudRow> rows = _options.Rows;
        rows.Clear();
        int at = 0;
        foreach ((string label, string value) in game.Options.Lines) rows.Add(new(label, value,
            at++ == game.Options.Chosen ? HudTone.Chosen : HudTone.Plain));
        rows.Add(new("Arrows: choose and change. F2: close.", Tone: HudTone.Faint));
        rows.Add(new(model, Tone: HudTone.Faint));
        if (driver.Length > 0) rows.Add(new($"Driver: {driver}", Tone: HudTone.Faint));
        return _options;
    }
}
