using System.Globalization;
using NpcMind.Inference;

namespace NpcMind;

/// <summary>
/// Options are held against their ranges where they come in: an absurd one is refused at once, with its name, its value and what it may
/// be.
/// </summary>
internal static class OptionChecks
{
    /// <summary>What the parameter is called in every method that takes options.</summary>
    private static readonly string Parameter = "options";

    private const int MaxCharacters = 4096;
    private const int MaxContext = 1 << 24;
    private const int MaxCache = 1 << 30;
    private const long MaxLog = 1L << 28;

    /// <exception cref="ArgumentException">An option is out of its range, or options do not go together.</exception>
    public static void Check(NpcRuntimeOptions o)
    {
        const string Of = nameof(NpcRuntimeOptions);
        NotNull(Of, nameof(o.Host), o.Host);
        NotNull(Of, nameof(o.Clock), o.Clock);
        if (o.ImageEncoderPath is { Length: 0 })
            throw new ArgumentException($"{Of}.{nameof(o.ImageEncoderPath)} is empty: it must name a file, or be null for none.",
                Parameter);
        if (o.CacheFolder is { } folder && folder.Contains('\0', StringComparison.Ordinal))
            throw new ArgumentException($"{Of}.{nameof(o.CacheFolder)} contains the character U+0000: it must be a path, \"\" or null.",
                Parameter);
        InRange(Of, nameof(o.MaxImageTiles), o.MaxImageTiles, 1, VisionConfig.MaxTiles);
        InRange(Of, nameof(o.MaxNpcs), o.MaxNpcs, 1, MaxCharacters);
        InRange(Of, nameof(o.MaxPrefixes), o.MaxPrefixes, 1, MaxCharacters);
        InRange(Of, nameof(o.ContextTokens), o.ContextTokens, 64, MaxContext);
        if (o.DeviceKvTokens is { } device) InRange(Of, nameof(o.DeviceKvTokens), device, o.ContextTokens, MaxCache,
            ": one context (ContextTokens) or more");
        if (o.HostKvTokens is { } host) InRange(Of, nameof(o.HostKvTokens), host, 0, MaxCache);
        if (o.KvFormat is { } format && !Enum.IsDefined(format))
            throw OutOfRange(Of, nameof(o.KvFormat), ((int)format).ToString(CultureInfo.InvariantCulture),
                $"one of {string.Join(", ", Enum.GetNames<KvFormat>())}");
        if (!Enum.IsDefined(o.Precision))
            throw OutOfRange(Of, nameof(o.Precision), ((int)o.Precision).ToString(CultureInfo.InvariantCulture),
                $"one of {string.Join(", ", Enum.GetNames<Precision>())}");
        if (o.MaxTokensPerStep is { } tokens)
        {
            InRange(Of, nameof(o.MaxTokensPerStep), tokens, 16, 1024);
            if (tokens % 16 != 0)
                throw OutOfRange(Of, nameof(o.MaxTokensPerStep), tokens.ToString(CultureInfo.InvariantCulture),
                    "a multiple of 16 from 16 to 1024");
        }

        Above(Of, nameof(o.MaxDispatchMilliseconds), o.MaxDispatchMilliseconds, 0, 1000);
        InRange(Of, nameof(o.MaxFramesPerStep), o.MaxFramesPerStep, 1, 1_000_000);
        long log = 2L * (o.MaxNpcs + o.MaxPrefixes) * o.ContextTokens;
        if (log > MaxLog)
            throw new ArgumentOutOfRangeException(Parameter, string.Create(
                CultureInfo.InvariantCulture,
                $"{Of}.{nameof(o.MaxNpcs)} ({o.MaxNpcs}), {nameof(o.MaxPrefixes)} ({o.MaxPrefixes}) and {nameof(o.ContextTokens)} "
                + $"({o.ContextTokens}) are too large together: "
                + $"twice the characters and prefixes, times the context, must be at most {MaxLog}, and is {log}."));
    }

    /// <exception cref="ArgumentException">An option is out of its range, or options do not go together.</exception>
    public static void Check(ReplyOptions o, int contextTokens)
    {
        const string Of = nameof(ReplyOptions);
        string room = $"from 1 to {Text(contextTokens)}, the context (NpcRuntimeOptions.ContextTokens)";
        InRange(Of, nameof(o.Temperature), o.Temperature, 0, 100);
        InRange(Of, nameof(o.TopK), o.TopK, 0, int.MaxValue);
        InRange(Of, nameof(o.TopP), o.TopP, 0, 1);
        InRange(Of, nameof(o.MinP), o.MinP, 0, 1);
        Above(Of, nameof(o.RepetitionPenalty), o.RepetitionPenalty, 0, 100);
        InRange(Of, nameof(o.PresencePenalty), o.PresencePenalty, -100, 100);
        InRange(Of, nameof(o.FrequencyPenalty), o.FrequencyPenalty, -100, 100);
        InRange(Of, nameof(o.PenaltyTokens), o.PenaltyTokens, 0, int.MaxValue);
        if (o.MaxTokens > contextTokens)
            throw new ArgumentException($"{Of}.{nameof(o.MaxTokens)} is {Text(o.MaxTokens)}: it must be {room}.", Parameter);
        if (o.MaxTokens < 1) throw OutOfRange(Of, nameof(o.MaxTokens), Text(o.MaxTokens), room);
        InRange(Of, nameof(o.MaxThoughtTokens), o.MaxThoughtTokens, 0, int.MaxValue);
        NotNull(Of, nameof(o.StopStrings), o.StopStrings);
        if (o.StopStrings.Any(string.IsNullOrEmpty))
            throw new ArgumentException($"{Of}.{nameof(o.StopStrings)} holds an empty string: leave it out.", Parameter);
        if (o.LegalActions is not null && o.Action is null)
            throw new ArgumentException(
                $"{Of}.{nameof(o.LegalActions)} is set without {nameof(o.Action)}: set the action that it restricts, too.",
                Parameter);
        Above(Of, nameof(o.CharactersPerSecond), o.CharactersPerSecond, 0, double.PositiveInfinity);
        InRange(Of, nameof(o.LeadTokens), o.LeadTokens, 1, int.MaxValue);
        if (o.FirstWordDeadline < TimeSpan.Zero)
            throw OutOfRange(Of, nameof(o.FirstWordDeadline), o.FirstWordDeadline.ToString(), "0 or more");
    }

    private static void NotNull(string of, string name, object? value)
    {
        if (value is null) throw new ArgumentNullException(Parameter, $"{of}.{name} is null.");
    }

    private static void InRange(string of, string name, double value, double least, double most, string remark = "")
    {
        if (!(value >= least && value <= most)) throw OutOfRange(of, name, Text(value), $"from {Text(least)} to {Text(most)}{remark}");
    }

    private static void Above(string of, string name, double value, double least, double most)
    {
        if (!(value > least && value <= most))
            throw OutOfRange(of, name, Text(value), double.IsInfinity(most)
                ? $"above {Text(least)}"
                : $"above {Text(least)} and at most {Text(most)}");
    }

    private static string Text(double number) => number.ToString("0.############", CultureInfo.InvariantCulture);

    private static ArgumentOutOfRangeException OutOfRange(string of, string name, string value, string range) =>
        new(Parameter, $"{of}.{name} is {value}: it must be {range}.");
}
