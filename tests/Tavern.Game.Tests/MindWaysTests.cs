using System.Buffers.Binary;
using System.Runtime.CompilerServices;
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

    /// <summary>
    /// Beyond a chunk most layers no longer see what a mind was told of the world: it would forget where the game still remembers.
    /// </summary>
    [Test]
    public void ShippedMind_Chunk_CoversTheGamesContext()
    {
        byte[] file = File.ReadAllBytes(Path.Combine(Path.GetDirectoryName(Here())!, "../../samples/Tavern/models/mind.gguf"));
        ReadOnlySpan<byte> key = "llama4.attention.sliding_window"u8;
        int at = file.AsSpan().IndexOf(key);
        Assert.That(at, Is.Positive);
        ReadOnlySpan<byte> value = file.AsSpan(at + key.Length, 8); // type 4 (u32), then the number
        Assert.That(BinaryPrimitives.ReadUInt32LittleEndian(value), Is.EqualTo(4));
        Assert.That(BinaryPrimitives.ReadUInt32LittleEndian(value[4..]), Is.GreaterThanOrEqualTo(new MindSettings().ContextTokens));
    }

    private static string Here([CallerFilePath] string path = "") => path;
}
