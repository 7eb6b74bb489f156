using System.Diagnostics;
using System.Numerics;
using Tavern.Renderer;
using Tavern.World;

namespace Tavern.Tests;

public sealed class SceneRendererTests : RenderTest
{
    [Test]
    public void Draw_EveryThing_ShowsItsColourAndId()
    {
        List<ScenePicture> pictures = [];
        foreach (ThingKind kind in Pictures.Things)
            foreach (Colour colour in Enum.GetValues<Colour>())
            {
                (Scene scene, Camera camera) = Pictures.Single(kind, colour, kind == ThingKind.Person ? 3.5f : 2.2f);
                ScenePicture picture = RenderFixture.Maker.Render(scene, camera, 112, 112);
                pictures.Add(picture);
                Assert.That(picture.Ids.Count(id => id == 1), Is.GreaterThan(60), $"{colour} {kind}");
            }

        Pictures.Show("things", Pictures.Sheet(pictures, 6));
    }

    [Test]
    public void Render_AHeadThatTurns_ChangesNothingBelowTheNeck()
    {
        (Scene scene, Camera camera) = Pictures.Single(ThingKind.Person, Colour.Red, 3.5f);
        ScenePicture still = RenderFixture.Maker.Render(scene, camera, 112, 112);
        ScenePart head = scene.Parts[0] with { Head = new Vector2(0.9f, 0.1f) };
        Scene turned = scene with { Parts = [head, .. scene.Parts.Skip(1)], ShadowsOf = scene };
        ScenePicture moved = RenderFixture.Maker.Render(turned, camera, 112, 112);
        int first = Array.FindIndex(still.Ids, id => id == 1) / 112, last = Array.FindLastIndex(still.Ids, id => id == 1) / 112;
        int neck = first + ((last - first) * 35 / 100), row = 112 * 3;
        Assert.That(moved.Rgb[..(neck * row)], Is.Not.EqualTo(still.Rgb[..(neck * row)]));
        Assert.That(moved.Rgb[(neck * row)..], Is.EqualTo(still.Rgb[(neck * row)..]));
    }

    [Test]
    public void Draw_Room_ShowsIt()
    {
        (Scene scene, Camera camera) = Pictures.Room();
        Pictures.Show("room", RenderFixture.Maker.Render(scene, camera, 640, 360));
        Pictures.Show("room_small", RenderFixture.Maker.Render(scene, camera, 112, 112));
    }

    [Test]
    public void Draw_StripsInDifferentFrames_MakeWholePicture()
    {
        const int Size = 112;
        (Scene scene, Camera camera) = Pictures.Room();
        ScenePicture whole = RenderFixture.Maker.Render(scene, camera, Size, Size);
        using SceneRenderer renderer = new(RenderFixture.Device, new SceneRendererOptions { FramesInFlight = 2, ShadowSize = 512 });
        using RenderTarget target = renderer.CreateTarget(Size, Size, withIds: true);
        using Readback readback = new(RenderFixture.Device, target.Colour, target.Ids);
        using CommandRing commands = new(RenderFixture.Device, 2);
        renderer.BeginFrame();
        renderer.Prepare(commands.Begin(), scene);
        commands.Submit();
        foreach ((int first, int? rows) in new (int, int?)[] { (0, 41), (41, 30), (71, null) })
        {
            renderer.Draw(commands.Begin(), camera, target, first, rows);
            commands.Submit();
        }

        readback.Record(commands.Begin());
        commands.Submit();
        commands.Finish();
        byte[] rgba = readback.Rgba.ToArray();
        Assert.That(rgba.Where((_, i) => i % 4 < 3), Is.EqualTo(whole.Rgb));
        Assert.That(readback.Ids.ToArray(), Is.EqualTo(whole.Ids));
    }

    [Test, Explicit("Measures.")]
    public void Draw_Picture_ReportsTime()
    {
        using PictureMaker maker = new();
        (Scene scene, Camera camera) = Pictures.Room();
        foreach ((int width, int height) in new[] { (112, 112), (640, 360) })
        {
            maker.Render(scene, camera, width, height);
            const int Count = 50;
            using Process process = Process.GetCurrentProcess();
            TimeSpan before = process.TotalProcessorTime;
            Stopwatch watch = Stopwatch.StartNew();
            for (int i = 0; i < Count; i++) maker.Render(scene, camera, width, height);
            TimeSpan elapsed = watch.Elapsed;
            process.Refresh();
            TestContext.Out.WriteLine($"{width}x{height} on {maker.Device.Name}: {elapsed.TotalMilliseconds / Count:F2} ms, of " +
                $"processors {(process.TotalProcessorTime - before).TotalMilliseconds / Count:F2} ms");
        }
    }
}
