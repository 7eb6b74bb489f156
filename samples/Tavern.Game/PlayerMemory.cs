using System.Text.Json;
using System.Text.Json.Serialization;

namespace Tavern.Game;

/// <summary>
/// What is remembered of the player from game to game: its name, what it promised and to whom, and who did it the last time. A small
/// file in the folder of the saves; one that cannot be read is as good as none.
/// </summary>
public sealed class PlayerMemory
{
    /// <summary>Most promises that are remembered; the oldest are forgotten first.</summary>
    public const int MostPromises = 6;

    private const int MostText = 100;
    private readonly string _path;
    private PlayerRecord _record = new();

    /// <param name="folder">Where saves are.</param>
    public PlayerMemory(string folder) => _path = Path.Combine(folder, "player.json");

    /// <summary>What the player is called; null before it said so.</summary>
    public string? Name
    {
        get => _record.Name;
        internal set => _record.Name = value;
    }

    /// <summary>Stories begun, and of these solved.</summary>
    public (int Played, int Solved) Games => (_record.Played, _record.Solved);

    /// <summary>Who did it in the story played last; null before the first.</summary>
    public string? LastCulprit => _record.LastCulprit;

    /// <summary>What was promised, the oldest first.</summary>
    public IReadOnlyList<PlayerPromise> Promises => _record.Promises;

    /// <summary>Reads what is remembered; nothing where there is no file or none that can be used.</summary>
    /// <returns>What was wrong with it; null when nothing was.</returns>
    public string? Read()
    {
        _record = new PlayerRecord();
        try
        {
            if (!File.Exists(_path)) return null;
            PlayerRecord? record = JsonSerializer.Deserialize(SmallFile.Read(_path), PlayerRecordJson.Default.PlayerRecord);
            if (record is null || !IsSound(record)) return "player.json is damaged: nobody remembers you. It is written anew.";
            _record = record;
            return null;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or JsonException)
        {
            return $"player.json cannot be read ({Lines.One(e).TrimEnd('.')}): nobody remembers you.";
        }
    }

    internal void Promise(string to, string what)
    {
        _record.Promises.RemoveAll(p => p.To == to);
        _record.Promises.Add(new PlayerPromise(to, what));
        if (_record.Promises.Count > MostPromises) _record.Promises.RemoveAt(0);
    }

    internal void Begin(string culprit) => (_record.Played, _record.LastCulprit) = (_record.Played + 1, culprit);

    internal void Solve() => _record.Solved++;

    /// <summary>Writes it, whole or not at all.</summary>
    /// <returns>What kept it from being written; null when nothing did.</returns>
    internal string? Write()
    {
        string beside = _path + ".part";
        try
        {
            Directory.CreateDirectory(Path.GetDirectoryName(_path)!);
            File.WriteAllBytes(beside, JsonSerializer.SerializeToUtf8Bytes(_record, PlayerRecordJson.Default.PlayerRecord));
            File.Move(beside, _path, overwrite: true);
            return null;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return $"You will not be remembered: {Lines.One(e)}";
        }
    }

    private static bool IsSound(PlayerRecord record) =>
        record.Played >= 0 && record.Solved >= 0 && IsText(record.Name) && IsText(record.LastCulprit)
        && record.Promises is { Count: <= MostPromises } promises
        && promises.All(p => p is not null && p.To is not null && p.What is not null && IsText(p.To) && IsText(p.What));

    private static bool IsText(string? text) => text is null || (text.Length is > 0 and <= MostText && !text.Any(Lines.Breaks));
}

/// <summary>Something that the player promised.</summary>
/// <param name="To">To whom.</param>
/// <param name="What">As it goes on after "promised me to".</param>
public sealed record PlayerPromise(string To, string What);

internal sealed class PlayerRecord
{
    public string? Name { get; set; }

    public int Played { get; set; }

    public int Solved { get; set; }

    public string? LastCulprit { get; set; }

    public List<PlayerPromise> Promises { get; set; } = [];
}

[JsonSerializable(typeof(PlayerRecord))]
[JsonSourceGenerationOptions(WriteIndented = true)]
internal sealed partial class PlayerRecordJson : JsonSerializerContext;
