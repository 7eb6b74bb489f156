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
        JsonElement preprocess = image.GetProperty("preprocess");
        // No key of the file says what the processor was told besides.
        if (preprocess.TryGetProperty("min_pixels", out JsonElement fewest))
            return (picture, PicturePlan.WithinPixels(
                picture.Width, picture.Height, preprocess.GetProperty("multiple").GetInt32(), fewest.GetInt64(),
                preprocess.GetProperty("max_pixels").GetInt64(), ResampleFilter.Bicubic));
        bool split = !preprocess.TryGetProperty("splitting", out JsonElement splitting) || splitting.GetBoolean();
        return (picture, Encoder.Config.Plan(picture.Width, picture.Height, split ? VisionConfig.MaxTiles : 1));
    }

    /// <summary>Pictures whose files are here. LLaVA's variant without padding is no plan of ours: the family pads.</summary>
    public string[] Names => [.. Images.Select(i => i.GetProperty("name").GetString()!)
        .Where(n => n != "crop" && File.Exists(Path($"image-{n}.png")))];

    private JsonElement.ArrayEnumerator Images => _json.RootElement.GetProperty("images").EnumerateArray();

    /// <summary>Tiles as the reference cut them, below each other in a picture that is not resized.</summary>
    public (Picture Picture, PicturePlan Plan) Tiles(string file)
    {
        byte[] rgb = File.ReadAllBytes(Path(file));
        JsonElement shape = Images.Single(i => file.StartsWith(i.GetProperty("name").GetString() + ".", StringComparison.Ordinal))
            .GetProperty("resized").GetProperty("shape");
        (int tiles, int height, int width) = (shape[0].GetInt32(), shape[1].GetInt32(), shape[2].GetInt32());
        byte[] rgba = new byte[rgb.Length / 3 * 4];
        for (int i = 0; i < rgb.Length / 3; i++)
        {
            rgb.AsSpan(i * 3, 3).CopyTo(rgba.AsSpan(i * 4));
            rgba[i * 4 + 3] = 255;
        }

        return (new Picture(width, tiles * height, rgba), Stacked(width, height, tiles));
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

    private static PicturePlan Stacked(int width, int height, int tiles) => new(
        width, tiles * height, Math.Max(width, height),
            [new PictureStep(-1, ResampleFilter.Bilinear, width, tiles * height, width, tiles * height)],
        [.. Enumerable.Range(0, tiles).Select(i => new TilePlace(0, 0, i * height))], tiles, 1, false)
    {
        TileWidth = width,
        TileHeight = height
    };
}
