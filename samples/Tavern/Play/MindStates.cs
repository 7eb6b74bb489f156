using System.Globalization;
using NpcMind;
using Tavern.Game;

namespace Tavern.Play;

/// <summary>What F1 says of each mind, in words; they are made anew only when the figures change.</summary>
internal sealed class MindStates
{
    private readonly List<(MindFigures Figures, string Words)> _said = [];

    /// <param name="line">On which line it stands.</param>
    /// <param name="mind">Its figures.</param>
    public string Of(int line, in MindFigures mind)
    {
        while (_said.Count <= line) _said.Add((default, ""));
        if (_said[line].Figures != mind) _said[line] = (mind, Words(mind));
        return _said[line].Words;
    }

    private static string Words(in MindFigures mind)
    {
        string state = mind.IsAnswering ? "speaks" : mind.Waiting == NpcWait.None ? "listens" : $"waits ({mind.Waiting})";
        return string.Create(CultureInfo.InvariantCulture, $"{state}, {mind.Tokens} tokens, {mind.Turns} turns");
    }
}
