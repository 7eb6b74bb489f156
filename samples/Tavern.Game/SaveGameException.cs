namespace Tavern.Game;

/// <summary>A game that cannot be saved or loaded. The running game is unchanged.</summary>
public sealed class SaveGameException(string slot, string problem, string advice, Exception? inner = null)
    : Exception(Lines.One($"{slot}: {problem}. {advice}"), inner);
