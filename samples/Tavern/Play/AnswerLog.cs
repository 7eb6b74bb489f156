using System.Diagnostics;
using System.Globalization;
using Tavern.Game;
using Tavern.World;

namespace Tavern.Play;

/// <summary>
/// Writes down how long the player waits for answers, in real time: from the words to the first one shown, and to the end of the
/// answer.
/// </summary>
internal sealed class AnswerLog : IDisposable
{
    private readonly GameLoop _game;
    private readonly StreamWriter _file;
    private string? _speaker;
    private long _asked;
    private double _first;
    private int _frames;

    /// <param name="game">The game to follow.</param>
    /// <param name="path">A CSV file, written over.</param>
    public AnswerLog(GameLoop game, string path)
    {
        _game = game;
        _file = new StreamWriter(path) { AutoFlush = true };
        _file.WriteLine("game_seconds,speaker,first_word_seconds,whole_seconds,characters,frames,budget_ms");
        game.Happened += Note;
    }

    /// <summary>Looks at what is shown. Once a frame.</summary>
    public void Update()
    {
        if (_speaker is null || _game.Talk.Of(_speaker) is not { } bubble) return;
        _frames++;
        double passed = Stopwatch.GetElapsedTime(_asked).TotalSeconds;
        if (_first == 0 && bubble.Shown > 0) _first = passed;
        if (!bubble.IsReported) return;
        _file.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"{_game.Now:0.0},{_speaker},{_first:0.00},{passed:0.00},{bubble.Shown},{_frames},{_game.Budget:0.0}"));
        _speaker = null;
    }

    public void Dispose()
    {
        _game.Happened -= Note;
        _file.Dispose();
    }

    private void Note(Happening happening)
    {
        if (happening is { Kind: HappeningKind.Said, Who: Deed.Player })
            (_speaker, _asked, _first, _frames) = (happening.To, Stopwatch.GetTimestamp(), 0, 0);
    }
}
