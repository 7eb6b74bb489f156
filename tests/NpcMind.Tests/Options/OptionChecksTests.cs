using NpcMind.Inference;
using NUnit.Framework;

namespace NpcMind.Tests.Options;

/// <summary>Absurd options are refused before any file is opened, with their name, their value and their range.</summary>
internal sealed class OptionChecksTests
{
    private static readonly NpcRuntimeOptions Good = new();

    private static IEnumerable<TestCaseData> Runtime => new (NpcRuntimeOptions Options, string[] Words)[]
    {
        (Good with { ContextTokens = int.MaxValue }, ["ContextTokens", "2147483647", "from 64 to 16777216"]),
        (Good with { ContextTokens = 10 }, ["ContextTokens", "10", "from 64"]),
        (Good with { ContextTokens = int.MinValue }, ["ContextTokens", "-2147483648"]),
        (Good with { MaxNpcs = 0 }, ["MaxNpcs", "0", "from 1 to 4096"]),
        (Good with { MaxNpcs = 100_000 }, ["MaxNpcs", "100000", "from 1 to 4096"]),
        (Good with { MaxNpcs = 4096, ContextTokens = 1 << 20 }, ["MaxNpcs (4096)", "ContextTokens (1048576)", "268435456"]),
        (Good with { MaxPrefixes = -1 }, ["MaxPrefixes", "-1", "from 1 to 4096"]),
        (Good with { MaxTokensPerStep = 0 }, ["MaxTokensPerStep", "0", "from 16 to 1024"]),
        (Good with { MaxTokensPerStep = 30 }, ["MaxTokensPerStep", "30", "multiple of 16"]),
        (Good with { MaxTokensPerStep = int.MaxValue }, ["MaxTokensPerStep", "2147483647"]),
        (Good with { DeviceKvTokens = 100 }, ["DeviceKvTokens", "100", "from 2048"]),
        (Good with { DeviceKvTokens = int.MaxValue }, ["DeviceKvTokens", "2147483647"]),
        (Good with { HostKvTokens = -1 }, ["HostKvTokens", "-1", "from 0"]),
        (Good with { MaxDispatchMilliseconds = double.NaN }, ["MaxDispatchMilliseconds", "NaN", "above 0 and at most 1000"]),
        (Good with { MaxDispatchMilliseconds = -0.5 }, ["MaxDispatchMilliseconds", "-0.5"]),
        (Good with { MaxFramesPerStep = 0 }, ["MaxFramesPerStep", "0", "from 1"]),
        (Good with { MaxImageTiles = 17 }, ["MaxImageTiles", "17", "from 1 to 16"]),
        (Good with { KvFormat = (KvFormat)9 }, ["KvFormat", "9", "F32, F16"]),
        (Good with { ImageEncoderPath = "" }, ["ImageEncoderPath", "empty"]),
        (Good with { CacheFolder = "a\0b" }, ["CacheFolder", "U+0000"]),
        (Good with { Host = null! }, ["Host", "null"]),
        (Good with { Clock = null! }, ["Clock", "null"]),
    }.Select(c => new TestCaseData(c.Options, c.Words).SetArgDisplayNames(string.Join(' ', c.Words)));

    [TestCaseSource(nameof(Runtime))]
    public void Load_AbsurdOption_IsRefusedAtOnceByName(NpcRuntimeOptions options, string[] words)
    {
        ArgumentException e = Assert.Catch<ArgumentException>(() => NpcRuntime.Load("/no/such/model.gguf", options).Dispose())!;
        foreach (string word in words) Assert.That(e.Message, Does.Contain(word));
        Assert.That(e.Message, Does.StartWith("NpcRuntimeOptions."));
    }

    private static IEnumerable<TestCaseData> Replies => new (ReplyOptions Options, string[] Words)[]
    {
        (new() { MaxTokens = 0 }, ["MaxTokens", "0", "from 1 to 2048"]),
        (new() { MaxTokens = int.MaxValue }, ["MaxTokens", "2147483647", "from 1 to 2048"]),
        (new() { Temperature = float.NaN }, ["Temperature", "NaN", "from 0 to 100"]),
        (new() { Temperature = float.PositiveInfinity }, ["Temperature", "from 0 to 100"]),
        (new() { TopK = -1 }, ["TopK", "-1", "from 0"]),
        (new() { TopP = 1.5f }, ["TopP", "1.5", "from 0 to 1"]),
        (new() { MinP = -0.25f }, ["MinP", "-0.25", "from 0 to 1"]),
        (new() { RepetitionPenalty = 0 }, ["RepetitionPenalty", "0", "above 0"]),
        (new() { StopStrings = ["a", ""] }, ["StopStrings", "empty"]),
        (new() { StopStrings = null! }, ["StopStrings", "null"]),
        (new() { CharactersPerSecond = 0 }, ["CharactersPerSecond", "0", "above 0"]),
        (new() { CharactersPerSecond = double.NaN }, ["CharactersPerSecond", "NaN"]),
        (new() { LeadTokens = 0 }, ["LeadTokens", "0", "from 1"]),
        (new() { FirstWordDeadline = TimeSpan.FromSeconds(-1) }, ["FirstWordDeadline", "-00:00:01", "0 or more"]),
    }.Select(c => new TestCaseData(c.Options, c.Words).SetArgDisplayNames(string.Join(' ', c.Words)));

    [TestCaseSource(nameof(Replies))]
    public void Check_AbsurdReplyOption_IsRefusedByName(ReplyOptions options, string[] words)
    {
        ArgumentException e = Assert.Catch<ArgumentException>(() => OptionChecks.Check(options, 2048))!;
        foreach (string word in words) Assert.That(e.Message, Does.Contain(word));
        Assert.That(e.Message, Does.StartWith("ReplyOptions."));
    }

    [Test]
    public void Check_DefaultsAndLimits_AreAccepted()
    {
        OptionChecks.Check(Good);
        OptionChecks.Check(Good with
        {
            ContextTokens = 64,
            MaxNpcs = 1,
            MaxPrefixes = 1,
            MaxTokensPerStep = 16,
            DeviceKvTokens = 64,
            HostKvTokens = 0,
            MaxDispatchMilliseconds = 1000,
            MaxImageTiles = 16
        });
        OptionChecks.Check(new ReplyOptions(), 2048);
        OptionChecks.Check(new ReplyOptions
        {
            MaxTokens = 64,
            Temperature = 0,
            TopP = 0,
            CharactersPerSecond = double.PositiveInfinity,
            FirstWordDeadline = TimeSpan.MaxValue
        }, 64);
    }

    [Test]
    public void Check_NegativeZero_IsZeroForRepliesAndTheSampler()
    {
        OptionChecks.Check(new ReplyOptions { Temperature = -0f, TopP = -0f, MinP = -0f }, 2048);
        new SamplerSettings { Temperature = -0f, TopP = -0f, MinP = -0f }.Check();
        Assert.That(() => new SamplerSettings { TopP = -0.1f }.Check(), Throws.TypeOf<ArgumentOutOfRangeException>());
    }
}
