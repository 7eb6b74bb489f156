using NpcMind;
using Tavern.World;

namespace Tavern.Game.Tests;

public sealed class MindWaysTests
{
    [TestCase("NpcMind Tavern", 0f, 1f, 48, false)]
    [TestCase("Another", 0.3f, 1.2f, 80, true)]
    public void For_AModel_TakesTheShippedMindsSamplingOrItsOwn(string name, float temperature, float penalty, int tokens, bool ends)
    {
        ReplyOptions options = new MindWays(name, new ReplyOptions { Temperature = 0.3f, RepetitionPenalty = 1.2f, MaxTokens = 9 },
            null).For(null);
        Assert.That((options.Temperature, options.RepetitionPenalty, options.MaxTokens, options.EndAtSentence, options.Action),
            Is.EqualTo((temperature, penalty, tokens, ends, (ActionType?)null)));
        Assert.That(new MindWays(name, new ReplyOptions(), 7).For(Deed.Legal([])).MaxTokens, Is.EqualTo(7));
    }
}
