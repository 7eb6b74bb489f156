using System.Globalization;

namespace Tavern.Game;

/// <summary>Writes down what was said, done and seen, with game time.</summary>
public sealed class Transcript : IDisposable
{
    private readonly GameLoop _game;
    private readonly TextWriter _writer;

    /// <param name="game">The game to follow.</param>
    /// <param name="writer">Where to; not disposed.</param>
    public Transcript(GameLoop game, TextWriter writer)
    {
        (_game, _writer) = (game, writer);
        game.Happened += Write;
    }

    public void Dispose() => _game.Happened -= Write;

    /// <summary>Writes a line. A disk that is full ends the transcript and not the game.</summary>
    private void Write(Happening h)
    {
        long tenths = (long)(_game.Now * 10); // rounded down: no minute has 60.0 seconds
        try
        {
            _writer.WriteLine(string.Create(CultureInfo.InvariantCulture,
                $"[{tenths / 600:00}:{tenths % 600 / 10.0:00.0}] {Lines.One(Line(h))}"));
        }
        catch (IOException e)
        {
            _game.Happened -= Write;
            _game.Say($"The transcript ends here: {Lines.One(e)}");
        }
    }

    private static string Line(Happening h) => h.Kind switch
    {
        HappeningKind.Said => $"{h.Who} to {h.To}: {h.Text}",
        HappeningKind.Looked => $"* {h.Who} looks around",
        HappeningKind.Did => h.Text.StartsWith("wanted", StringComparison.Ordinal) ? $"* {h.Who} {h.Text}" : $"* {h.Text}",
        _ => $"({h.Text})",
    };
}
