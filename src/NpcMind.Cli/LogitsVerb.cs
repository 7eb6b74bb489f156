using System.CommandLine;
using System.Runtime.InteropServices;
using NpcMind.Gguf;
using NpcMind.Gpu;
using NpcMind.Inference;
using NpcMind.Text;

namespace NpcMind.Cli;

/// <summary><c>npcmind logits</c>: the model's logits for given tokens, as raw little-endian f32 [tokens from I, vocabulary].</summary>
internal static class LogitsVerb
{
    public static Command Create()
    {
        Argument<string> model = Common.Model();
        Option<string?> tokens = new("--tokens") { Description = "Ids, separated by commas or blanks." },
            tokensFile = new("--tokens-file") { Description = "File with ids, separated by white space." }, device = Common.Device(),
            kv = Common.Kv(), precision = Common.Precision();
        Option<int> from = new Option<int>("--from") { Description = "First position whose logits are written." }
            .InRange(0, Common.MaxContext);
        Option<bool> oneAtATime = new("--one-at-a-time")
        { Description = "Run every token as a step of its own instead of prefilling in chunks." }, validate = Common.Validate();
        Option<string?> mmproj = new("--mmproj")
        {
            Description = "GGUF file of image encoder and projector: places of the image token are filled with the features of " +
                "--image."
        };
        Option<string[]> images = new("--image")
        { Description = "PNG or JPEG file; can be given several times, in the order of their places." };
        Option<int?> imageToken = new Option<int?>("--image-token") { Description = "The image token's id; found by its name when absent." }
            .InRange(0, int.MaxValue);
        Option<int> maxTiles = SeeVerb.Tiles();
        Option<string> output = new("--out") { Description = "File to write.", Required = true };
        Command command = new("logits", "Writes the logits after each token.")
            { model, tokens, tokensFile, from, oneAtATime, output, mmproj, images, imageToken, maxTiles, device, validate, kv, precision };
        command.SetAction(parsed =>
        {
            if (parsed.GetValue(tokens) is null == parsed.GetValue(tokensFile) is null)
                throw new CliException("give either --tokens or --tokens-file.");
            int[] ids = parsed.GetValue(tokensFile) is { } path
                ? Common.ParseTokens(Common.ReadText(path), path) : Common.ParseTokens(parsed.GetValue(tokens)!, "--tokens");
            int first = parsed.GetValue(from);
            if (ids.Length == 0) throw new CliException("there are no tokens.");
            if (first < 0 || first >= ids.Length) throw new CliException($"--from {first}: choose a position from 0 to {ids.Length - 1}.");
            string target = parsed.GetRequiredValue(output);
            OutputFile.Check("--out", target);
            using GgufFile file = GgufFile.Open(parsed.GetRequiredValue(model));
            ModelConfig config = InferenceEngine.ReadConfig(file);
            string[] paths = parsed.GetValue(images) ?? [];
            if (paths.Length > 0 != parsed.GetValue(mmproj) is not null) throw new CliException("--mmproj and --image go together.");
            PictureInput? pictures = parsed.GetValue(mmproj) is { } eyes
                ? new PictureInput(eyes, file.Path, paths, parsed.GetValue(maxTiles))
                : null;
            int place = pictures is null ? -1 : parsed.GetValue(imageToken) ?? ImageToken(file, pictures);
            using GpuDevice gpu = Common.OpenDevice(parsed, device, validate);
            float[] features = pictures?.Encode(gpu, VisionEncoder.TextWidth(file)) ?? [];
            EngineOptions options = new()
            {
                ContextTokens = Math.Max(64, ids.Length),
                Features = pictures is not null,
                MaxRows = pictures?.StepRows(config) ?? 64,
                MaxOutputs = config.SeesWholePictures && pictures is not null ? pictures.StepRows(config) : 16,
                Kv = Common.KvFormat(parsed.GetValue(kv)),
                Precision = Common.Precision(parsed.GetValue(precision)),
            };
            using (InferenceEngine engine = InferenceEngine.Load(gpu, file, options))
            using (FileStream stream = File.Create(target))
                Run(engine, ids, first, parsed.GetValue(oneAtATime), stream, features, place, pictures?.Places() ?? []);
            Common.Finish(gpu);
            return 0;
        });
        return command;
    }

    private static int ImageToken(GgufFile file, PictureInput pictures) =>
        file.Metadata.String("tokenizer.ggml.model") is not (null or "none")
        && Tokenizer.Create(file.Metadata).Encode(pictures.SlotToken, parseSpecial: true) is [var id]
            ? id
            : throw new CliException($"the vocabulary has no token '{pictures.SlotToken}': give --image-token.");

    private static void Run(InferenceEngine engine, int[] ids, int first, bool oneAtATime, Stream stream, float[] features, int place,
        PictureRow[] rows)
    {
        int width = engine.Config.Width, places = features.Length == 0 ? 0 : ids.Count(id => id == place), row = 0;
        if (places != features.Length / width)
            throw new CliException(
                $"the tokens have {places} places for pictures (token {place}); the pictures have {features.Length / width} rows.");
        int slot = engine.Open(new SamplerSettings());
        for (int at = 0; at < ids.Length;)
        {
            StepBatch batch = engine.Batch;
            int count = Count(at, row);
            for (int end = at + count; at < end; at++)
            {
                bool isRow = places > 0 && ids[at] == place, output = at >= first;
                if (isRow) batch.AddFeature(slot, place, features.AsSpan(row * width, width), output, place: rows[row++]);
                else batch.Add(slot, ids[at], output);
            }

            batch.WantsLogits = true;
            StepTicket ticket = engine.Submit();
            for (int i = 0; i < ticket.Outputs; i++) stream.Write(MemoryMarshal.AsBytes(engine.Logits(ticket, i)));
        }

        // Tokens of the next step. A picture that is seen as a whole goes into one, with those of its logits that are wanted.
        int Count(int at, int row)
        {
            int most = Math.Min(oneAtATime ? 1 : engine.Options.MaxRows, ids.Length - at), count = 0, outputs = engine.Options.MaxOutputs;
            while (count < most && (at + count < first || outputs > 0))
            {
                bool isRow = places > 0 && ids[at + count] == place;
                int run = isRow && engine.Config.SeesWholePictures ? rows[row].Ahead + 1 : 1;
                int wanted = Math.Clamp(at + count + run - first, 0, run);
                if (count > 0 && (count + run > most || wanted > outputs)) break;
                (count, row, outputs) = (count + run, isRow ? row + run : row, outputs - wanted);
            }

            return count;
        }
    }
}
