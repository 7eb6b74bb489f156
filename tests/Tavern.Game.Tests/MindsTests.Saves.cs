using NpcMind;

namespace Tavern.Game.Tests;

/// <summary>Saves whose minds say what cannot be.</summary>
public sealed partial class MindsTests
{
    [Test]
    public void Load_AMindWithAGrammarThatIsNone_IsRefusedAndTheGameGoesOn()
    {
        const string Right = "root ::= [a-z]+ \".\"", Wrong = "root ::= root | root  ";
        _game.Minds.Of(0)!.Hear("Player", "Say a word.", new ReplyOptions { Grammar = NpcMind.Grammar.Parse(Right, "word") });
        Assert.That(_game.Save("good"), _game.Message.Last);
        Dictionary<string, byte[]> parts = SaveContainer.Read(_game.Saves.PathOf("good"));
        byte[] mind = parts["mind/Marbel"];
        int at = mind.AsSpan().IndexOf(System.Text.Encoding.UTF8.GetBytes(Right));
        Assert.That(at, Is.GreaterThan(0));
        System.Text.Encoding.UTF8.GetBytes(Wrong).CopyTo(mind.AsSpan(at));
        Sign(mind);
        SaveContainer.Write(_game.Saves.PathOf("bad"), parts);
        Assert.That(_game.Load("bad"), Is.False);
        Assert.That(_game.Message.Last, Does.StartWith("bad: not loaded: ").And.Not.Contain("\n"));
        Assert.That(_game.Load("good"), _game.Message.Last);
        Assert.That(_game.Say(0, "Are you there?"));
        Run(() => !_game.Talk.IsAnswering);
    }

    [Test]
    public void Load_MindsThatSayAnything_AreRefusedOrGoOn()
    {
        _game.Say(0, "Remember this.");
        Run(() => _game.Talk.Of("Marbel") is { Shown: > 2 });
        Assert.That(_game.Save("good"), _game.Message.Last);
        int seed = TestContext.Parameters.Get("seed", 1);
        Random random = new(seed);
        for (int i = 0; i < 40; i++)
        {
            Dictionary<string, byte[]> parts = SaveContainer.Read(_game.Saves.PathOf("good"));
            byte[] mind = parts[random.Next(2) == 0 ? "mind/Marbel" : "mind/Osbert"];
            int body = BitConverter.ToInt32(mind, 12);
            for (int changes = 1 + random.Next(4); changes > 0; changes--) mind[52 + random.Next(Math.Min(body,
                400))] = (byte)random.Next(256);
            Sign(mind);
            SaveContainer.Write(_game.Saves.PathOf("bad"), parts);
            bool isLoaded = false;
            Assert.That(() => isLoaded = _game.Load("bad"), Throws.Nothing, $"seed {seed}, save {i}");
            if (!isLoaded) Assert.That(_game.Message.Last, Does.StartWith("bad: not loaded: "));
            _game.Update(0.05f, default);
            _game.Tick();
        }

        Assert.That(_game.Load("good"), _game.Message.Last);
        Assert.That(_game.Say(0, "Are you there?"));
        Run(() => !_game.Talk.IsAnswering);
        Assert.That(_game.Talk.LastAnswer, Is.Not.Empty);
    }

    /// <summary>Signs the body of a saved mind anew, as docs/save-format.md says.</summary>
    private static void Sign(byte[] mind)
    {
        System.Security.Cryptography.SHA256.HashData(mind.AsSpan(52, BitConverter.ToInt32(mind, 12)), mind.AsSpan(16, 32));
        uint sum = ~0u;
        foreach (byte b in mind.AsSpan(0, 48)) sum = System.Numerics.BitOperations.Crc32C(sum, b);
        BitConverter.TryWriteBytes(mind.AsSpan(48), ~sum);
    }
}
