using System.Globalization;
using System.Numerics;
using Tavern.World;

namespace Tavern.Game;

/// <summary>Plays a script: call <see cref="Advance"/> before each <see cref="GameLoop.Update"/>, with its input.</summary>
public sealed class ScriptPlayer(Script script, GameLoop game)
{
    private const double LongestWalk = 30, LongestReply = 120, LongestReading = 300;
    private int _at;
    private double _since;
    private bool _begun;
    private string? _typed;
    private Queue<string> _questions = new();

    /// <summary>
    /// A picture of the window is wanted, under this name. Where nobody takes any the line is passed over, so that a play can be watched in
    /// a window.
    /// </summary>
    public event Action<string>? PictureWanted;

    /// <summary>Figures of frames begin here.</summary>
    public event Action? MeasureWanted;

    public bool IsDone => _at == script.Lines.Count;

    /// <summary>The line being played; null when done.</summary>
    public ScriptLine? Current => IsDone ? null : script.Lines[_at];

    /// <summary>Plays on until something has to be waited for.</summary>
    /// <returns>What the player does in this frame.</returns>
    /// <exception cref="ScriptException">Something did not go as the script says.</exception>
    public PlayerInput Advance()
    {
        GameKeys keys = GameKeys.None;
        _typed = null;
        while (!IsDone)
        {
            ScriptLine line = script.Lines[_at];
            if (game.Mystery.Cast is { } cast) line = line with { Text = cast.Fill(line.Text) };
            if (!_begun)
            {
                (_begun, _since) = (true, game.Now);
                if (line.Verb == "key") keys = Script.KeyOf(line.Text);
                else Begin(line);
            }

            if (!IsOver(line)) break;
            _begun = false;
            _at++;
            // Keys and letters are this frame's; what they do is seen after it.
            if (line.Verb is "key" or "type" or "picture") break;
        }

        return new PlayerInput(default, default, keys, _typed);
    }

    private void Begin(ScriptLine line)
    {
        switch (line.Verb)
        {
            case "goto" when PointOf(line.Text) is { } point:
                game.Player.WalkTo(point);
                break;
            case "goto" when game.World.Find(line.Text) is { } other && other != game.World.Player:
                game.Player.WalkTo(other);
                break;
            case "goto":
                game.Player.WalkTo(Targets.Stand(Targets.PlaceOf(line.Text) ?? throw NotFound(line)).Foot);
                break;
            case "face":
                game.Player.Face(game.World.Find(line.Text) is { } body ? Targets.Gaze(body) with { Y = 1.55f }
                    : Lexicon.Furniture.Contains(line.Text) ? Targets.Gaze(line.Text) : throw NotFound(line));
                break;
            case "say":
                if (game.Player.Faced() is var faced && faced < 0)
                    throw Wrong(line, "nobody is faced within 3 m", "Write goto NAME and face NAME before it");
                else if (!game.Say(faced, line.Text)) throw Wrong(line, $"it was not heard: {game.Message.Last}", "Load a model first");
                break;
            case "look":
                int looker = game.World.Find(line.Text) is { } who ? game.World.IndexOf(who) : -1;
                if (looker < 0) throw NotFound(line);
                if (!game.Talk.Say(looker, "What do you see?", looks: true))
                    throw Wrong(line, $"it was not heard: {game.Message.Last}", "Load a model first");
                break;
            case "interrupt":
                game.Interrupt();
                break;
            case "save":
                if (!game.Save(line.Text)) throw Refused(line, "Correct the script, or what it says");
                break;
            case "load":
                if (!game.Load(line.Text)) throw Refused(line, "Correct the script, or what it says");
                break;
            case "model":
                string[] files = line.Text.Split(' ', StringSplitOptions.RemoveEmptyEntries);
                if (!game.Minds.Load(FileOf(files[0]), files.Length > 1 ? FileOf(files[1]) : GameLoop.EyesBeside(FileOf(files[0]))))
                    throw Refused(line, "Write world before it");
                break;
            case "drop":
                game.Drop(FileOf(line.Text));
                break;
            case "budget":
                game.Budget = line.Value;
                break;
            case "type":
                _typed = line.Text;
                break;
            case "picture":
                PictureWanted?.Invoke(line.Text);
                break;
            case "measure":
                MeasureWanted?.Invoke();
                break;
            case "mystery" when line.Text == "off":
                game.EndStory();
                break;
            case "mystery":
                if (game.NewGame(line.Text == "on" ? null : line.Text, line.Text == "on" ? null : 0) is { } problem)
                    throw Wrong(line, problem.TrimEnd('.'), "Name somebody of the world, and start with --story FILE");
                break;
            case "ask" or "try":
                _questions = new(line.Text.Split(' ', 2)[1].Split('|', StringSplitOptions.TrimEntries));
                break;
            case "clue" when !game.Mystery.Has(line.Text):
                string noted = string.Join(", ", game.Mystery.Clues.Select(c => c.Id));
                throw Wrong(line, $"the clue '{line.Text}' is not in the notebook: {noted}", "Correct the script, or the story");
            case "ends" when game.Mystery.End != EndOf(line.Text):
                throw Wrong(line, $"the story has ended: {game.Mystery.End}", "Correct the script, or the story");
            case "gossip":
                game.Gossip.IsOn = line.Text == "on";
                break;
            case "expect" when !game.Talk.LastAnswer.Contains(line.Text, StringComparison.OrdinalIgnoreCase):
                throw Wrong(line, $"the last answer was '{game.Talk.LastAnswer}', expected '{line.Text}' in it",
                    "Correct the script, or the game");
            case "message" when !game.Message.Last.Contains(line.Text, StringComparison.OrdinalIgnoreCase):
                throw Wrong(line, $"the last message was '{game.Message.Last}', expected '{line.Text}' in it",
                    "Correct the script, or the game");
        }
    }

