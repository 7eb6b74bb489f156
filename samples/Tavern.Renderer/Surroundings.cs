using System.Numerics;
using System.Runtime.CompilerServices;
using Tavern.World;

namespace Tavern.Renderer;

/// <summary>Lights and air of a scene, as shaders/scene.glsl reads them.</summary>
internal struct Surroundings
{
    public const int MaxLights = 8;

    /// <summary>Half the angle of the first light's downward cone that has shadows.</summary>
    private const float ShadowCone = 1.3f;
    private const float Exposure = 1.1f;

    /// <summary>Share of the light's cast that the eye has got used to: warm light stays warm, white things stay white.</summary>
    private const float Adaptation = 0.65f;

    public Matrix4x4 Shadow;
    public Vector4 Room;
    public Vector4 Ambient;
    public Vector4 Balance;
    private LightArray _lights;

    public readonly bool HasShadows => Ambient.W > 0;

    public static Surroundings Of(Scene scene)
    {
        int count = scene.Lights.Count;
        if (count > MaxLights) throw new ArgumentException($"{count} lights; a scene has at most {MaxLights}.", nameof(scene));
        Surroundings all = new()
        {
            Room = new(scene.Half, scene.Height, count),
            Ambient = new(scene.Ambient, count > 0 ? 1 : 0),
            Balance = new(WhiteBalance(scene), 1),
            Shadow = count > 0 ? LookingDown(scene.Lights[0].Position, scene.Height) : Matrix4x4.Identity,
        };
        for (int i = 0; i < count; i++)
        {
            SceneLight light = scene.Lights[i];
            all._lights[i] = new GpuLight(new(light.Position, light.Range), new(light.Power, 0));
        }

        return all;
    }

    private static Matrix4x4 LookingDown(Vector3 eye, float height) =>
        Matrix4x4.CreateLookAt(eye, eye - Vector3.UnitY, -Vector3.UnitZ)
        * Matrix4x4.CreatePerspectiveFieldOfView(2 * ShadowCone, 1, 0.1f, Math.Max(height, 1) * 2);

    private static Vector3 WhiteBalance(Scene scene)
    {
        Vector3 sum = scene.Ambient * 4;
        foreach (SceneLight light in scene.Lights) sum += light.Power;
        float grey = Vector3.Dot(sum, new(0.2126f, 0.7152f, 0.0722f));
        if (grey <= 0) return new(Exposure);
        Vector3 cast = Vector3.Max(sum / grey, new(0.1f));
        return Exposure * new Vector3(MathF.Pow(cast.X, -Adaptation), MathF.Pow(cast.Y, -Adaptation), MathF.Pow(cast.Z, -Adaptation));
    }

    private readonly record struct GpuLight(Vector4 Place, Vector4 Power);

    [InlineArray(MaxLights)]
    private struct LightArray
    {
        private GpuLight _first;
    }
}
