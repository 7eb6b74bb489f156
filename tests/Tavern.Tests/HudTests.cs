using System.Numerics;
using Tavern.Frames;
using Tavern.Hud;
using Tavern.Overlay;
using Tavern.Renderer;
using Tavern.World;

namespace Tavern.Tests;

public sealed class HudTests : RenderTest
{
    private static readonly string[] Places = ["by the hearth", "at the bar", "by the door", "at the long table", "by the window"];
    private static readonly string[] Names = ["Marta", "Old Tobin", "Ilse", "Brother Anselm", "Kaspar"];
    private static readonly Ink[] Accents = [new(232, 96, 84), new(104, 190, 110), new(110, 150, 240), new(232, 190, 70),
        new(190, 120, 220)];

    private static readonly string[] Sayings =
    [
        "Good evening, traveller! There's a red apple and a candle on the table, and the ale is fresh.",
        "Hush. She hid the key in the green chest, but you did not hear that from me – not a word of it, mind you, or the captain will " +
            "have us all out in the rain before the bell rings twice.",
        "The door sticks.",
        "I see two mugs and a blue book.",
        "",
    ];

    [TestCase(640, 360)]
    [TestCase(1280, 720)]
    [TestCase(1920, 1080)]
    public void Hud_Everything_IsReadableAndApart(int width, int height)
    {
        HudState hud = new()
        {
            Faced = "Marta",
            FacedHint = "Enter: talk",
            Entry = "What do you see on the table by the hearth",
            EntryPrompt = "To Marta",
            Message = "Saved to tavern.save (F9 loads it).",
            Figures = Figures()
        };
        AddBubbles(hud);
        Draw($"hud_all_{width}x{height}", hud, Camera(), width, height);
    }

    [TestCase(640, 360)]
    [TestCase(1280, 720)]
    public void Hud_PlainTalk_IsReadable(int width, int height)
    {
        HudState hud = new()
        {
            Message = "This file is no model: it does not start with GGUF. The old minds go on.",
            Said = "You to Marta: I walked for three days through the snow, and my horse died. Can you help me?",
        };
        AddBubbles(hud);
        Draw($"hud_talk_{width}x{height}", hud, Camera(), width, height);
    }

    [TestCase(640, 360, 1)]
    [TestCase(1280, 720, 1.5)]
    public void Page_WithTalkAndKeyHints_LiesApartFromThem(int width, int height, double text)
    {
        HudPage page = new() { Title = "The mayor's horse" };
        page.Rows.Add(new HudRow("Who took the mayor's horse?", Tone: HudTone.Faint));
        page.Rows.Add(new HudRow("★ The bell of the horse lies on the long table! A thread of blue wool hangs on it."));
        page.Rows.Add(new HudRow("Proofs", "1 of 2 needed", HudTone.Chosen));
        HudState hud = new()
        {
            Page = page,
            TextSize = text,
            Message = "In your notebook: a bell.",
            KeyHints = [new HudRow("walk", "W A S D"), new HudRow("talk", "Enter")],
        };
        hud.Bubbles.Add(new HudBubble(Names[0], Sayings[2], 1000, new Vector3(0.2f, 1.85f, -2.6f), Accents[0]));
        Draw($"hud_page_{width}x{height}", hud, Camera(), width, height);
    }

    [Test]
    public void Bubbles_SpeakersBehindAndBeside_AreOnScreen()
    {
        HudState hud = new() { Entry = new string('m', 300) };
        AddBubbles(hud);
        Draw("hud_behind", hud, new Camera(new(0, 1.6f, -1.5f), new(1.5f, 1.4f, 3), 1.1f), 640, 360);
    }

    [TestCase(200, 120)]
    [TestCase(300, 700)]
    public void Hud_OddWindows_DoNoHarm(int width, int height)
    {
        HudState hud = new() { Entry = "Hello", Message = "Loaded.", Figures = Figures(), ShowsCrosshair = false };
        AddBubbles(hud);
        Draw($"hud_odd_{width}x{height}", hud, Camera(), width, height, checksBoxes: false);
    }

    private static Camera Camera() => new(new(1.0f, 1.65f, 3.4f), new(-0.5f, 1.1f, -2), 1.15f);

    private static void AddBubbles(HudState hud)
    {
        for (int i = 0; i < Names.Length; i++)
            hud.Bubbles.Add(new HudBubble(Names[i], Sayings[i], i == 1
                ? 150 : 1000, TavernRoom.Stand(Places[i]).Foot + new Vector3(0, 1.85f, 0), Accents[i]));
    }

    private static HudFigures Figures()
    {
        HudFigures figures = new()
        {
            Device = RenderFixture.Device.Name,
            Model = "tavern-mind.gguf, 24 M parameters, Q8_0",
            BudgetMs = 4,
            TokensPerSecond = 41.3,
            KvBlocks = 212,
            KvBlocksInAll = 1024
        };
        for (int i = 0; i < 200; i++)
        {
            float minds = i % 40 < 4 ? 0 : 3.4f + (0.5f * MathF.Sin(i * 1.7f)) + (i % 61 == 0 ? 1.5f : 0);
            figures.Frames.Add(new FrameFigures(16.7f, 8.5f + (1.5f * MathF.Sin(i * 0.1f)), minds));
        }

        string[] states = ["listening", "speaking, 12 tokens in 0.6 s", "thinking: prefill 40 of 118", "idle", "looking: picture 3 of 4"];
        for (int i = 0; i < Names.Length; i++) figures.Npcs.Add(new HudNpc(Names[i], states[i], Accents[i]));
        return figures;
    }

    private static void Draw(string name, HudState hud, in Camera camera, int width, int height, bool checksBoxes = true)
    {
        List<ScenePart> parts = [];
        for (int i = 0; i < Places.Length; i++)
        {
            (Vector3 foot, Vector3 gaze) = TavernRoom.Stand(Places[i]);
            parts.Add(new ScenePart(i + 1, ThingKind.Person, foot, MathF.Atan2(gaze.X - foot.X, gaze.Z - foot.Z), Palette.Of((Colour)i)));
        }

        using OffscreenTarget target = new(RenderFixture.Device, width, height);
        using FrameDrawer drawer = new(RenderFixture.Device, target, new SceneRendererOptions { ShadowSize = 512 });
        for (int i = 0; i < 2; i++)
        {
            Frame frame = target.Begin()!.Value;
            drawer.Draw(frame, TavernRoom.Scene(parts), camera, hud);
            target.End(frame);
        }

        byte[] rgb = new byte[width * height * 3];
        for (int i = 0; i < width * height; i++) target.Rgba.Slice(i * 4, 3).CopyTo(rgb.AsSpan(i * 3));
        Pictures.Show(name, new ScenePicture(width, height, rgb, []));
        TestContext.Out.WriteLine($"{name}: {drawer.Milliseconds:F1} ms");
        if (!checksBoxes) return;
        BubbleLayoutTests.AssertApart([.. drawer.Hud.OtherBoxes, .. drawer.Hud.BubbleBoxes], new Box(0, 0, width, height));
        Assert.That(drawer.Hud.BubbleBoxes, Has.All.Matches<Box>(box => box.Width > 0), "every bubble has found room");
    }
}
