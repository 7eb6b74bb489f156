using System.CommandLine;
using System.Runtime.InteropServices;
using NpcMind.Gguf;
using NpcMind.Gpu;
using NpcMind.Inference;
using NpcMind.Text;
using NpcMind.Vision;

namespace NpcMind.Cli;

/// <summary>
/// <c>npcmind vision</c>: what an image encoder makes of a picture, as raw little-endian f32, and the tokens that stand for it.
/// </summary>
internal static class VisionVerb
{
    public static Command Create()
    {
        Argument<string> model = Common.Model();
        Option<string> mmproj = new("--mmproj") { Description = "GGUF file of image encoder and projector.", Required = true },
            image = new("--image") { Description = "PNG or JPEG file.", Required = true };
        Option<string?> pixels = new("--pixels") { Description = "Write the normalised tiles there: f32 [tiles, 3, height, width]." },
            features = new("--features")
            { Description = "Write the embeddings there: f32 [tokens, width], in the order the model reads them." },
            device = Common.Device();
        Option<bool> tokens = new("--tokens") { Description = "Print the tokens that stand for the picture as JSON." },
            validate = Common.Validate();
        Option<int> maxTiles = SeeVerb.Tiles();
        Command command = new("vision", "Prepares and encodes a picture.")
            { model, mmproj, image, pixels, features, tokens, maxTiles, device, validate };
        command.SetAction(parsed =>
        {
            string path = parsed.GetRequiredValue(model);
            OutputFile.Check("--pixels", parsed.GetValue(pixels));
            OutputFile.Check("--features", parsed.GetValue(features));
            using GgufFile text = GgufFile.Open(path), file = GgufFile.Open(parsed.GetRequiredValue(mmproj));
            int width = VisionEncoder.TextWidth(text);
            VisionConfig config = VisionConfig.Read(file);
            Picture picture = PictureFile.Read(parsed.GetRequiredValue(image), PictureLimits.Default);
            PicturePlan plan = config.Plan(picture.Width, picture.Height, parsed.GetValue(maxTiles));
            if (parsed.GetValue(tokens)) Print(config.Layout(plan), Tokenizer.Create(text.Metadata));
            else Console.WriteLine(
                $"{picture.Width} x {picture.Height} pixels, {plan.Tiles.Count} tiles, "
                + $"{plan.Tiles.Count * config.TokensOf(plan)} features of {config.OutputWidth}");
            if (parsed.GetValue(pixels) is null && parsed.GetValue(features) is null) return 0;

            using GpuDevice gpu = Common.OpenDevice(parsed, device, validate);
            using (VisionEncoder encoder = VisionEncoder.Load(gpu, file, width, path))
            using (VisionJob job = encoder.CreateJob(plan, picture))
            {
                if (parsed.GetValue(pixels) is { } to) Write(to, encoder.ReadPixels(job));
                if (parsed.GetValue(features) is { } target)
                {
                    encoder.Encode(job);
                    Write(target, job.Features);
                }
            }

            Common.Finish(gpu);
            return 0;
        });
        return command;
    }

    /// <summary>An array of <c>{"ids": [...]}</c> for text and <c>{"tile", "first_feature", "count"}</c> where features stand.</summary>
    private static void Print(IReadOnlyList<ImagePiece> pieces, Tokenizer tokenizer) => Common.PrintJson(w =>
    {
        w.WriteStartArray();
        for (int i = 0; i < pieces.Count;)
        {
            w.WriteStartObject();
            if (pieces[i].IsSlot)
            {
                w.WriteNumber("tile", pieces[i].Tile);
                w.WriteNumber("first_feature", pieces[i].FirstFeature);
                w.WriteNumber("count", pieces[i++].Count);
            }
            else
            {
                List<int> ids = [];
                for (; i < pieces.Count && !pieces[i].IsSlot; i++)
                    ids.AddRange(tokenizer.Encode(pieces[i].Text, addSpecial: false, parseSpecial: true));
                w.WritePropertyName("ids");
                TokenizeVerb.Ids(w, ids);
            }

            w.WriteEndObject();
        }

        w.WriteEndArray();
    });

    private static void Write(string path, ReadOnlySpan<float> values)
    {
        using FileStream stream = File.Create(path);
        stream.Write(MemoryMarshal.AsBytes(values));
    }
}
