using System.CommandLine;
using System.Text.Json;
using NpcMind.Gguf;
using NpcMind.Gpu;
using NpcMind.Inference;
using NpcMind.Text;

namespace NpcMind.Cli;

/// <summary><c>npcmind see</c>: what a model says about pictures.</summary>
internal static class SeeVerb
{
    public static Command Create()
    {
        Argument<string> model = Common.Model();
        Option<string> mmproj = new("--mmproj") { Description = "GGUF file of image encoder and projector.", Required = true };
        Option<string[]> images = new("--image") { Description = "PNG or JPEG file; can be given several times.", Required = true };
        Option<string?> prompt = new("--prompt")
        { Description = "What to ask. The pictures come first, or where the text has the template's placeholder." },
            messages = new("--messages")
            { Description = "JSON array of messages whose content lists have entries of type image, one per picture." };
        Option<int> maxTokens = new Option<int>("--max-tokens") { Description = "Most tokens to generate.", Required = true }
            .InRange(1, Common.MaxContext), maxTiles = Tiles();
        Option<bool> json = Common.Json(), validate = Common.Validate();
        Option<string?> device = Common.Device(), kv = Common.Kv();
        SamplerOptions sampler = new();
        Command command = new("see", "Answers a question about pictures.")
            { model, mmproj, images, prompt, messages, maxTokens, maxTiles, json, device, validate, kv };
        sampler.AddTo(command);
        command.SetAction(parsed =>
        {
            int most = parsed.GetValue(maxTokens);
            if (parsed.GetValue(prompt) is not null && parsed.GetValue(messages) is not null)
                throw new CliException("give --prompt or --messages, not both.");
            string path = parsed.GetRequiredValue(model);
            using GgufFile file = GgufFile.Open(path);
            int width = VisionEncoder.TextWidth(file);
            PictureInput pictures = new(parsed.GetRequiredValue(mmproj), path, parsed.GetRequiredValue(images), parsed.GetValue(maxTiles));
            ModelConfig config = InferenceEngine.ReadConfig(file);
            Tokenizer tokenizer = Tokenizer.Create(file.Metadata);
            int[] ids = Prompt(file, tokenizer, pictures, parsed.GetValue(prompt) ?? "What do you see?", parsed.GetValue(messages));
            using GpuDevice gpu = Common.OpenDevice(parsed, device, validate);
            float[] features = pictures.Encode(gpu, width);
            EngineOptions options = new()
            {
                ContextTokens = ids.Length + most,
                Features = true,
                MaxRows = pictures.StepRows(config),
                Kv = Common.KvFormat(parsed.GetValue(kv)),
            };
            using (InferenceEngine engine = InferenceEngine.Load(gpu, file, options))
            {
                GenerateVerb.Result result = GenerateVerb.Run(engine, gpu, ids, most, sampler.Read(parsed), tokenizer, 0, features,
                    pictures.SlotId(tokenizer), pictures.Places());
                string text = tokenizer.DecodeWhole(result.Ids.ToArray());
                if (parsed.GetValue(json)) Common.PrintJson(w => GenerateVerb.Write(w, result, text, gpu));
                else Console.WriteLine(Common.ForTerminal(text));
            }

            Common.Finish(gpu);
            return 0;
        });
        return command;
    }

    public static Option<int> Tiles() =>
        new Option<int>("--max-tiles")
        {
            Description = "Most tiles a picture is cut into; 1 shows it as a whole.",
            DefaultValueFactory = _ => VisionConfig.MaxTiles
        }.InRange(1, VisionConfig.MaxTiles);

    /// <summary>A template that knows no pictures gets them at the head of the words.</summary>
    private static IReadOnlyList<PromptSegment> WithPlaces(IReadOnlyList<PromptSegment> segments, PictureInput pictures)
    {
        int words = segments.TakeWhile(s => s.Trusted).Count();
        bool hasPlaces = segments.Any(s => s.Trusted && s.Text.Contains(pictures.Placeholder, StringComparison.Ordinal));
        if (hasPlaces || words == segments.Count) return segments;
        PromptSegment places = new(string.Concat(Enumerable.Repeat(pictures.Placeholder + "\n", pictures.Count)), true);
        return [.. segments.Take(words), places, .. segments.Skip(words)];
    }

    /// <summary>
    /// The prompt's tokens, with those of the pictures where the template puts pictures. A placeholder in the prompt is words.
    /// </summary>
    private static int[] Prompt(GgufFile file, Tokenizer tokenizer, PictureInput pictures, string text, string? messagesPath)
    {
        IReadOnlyList<PromptSegment> segments;
        if (messagesPath is null && BuiltInTemplates.Find(file.Metadata) is null)
        {
            segments = [new PromptSegment(text.Contains(pictures.Placeholder, StringComparison.Ordinal)
                ? text : string.Concat(Enumerable.Repeat(pictures.Placeholder, pictures.Count)) + text, true)];
        }
        else if (messagesPath is not null)
        {
            using JsonDocument messages = Common.ReadMessages(messagesPath);
            segments = TemplateVerb.Load(file).Render(messages.RootElement, true);
        }
        else
        {
            segments = WithPlaces(TemplateVerb.Load(file).Render([new ChatMessage("user", text, pictures.Count)], true), pictures);
        }

        List<int> ids = [];
        List<PromptSegment> before = [];
        int next = 0;
        foreach (PromptSegment segment in segments)
        {
            string rest = segment.Text;
            while (segment.Trusted && next < pictures.Count
                && rest.IndexOf(pictures.Placeholder, StringComparison.Ordinal) is >= 0 and int at)
            {
                before.Add(segment with { Text = rest[..at] + pictures.TextBeside });
                tokenizer.Encode(before, ids);
                before.Clear();
                ids.AddRange(pictures.Tokens(next++, tokenizer));
                rest = pictures.TextBeside + rest[(at + pictures.Placeholder.Length)..];
            }

            before.Add(segment with { Text = rest });
        }

        tokenizer.Encode(before, ids);
        if (next < pictures.Count)
            throw new CliException($"the prompt has places ('{pictures.Placeholder}') for {next} of {pictures.Count} pictures: give " +
                $"messages whose content lists have an entry of type image for each, and see 'npcmind template'.");
        return tokenizer is { AddsBos: true, BosId: { } bos } && (ids.Count == 0 || ids[0] != bos) ? [bos, .. ids] : [.. ids];
    }
}
