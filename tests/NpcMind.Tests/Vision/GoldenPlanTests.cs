using System.Text.Json;
using NpcMind.Gguf;
using NpcMind.Inference;
using NpcMind.Reference;
using NpcMind.Vision;
using NUnit.Framework;

namespace NpcMind.Tests.Vision;

/// <summary>Plans, tiles and token layouts against what the published processors made of real pictures (golden/vision).</summary>
[Category("Shared")]
internal sealed class GoldenPlanTests
{
    private static IEnumerable<TestCaseData> Pictures
    {
        get
        {
            foreach ((string family, string[] names) in new[] { ("llama4", new[] { "exact", "wide", "small" }),
                ("idefics3", ["exact", "wide", "small", "nosplit"]) })
                foreach (string name in names)
                    yield return new TestCaseData(family, name).SetArgDisplayNames(family, name);
        }
    }

    [TestCaseSource(nameof(Pictures))]
    public void Plan_GoldenSizes_EqualProcessor(string family, string name)
    {
        using JsonDocument json = Case(family);
        JsonElement image = Image(json, name), preprocess = image.GetProperty("preprocess"), tiles = image.GetProperty("tiles");
        PicturePlan plan = Plan(family, image);
        int count = tiles.GetProperty("count").GetInt32();
        Assert.That((plan.Tiles.Count, plan.Rows, plan.Columns, plan.HasGlobal && count > 1, plan.TileSize),
            Is.EqualTo((count, tiles.GetProperty("rows").GetInt32(), tiles.GetProperty("cols").GetInt32(),
                tiles.GetProperty("last_is_global").GetBoolean(), tiles.GetProperty("height").GetInt32())));
        if (family == "llama4")
        {
            Assert.That((plan.Steps[0].CanvasWidth, plan.Steps[0].CanvasHeight), Is.EqualTo(Size(preprocess.GetProperty("canvas"))));
            Assert.That((plan.Steps[0].Width, plan.Steps[0].Height), Is.EqualTo(Size(preprocess.GetProperty("resized"))));
        }
        else
        {
            // A second resize that changes nothing is left out of the plan.
            int second = Size(preprocess.GetProperty("first_resize")) == Size(preprocess.GetProperty("second_resize")) ? 0 : 1;
            Assert.That((plan.Steps[0].Width, plan.Steps[0].Height), Is.EqualTo(Size(preprocess.GetProperty("first_resize"))));
            Assert.That((plan.Steps[second].Width, plan.Steps[second].Height), Is.EqualTo(Size(preprocess.GetProperty("second_resize"))));
        }
    }

    [TestCaseSource(nameof(Pictures))]
    public void Tiles_GoldenPictures_EqualProcessorByteForByte(string family, string name)
    {
        using JsonDocument json = Case(family);
        JsonElement image = Image(json, name);
        Picture picture = PictureFile.Read(TestData.Shared("golden", "vision", family, image.GetProperty("file").GetString()!),
            PictureLimits.Default);
        byte[] rgb = [.. picture.Rgba.Where((_, i) => i % 4 != 3)];
        byte[] actual = Resample.Tiles(rgb, Plan(family, image)),
            expected = File.ReadAllBytes(TestData.Shared("golden", "vision", family, $"{name}.resized.bin"));
        Assert.That(actual, Has.Length.EqualTo(expected.Length));
        int[] differences = [.. actual.Zip(expected, (a, b) => Math.Abs(a - b)).Where(d => d > 0)];
        Assert.That(differences, Is.Empty,
            $"{differences.Length} of {expected.Length} differ, by {differences.DefaultIfEmpty().Max()} at most");
    }

    [TestCaseSource(nameof(Pictures))]
    public void Layout_GoldenPictures_EqualsProcessor(string family, string name)
    {
        using JsonDocument json = Case(family);
        JsonElement image = Image(json, name);
        using GgufFile mmproj = GgufFile.Open(TestData.Shared("golden", "vision", family, "mmproj.gguf"));
        VisionConfig config = VisionConfig.Read(mmproj);
        PicturePlan plan = Plan(family, image);
        IReadOnlyList<ImagePiece> pieces = config.Layout(plan);
        Assert.That(config.TokensOf(plan), Is.EqualTo(image.GetProperty("tiles").GetProperty("tokens_per_tile").GetInt32()));

        // One line per token or run of slots. The prompt's own words stand before the first and after the last piece.
        List<string> actual = [
            .. pieces.Select(p => p.IsSlot ? $"tile {p.Tile}, {p.Count} from {p.FirstFeature}" : p.Text.Replace('\n', 'Ċ'))], expected = [];
        foreach (JsonElement run in image.GetProperty("layout").EnumerateArray())
        {
            if (run.GetProperty("kind").GetString() == "image")
                expected.Add($"tile {run.GetProperty("tile")}, {run.GetProperty("count")} from {run.GetProperty("first_feature")}");
            else expected.AddRange(run.GetProperty("pieces").EnumerateArray().Select(e => e.GetString()!));
        }

        int start = expected.IndexOf(actual[0]), end = expected.LastIndexOf(actual[^1]) + 1;
        Assert.That(expected[start..end], Is.EqualTo(actual));

        // And token by token: as many slots, in the same places, as the prompt of the case has.
        int[] ids = [.. image.GetProperty("input_ids").EnumerateArray().Select(e => e.GetInt32())];
        int slot = json.RootElement.GetProperty("image_token_id").GetInt32();
        bool[] slots = [.. Enumerable.Repeat(false, start), .. pieces.SelectMany(p => Enumerable.Repeat(p.IsSlot, Math.Max(p.Count, 1))),
            .. Enumerable.Repeat(false, expected.Count - end)];
        Assert.That(slots, Is.EqualTo(ids.Select(i => i == slot)));
        Assert.That(config.SlotToken, Is.EqualTo(json.RootElement.GetProperty("image_token").GetString()));
        Assert.That(pieces.Where(p => p.IsSlot).Select(p => p.Text), Is.All.EqualTo(config.SlotToken));
    }

    private static JsonDocument Case(string family) =>
        JsonDocument.Parse(File.ReadAllBytes(TestData.Shared("golden", "vision", family, "case.json")));

    private static JsonElement Image(JsonDocument json, string name) =>
        json.RootElement.GetProperty("images").EnumerateArray().Single(i => i.GetProperty("name").GetString() == name);

    private static PicturePlan Plan(string family, JsonElement image)
    {
        JsonElement preprocess = image.GetProperty("preprocess");
        int width = image.GetProperty("width").GetInt32(), height = image.GetProperty("height").GetInt32(),
            tile = preprocess.GetProperty("tile").GetInt32();
        return family == "llama4"
            ? PicturePlan.Llama4(width, height, tile, preprocess.GetProperty("max_tiles").GetInt32())
            : PicturePlan.Idefics3(width, height, tile, preprocess.GetProperty("longest_edge").GetInt32(),
                preprocess.GetProperty("splitting").GetBoolean());
    }

    private static (int Width, int Height) Size(JsonElement of) =>
        (of.GetProperty("width").GetInt32(), of.GetProperty("height").GetInt32());
}
