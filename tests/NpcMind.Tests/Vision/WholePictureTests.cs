using System.Text.Json;
using NpcMind.Gguf;
using NpcMind.Inference;
using NpcMind.Reference;
using NpcMind.Vision;
using NUnit.Framework;

namespace NpcMind.Tests.Vision;

/// <summary>
/// Pictures that become one tile: its bytes, and the tokens that stand for it, against what the published processors made of them.
/// </summary>
internal sealed class WholePictureTests
{
    [TestCase("gemma3-smallwindow", "mmproj", "wide")]
    [TestCase("llava15", "mmproj-legacy", "wide")]
    [TestCase("qwen25vl", "mmproj", "tall")]
    public void Plan_CommittedPicture_GivesTheProcessorsBytesAndTokens(string family, string mmproj, string name)
    {
        using JsonDocument json = JsonDocument.Parse(File.ReadAllBytes(TestData.Golden("vision", family, "case.json")));
        JsonElement image = json.RootElement.GetProperty("images").EnumerateArray().Single(i => i.GetProperty("name").GetString() == name);
        using GgufFile file = GgufFile.Open(TestData.Golden("vision", family, mmproj + ".gguf"));
        VisionConfig config = VisionConfig.Read(file);
        Picture picture = PictureFile.Read(TestData.Golden("vision", family, $"image-{name}.png"), PictureLimits.Default);
        PicturePlan plan = config.Plan(picture.Width, picture.Height);

        Assert.That(Resample.Tiles([.. picture.Rgba.Where((_, i) => i % 4 != 3)], plan),
            Is.EqualTo(File.ReadAllBytes(TestData.Golden("vision", family, $"{name}.resized.bin"))));
        JsonElement[] layout = [.. image.GetProperty("layout").EnumerateArray()];
        List<string> expected = [];
        foreach (JsonElement run in layout)
        {
            if (run.GetProperty("kind").GetString() == "image") expected.Add(
                $"{run.GetProperty("count")} from {run.GetProperty("first_feature")}");
            else expected.AddRange(run.GetProperty("pieces").EnumerateArray().Select(p => p.GetString()!));
        }

        List<string> actual = [.. config.Layout(plan).Select(p => p.IsSlot ? $"{p.Count} from {p.FirstFeature}" : p.Text)];
        int start = expected.IndexOf(actual[0]);
        Assert.That(expected.Skip(start).Take(actual.Count), Is.EqualTo(actual));
        if (config.TextBeside.Length > 0)
            Assert.That((expected[start - 1], expected[start + actual.Count]), Is.EqualTo((config.TextBeside, config.TextBeside)));
        Assert.That(config.SlotToken, Is.EqualTo(json.RootElement.GetProperty("image_token").GetString()));
    }
}
