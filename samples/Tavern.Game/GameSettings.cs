using System.Text.Json;
using System.Text.Json.Serialization;

namespace Tavern.Game;

/// <summary>What the player has set on the options page, kept from game to game in the folder of the saves.</summary>
public sealed class GameSettings
{
    /// <summary>Least and largest text size, of the usual.</summary>
    public const double LeastText = 0.75, MostText = 2;

    /// <summary>Least and largest speed of the mouse, of the usual.</summary>
    public const double LeastMouse = 0.25, MostMouse = 4;

    private const int MostPath = 4096;

    /// <summary>GPU milliseconds of a frame for the minds; null for what suits the frames.</summary>
    public double? Budget { get; set; }

    /// <summary>Size of all text, of the usual.</summary>
    public double TextSize { get; set; } = 1;

    /// <summary>How far the mouse turns the head, of the usual.</summary>
    public double MouseSpeed { get; set; } = 1;

    /// <summary>Whether the mouse forward looks down.</summary>
    public bool MouseIsInverted { get; set; }

    /// <summary>File of the model that was chosen; null for the one that the game starts with.</summary>
    public string? Model { get; set; }

    /// <summary>Reads what was set; the usual where there is no file or none that can be used.</summary>
    public static GameSettings Read(string folder)
    {
        try
        {
            string path = PathIn(folder);
            GameSettings? read = File.Exists(path) ? JsonSerializer.Deserialize(SmallFile.Read(path),
                GameSettingsJson.Default.GameSettings) : null;
            return read is not null && read.IsSound() ? read : new GameSettings();
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or JsonException)
        {
            return new GameSettings();
        }
    }

    /// <summary>Writes them, whole or not at all.</summary>
    /// <returns>What kept them from being written; null when nothing did.</returns>
    internal string? Write(string folder)
    {
        string path = PathIn(folder), beside = path + ".part";
        try
        {
            Directory.CreateDirectory(folder);
            File.WriteAllBytes(beside, JsonSerializer.SerializeToUtf8Bytes(this, GameSettingsJson.Default.GameSettings));
            File.Move(beside, path, overwrite: true);
            return null;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return $"The options are not kept: {Lines.One(e)}";
        }
    }

    private static string PathIn(string folder) => Path.Combine(folder, "options.json");

    private bool IsSound() =>
        Budget is null or (>= 0 and <= MindBudget.Most) && TextSize is >= LeastText and <= MostText
            && MouseSpeed is >= LeastMouse and <= MostMouse
        && (Model is null || (Model.Length is > 0 and <= MostPath && File.Exists(Model)));
}

[JsonSerializable(typeof(GameSettings))]
[JsonSourceGenerationOptions(WriteIndented = true)]
internal sealed partial class GameSettingsJson : JsonSerializerContext;
