namespace Tavern.Game;

/// <summary>A world file that cannot be used: where, what was expected, what to do.</summary>
public sealed class WorldFileException(string file, int line, string problem, string advice, Exception? inner = null)
    : Exception(Lines.One($"{file}, line {line}: {problem}. {advice}"), inner)
{
    public string File => file;

    /// <summary>Counted from 1.</summary>
    public int Line => line;
}
