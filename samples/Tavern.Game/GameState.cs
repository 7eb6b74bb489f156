using System.Numerics;
using System.Text.Json;
using System.Text.Json.Serialization;
using Tavern.World;

namespace Tavern.Game;

/// <summary>What of a game is neither world file nor mind.</summary>
internal sealed class GameState
{
    /// <summary>Largest state of a save, in bytes of JSON.</summary>
    public const int MostBytes = 4 << 20;

    /// <summary>What the minds began with.</summary>
    public required string Facts { get; init; }

    public required List<BodyState> Bodies { get; init; }

    public string? PlayerItem { get; init; }

    public float Pitch { get; init; }

    public Dictionary<string, List<LineState>> Hearsay { get; init; } = [];

    /// <summary>
    /// What is being said. With a setter: older saves hold none, and what is missing leaves only such a property as it is.
    /// </summary>
    public List<BubbleState> Bubbles { get; set; } = [];

    /// <summary>The story that is played; null for none, and in older saves.</summary>
    public MysteryState? Mystery { get; set; }

    public byte[] ToJson() => JsonSerializer.SerializeToUtf8Bytes(this, GameStateJson.Default.GameState);

    /// <summary>Reads a state; <see cref="SaveCheck"/> says whether it can be used.</summary>
    /// <exception cref="InvalidDataException">It is too large, or empty.</exception>
    /// <exception cref="JsonException">It is no such JSON.</exception>
    public static GameState FromJson(byte[] json)
    {
        if (json.Length > MostBytes)
            throw new InvalidDataException($"it is damaged: its state has {json.Length} bytes and at most {MostBytes} are possible");
        return JsonSerializer.Deserialize(json, GameStateJson.Default.GameState)
            ?? throw new InvalidDataException("it is damaged: its state is empty");
    }
}

internal sealed record BodyState(string Name, float X, float Z, float Yaw, float GazeX, float GazeY, float GazeZ, Deed? Deed)
{
    public static BodyState Of(Body body) =>
        new(body.Name, body.Position.X, body.Position.Y, body.Yaw, body.Gaze.X, body.Gaze.Y, body.Gaze.Z, body.Doing);

    public void Apply(Body body) => (body.Position, body.Yaw, body.Gaze) = (new Vector2(X, Z), Yaw, new Vector3(GazeX, GazeY, GazeZ));
}

/// <param name="Speaker">Who speaks.</param>
/// <param name="Listener">To whom.</param>
/// <param name="Text">What is known of it.</param>
/// <param name="Shown">Characters of it that were on the screen, with the part of the next.</param>
/// <param name="IsAnswer">Whether a mind says it.</param>
/// <param name="IsComplete">Whether nothing more will come.</param>
/// <param name="IsReported">Whether others have heard it.</param>
/// <param name="Deed">What the speaker will do then.</param>
internal sealed record BubbleState(string Speaker, string Listener, string Text, double Shown, bool IsAnswer, bool IsComplete,
    bool IsReported, Deed? Deed);

internal sealed record LineState(string Matter, string Speaker, string Text);

[JsonSerializable(typeof(GameState))]
internal sealed partial class GameStateJson : JsonSerializerContext;
