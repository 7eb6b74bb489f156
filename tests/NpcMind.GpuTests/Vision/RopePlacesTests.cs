using System.Text.Json;
using NpcMind.Inference;
using NpcMind.Reference;

namespace NpcMind.GpuTests.Vision;

/// <summary>Positions of rows that are turned by their place in pictures, against those of the published model.</summary>
internal sealed class RopePlacesTests
{
    [TestCase("images", "tall", new[] { 4 })]
    [TestCase("images", "exact", new[] { 7 })]
    [TestCase("images", "big", new[] { 9 })]
    [TestCase("pairs", "pair", new[] { 4, 7 })]
    public void Set_PromptsWithPictures_GivesTheReferencePositions(string list, string name, int[] columns)
    {
        using JsonDocument json = JsonDocument.Parse(File.ReadAllText(TestData.Golden("vision", "qwen25vl", "case.json")));
        JsonElement of = json.RootElement.GetProperty(list).EnumerateArray().Single(i => i.GetProperty("name").GetString() == name);
        int[] ids = Numbers(of.GetProperty("input_ids"));
        JsonElement positions = of.GetProperty("position_ids");
        int[] t = Numbers(positions.GetProperty("t")), h = Numbers(positions.GetProperty("h")), w = Numbers(positions.GetProperty("w"));
        int slot = json.RootElement.GetProperty("image_token_id").GetInt32(), picture = -1, start = 0;
        RopePlaces places = new(2, ids.Length);
        for (int i = 0; i < ids.Length; i++)
        {
            if (ids[i] == slot && (i == 0 || ids[i - 1] != slot)) (picture, start) = (picture + 1, i);
            int end = start;
            while (end < ids.Length && ids[end] == slot) end++;
            PictureRow row = ids[i] == slot ? new PictureRow(i - start, end - start, columns[picture]) : default;
            Assert.That(places.Set(1, i, row), Is.EqualTo(new RopePlace(t[i], h[i], w[i])), $"token {i}");
        }

        places.Copy(1, 0, ids.Length - 1);
        Assert.That(places.Set(0, ids.Length - 1, default), Is.EqualTo(RopePlace.At(t[^1])), "a sequence that begins like it");
    }

    private static int[] Numbers(JsonElement array) => [.. array.EnumerateArray().Select(e => e.GetInt32())];
}
