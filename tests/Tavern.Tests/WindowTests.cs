using System.Diagnostics;
using System.Text;
using Tavern.Frames;
using Tavern.Hud;
using Tavern.Renderer;
using Tavern.Windows;
using Tavern.World;

namespace Tavern.Tests;

[Category("Window")]
public sealed class WindowTests
{
    [Test]
    [Platform("Linux")]
    public void Window_OpensDrawsTakesKeysResizesMinimisesAndCloses()
    {
        using XServer server = XServer.Start();
        using GlfwWindow window = new("The Tavern", 640, 360);
        nuint x = server.Find("The Tavern");
        StringBuilder typed = new();
        window.CharacterTyped += rune => typed.Append(rune.ToString());
        IReadOnlyList<string> messages;
        using (RenderDevice device = RenderDevice.Create(WindowTarget.DeviceOptions(window, validate: true)))
        {
            using (WindowTarget target = new(device, window))
            using (FrameDrawer drawer = new(device, target, new SceneRendererOptions { ShadowSize = 256 }))
            {
                DrawSome(window, target, drawer, 640, 360);

                server.SetKey(x, 'w', isDown: true);
                WaitUntil(window, () => window.IsDown(Key.W) && typed.ToString().StartsWith('w'), "a key arrives");
                server.SetKey(x, 'w', isDown: false);
                WaitUntil(window, () => !window.IsDown(Key.W), "a key is let go");

                Action<Key, bool> fails = (_, _) => throw new IOException("a disk is full");
                window.KeyPressed += fails;
                server.Press(x, 'w');
                Assert.That(() => WaitUntil(window, () => false, "an exception comes through"), Throws.TypeOf<IOException>());
                window.KeyPressed -= fails;

                window.SetSize(800, 500);
                WaitUntil(window, () => window.Size == (800, 500), "the window has its new size");
                DrawSome(window, target, drawer, 800, 500);

                window.Minimize();
                server.SetMinimized(x, minimized: true);
                WaitUntil(window, () => window.IsMinimized, "the window is minimised");
                Assert.That(target.Begin(), Is.Null, "nothing is drawn while minimised");
                server.SetMinimized(x, minimized: false);
                WaitUntil(window, () => !window.IsMinimized, "the window is back");
                DrawSome(window, target, drawer, 800, 500);

                window.ShouldClose = true;
                Assert.That(window.ShouldClose, Is.True);
            }

            messages = device.ValidationMessages;
        }

        Assert.That(messages, Is.Empty);
    }

    private static void DrawSome(GlfwWindow window, WindowTarget target, FrameDrawer drawer, int width, int height)
    {
        Stopwatch watch = Stopwatch.StartNew();
        HudState hud = new() { Message = "Drawn in a window." };
        for (int i = 0; i < 5; i++)
        {
            window.Poll();
            Frame? begun = target.Begin();
            Assert.That(begun, Is.Not.Null);
            Frame frame = begun!.Value;
            Assert.That((frame.Image.Width, frame.Image.Height), Is.EqualTo((width, height)));
            drawer.Draw(frame, TavernRoom.Scene([]), new Camera(new(1, 1.65f, 3.4f), new(-0.5f, 1.1f, -2), 1.15f), hud);
            target.End(frame);
        }

        TestContext.Out.WriteLine($"{width}x{height}: {watch.Elapsed.TotalMilliseconds / 5:F1} ms a frame");
    }

    private static void WaitUntil(GlfwWindow window, Func<bool> isSo, string what)
    {
        Stopwatch watch = Stopwatch.StartNew();
        while (!isSo())
        {
            Assert.That(watch.Elapsed, Is.LessThan(TimeSpan.FromSeconds(20)), what);
            window.Poll();
            Thread.Sleep(5);
        }
    }
}
