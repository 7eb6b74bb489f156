using System.Runtime.CompilerServices;
using Tavern.Frames;
using Tavern.Hud;
using Tavern.Renderer;

namespace Tavern.Tests;

public sealed class ShaderSourcesTests
{
    [Test]
    public void Reload_ChangedShaders_DrawNextFrameAndBrokenOnesChangeNothing()
    {
        string folder = Directory.CreateTempSubdirectory("tavern-shaders-").FullName;
        foreach (string file in Directory.GetFiles(Path.Combine(Samples(), "Tavern.Renderer", "shaders")))
            File.Copy(file, Path.Combine(folder, Path.GetFileName(file)));
        string shader = Path.Combine(folder, "scene.frag"), before = File.ReadAllText(shader);
        using (RenderDevice device = RenderDevice.Create(new RenderDeviceOptions { Validate = true }))
        {
            device.Shaders = new ShaderSources([folder]);
            using OffscreenTarget target = new(device, 64, 36);
            using FrameDrawer drawer = new(device, target, new SceneRendererOptions { ShadowSize = 256 });
            byte[] room = Draw(target, drawer);

            File.WriteAllText(shader, before.Replace("shade()", "vec3(1, 0, 0)", StringComparison.Ordinal));
            File.SetLastWriteTimeUtc(shader, DateTime.UtcNow.AddSeconds(5));
            Assert.That(device.Shaders.HaveChanged, Is.True.After(5000, 100));
            Assert.That(device.Shaders.HaveChanged, Is.False);
            device.Shaders.Compile();
            drawer.Rebuild();
            byte[] red = Draw(target, drawer);
            Assert.That(red, Is.Not.EqualTo(room));
            Assert.That((red[0], red[1], red[2]), Is.EqualTo((255, 0, 0)));

            File.WriteAllText(shader, before.Replace("shade()", "shade(", StringComparison.Ordinal));
            Assert.That(device.Shaders.Compile, Throws.TypeOf<RenderException>().With.Message.StartsWith("scene.frag:7: error:"));
            drawer.Rebuild();
            Assert.That(Draw(target, drawer), Is.EqualTo(red));
            Assert.That(device.ValidationMessages, Is.Empty);
        }

        Directory.Delete(folder, recursive: true);
    }

    [Test]
    public void Open_MissingFolder_IsRefused() =>
        Assert.That(() => new ShaderSources(["/nowhere"]),
            Throws.TypeOf<RenderException>().With.Message.Contains("no folder of shaders '/nowhere'"));

    private static string Samples([CallerFilePath] string file = "") =>
        Path.GetFullPath(Path.Combine(Path.GetDirectoryName(file)!, "..", "..", "samples"));

    private static byte[] Draw(OffscreenTarget target, FrameDrawer drawer)
    {
        (World.Scene scene, World.Camera camera) = Pictures.Room();
        Frame frame = target.Begin()!.Value;
        drawer.Draw(frame, scene, camera, new HudState { ShowsCrosshair = false });
        target.End(frame);
        return target.Rgba.ToArray();
    }
}
