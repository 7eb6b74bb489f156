using System.Text.Json;
using NpcMind.Gguf;
using NpcMind.Gpu;
using NpcMind.Inference;
using NpcMind.Reference;
using NpcMind.Vision;

namespace NpcMind.GpuTests.Vision;

/// <summary>A folder of reference data of an image encoder: pictures, and what another implementation computed from them.</summary>
internal sealed class VisionCase : IDisposable
{
    public const int TextWidth = 64;
    private readonly string _folder;
    private readonly JsonDocument _json;

    public VisionCase(GpuDevice device, string folder, string mmproj = "mmproj.gguf")
    {
        _folder = folder;
        _json = JsonDocument.Parse(File.ReadAllText(Path("case.json")));
        using GgufFile file = GgufFile.Open(Path(mmproj));
        Encoder = VisionEncoder.Load(device, file, TextWidth, "model.gguf");
    }

    public VisionEncoder Encoder { get; }

    /// <summary>The case that every checkout has.</summary>
    public static VisionCase Committed(GpuDevice device) => new(device, TestData.Golden("vision", "llama4"));

    public string Path(string name) => System.IO.Path.Combine(_folder, name);

    public float[] Floats(string name) => TestData.Floats(Path(name));

    /// <summary>The picture called <paramref name="name"/>, and how the reference prepared it.</summary>
    public (Picture Picture, PicturePlan Plan) Picture(string name)
    {
        JsonElement image = _json.RootElement.GetProperty("images").EnumerateArray().Single(i => i.GetProperty("name").GetString() == name);
        Picture picture = PictureFile.Read(Path(image.GetProperty("file").GetString()!), PictureLimits.Default);
        bool split = !image.GetProperty("preprocess").TryGetProperty("splitting", out JsonElement splitting) || splitting.GetBoolean();
        return (picture, Encoder.Config.Plan(picture.Width, picture.Height, split ? VisionConfig.MaxTiles : 1));
    }

    /// <summary>Tiles as the reference cut them, below each other in a picture that is not resized.</summary>
    public (Picture Picture, PicturePlan Plan) Tiles(string file)
    {
        byte[] rgb = File.ReadAllBytes(Path(file));
        int side = Encoder.Config.TileSize, tiles = rgb.Length / (3 * side * side);
        byte[] rgba = new byte[rgb.Length / 3 * 4];
        for (int i = 0; i < rgb.Length / 3; i++)
        {
            rgb.AsSpan(i * 3, 3).CopyTo(rgba.AsSpan(i * 4));
            rgba[i * 4 + 3] = 255;
        }

        return (new Picture(side, tiles * side, rgba), Stacked(side, tiles));
    }

    /// <summary>Runs a picture through; returns its features.</summary>
    public float[] Features((Picture Picture, PicturePlan Plan) of)
    {
        using VisionJob job = Encoder.CreateJob(of.Plan, of.Picture);
        Encoder.Encode(job);
        return job.Features.ToArray();
    }

    public void Dispose()
    {
        Encoder.Dispose();
        _json.Dispose();
    }

    private static PicturePlan Stacked(int side, int tiles) => new(
        side, tiles * side, side, [new PictureStep(-1, ResampleFilter.Bilinear, side, tiles * side, side, tiles * side)], [.. Enumerable.Range(0, tiles).Select(i => new TilePlace(0, 0, i * side))], tiles, 1, false);
}
