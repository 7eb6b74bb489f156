using System.Numerics;
using System.Text.Json;
using System.Text.Json.Serialization;
using Tavern.World;

namespace Tavern.Game;

/// <summary>What of a game is neither world file nor mind.</summary>
internal sealed class GameState
{
    /// <summary>What the minds began with.</summary>
    public required string Facts { get; init; }

    public required List<BodyState> Bodies { get; init; }

    public string? PlayerItem { get; init; }

    public float Pitch { get; init; }

    public Dictionary<string, List<LineState>> Hearsay { get; init; } = [];

    public byte[] ToJson() => JsonSerializer.SerializeToUtf8Bytes(this, GameStateJson.Default.GameState);

    public static GameState FromJson(byte[] json) => JsonSerializer.Deserialize(json, GameStateJson.Default.GameState) ?? throw new InvalidDataException("its state is empty");
}

internal sealed record BodyState(string Name, float X, float Z, float Yaw, float GazeX, float GazeY, float GazeZ, Deed? Deed)
{
    /// <param name="body">Who.</param>
    /// <param name="deed">What it is doing.</param>
    public static BodyState Of(Body body, Deed? deed) => new(body.Name, body.Position.X, body.Position.Y, body.Yaw, body.Gaze.X, body.Gaze.Y, body.Gaze.Z, deed);

    public void Apply(Body body) => (body.Position, body.Yaw, body.Gaze) = (new Vector2(X, Z), Yaw, new Vector3(GazeX, GazeY, GazeZ));
}

internal sealed record LineState(string Matter, string Speaker, string Text);

[JsonSerializable(typeof(GameState))]
internal sealed partial class GameStateJson : JsonSerializerContext;