    private bool IsOver(ScriptLine line)
    {
        double passed = game.Now - _since;
        if (line.Verb == "crowd") AskTheSilent();
        return line.Verb switch
        {
            "wait" or "crowd" => passed >= line.Value,
            "goto" => !game.Player.IsOnItsWay || Late(line, passed, LongestWalk, "the way is barred", "Choose another place"),
            "ask" or "try" => IsLearnt(line),
            "reply" or "look" => !game.Talk.IsAnswering
                || Late(line, passed, LongestReply, "the answer has not come", "Allow more time (reply SECONDS) or a larger budget"),
            // Loading takes the time it takes, and the game goes on.
            "model" or "drop" => !game.Minds.IsLoading,
            "world" => game.Minds.KnowTheWorld || (!game.Minds.IsReady && !game.Minds.IsLoading)
                || Late(line, passed, LongestReading, "the minds have not read the world",
                    "Allow more time (world SECONDS) or a larger budget"),
            _ => true,
        };
    }

    private static MysteryEnd EndOf(string text) =>
        text switch { "solved" => MysteryEnd.Solved, "unsolved" => MysteryEnd.Unsolved, _ => MysteryEnd.None };

    /// <summary>Asks on until a clue is learnt.</summary>
    private bool IsLearnt(ScriptLine line)
    {
        string clue = line.Text.Split(' ', 2)[0];
        if (game.Talk.IsAnswering) return game.Now - _since > LongestReply * 4 && Late(line, game.Now - _since, LongestReply * 4,
            "the answers have not come", "Allow a larger budget");
        if (game.Mystery.Has(clue)) return true;
        // Who knows enough asks no more.
        if (line.Verb == "try" && game.Mystery.Story is { } story && game.Mystery.Proofs >= story.Proofs) return true;
        if (game.Player.Faced() is var faced && faced < 0)
            throw Wrong(line, "nobody is faced within 3 m", "Write goto NAME and face NAME before it");
        if (!_questions.TryDequeue(out string? question))
            return line.Verb == "try" ? true : throw Wrong(line,
                $"'{clue}' was not learnt; the last answer was '{game.Talk.LastAnswer}'", "Ask otherwise, or somebody else");
        if (!game.Say(faced, question)) throw Wrong(line, $"it was not heard: {game.Message.Last}", "Load a model first");
        return false;
    }

    /// <summary>Whoever is silent looks and says what it sees.</summary>
    private void AskTheSilent()
    {
        for (int i = 0; i < game.World.Bodies.Count; i++)
            if (game.Minds.IsReady && !game.Talk.IsSpeaking(game.World.Bodies[i].Name))
                game.Talk.Say(i, "What do you see?", looks: true, acts: false);
    }

    /// <summary>False until a time has passed, the line's own or else the usual; then it throws.</summary>
    private bool Late(ScriptLine line, double passed, double usual, string problem, string advice)
    {
        double limit = line.Value > 0 ? line.Value : usual;
        return passed > limit ? throw Wrong(line, string.Create(CultureInfo.InvariantCulture, $"{problem} after {limit:0} s"), advice)
            : false;
    }

    private string FileOf(string name)
    {
        string beside = Path.Combine(Path.GetDirectoryName(Path.GetFullPath(script.File))!, name);
        return File.Exists(beside) ? beside : Path.GetFullPath(name);
    }

    private static Vector2? PointOf(string text)
    {
        string[] parts = text.Split(' ', StringSplitOptions.RemoveEmptyEntries);
        return parts.Length == 2 && float.TryParse(parts[0], NumberStyles.Float, CultureInfo.InvariantCulture, out float x)
            && float.TryParse(parts[1], NumberStyles.Float, CultureInfo.InvariantCulture, out float z) && float.IsFinite(x)
            && float.IsFinite(z)
            ? new Vector2(x, z)
            : null;
    }

    private ScriptException NotFound(ScriptLine line) =>
        Wrong(line, $"there is no '{line.Text}'",
            $"Use one of: {string.Join(", ", game.World.Bodies.Select(b => b.Name).Concat(Lexicon.Furniture))}");

    private ScriptException Refused(ScriptLine line, string advice) =>
        Wrong(line, $"it was refused: {game.Message.Last.TrimEnd('.')}", advice);

    private ScriptException Wrong(ScriptLine line, string problem, string advice) =>
        new(Path.GetFileName(script.File), line.Line, problem, advice + ".");
}
