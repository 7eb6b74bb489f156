using System.CommandLine;
using System.Globalization;
using NpcMind.Gguf;
using NpcMind.Gpu;
using NpcMind.Inference;
using NpcMind.Text;

namespace NpcMind.Cli;

/// <summary><c>npcmind embed</c>: embeddings of texts, and how alike the texts are.</summary>
internal static class EmbedVerb
{
    public static Command Create()
    {
        Argument<string> model = new("MODEL") { Description = "GGUF file of an embedding model." };
        Argument<string[]> texts = new("TEXT") { Description = "Texts.", Arity = ArgumentArity.ZeroOrMore };
        Option<string?> file = new("--file") { Description = "File with further texts, one a line." }, device = Common.Device();
        Option<bool> json = Common.Json(), validate = Common.Validate();
        Command command = new("embed", "Embeds texts and compares them.") { model, texts, file, json, device, validate };
        command.SetAction(parsed =>
        {
            List<string> all = [.. parsed.GetValue(texts) ?? []];
            if (parsed.GetValue(file) is { } path)
                all.AddRange(Common.ReadText(path).ReplaceLineEndings("\n").Split('\n').Where(l => l.Length > 0));
            if (all.Count == 0) throw new CliException("there are no texts.");
            using GgufFile gguf = GgufFile.Open(parsed.GetRequiredValue(model));
            EmbeddingConfig config = EmbeddingConfig.Read(gguf);
            int[][] tokens = Tokenize(gguf, config, all);
            using GpuDevice gpu = Common.OpenDevice(parsed, device, validate);
            float[][] values;
            using (EmbeddingEncoder encoder = EmbeddingEncoder.Load(gpu, gguf)) values = Run(encoder, tokens);
            Common.Finish(gpu);
            if (parsed.GetValue(json)) PrintJson(config, all, tokens, values);
            else PrintText(all, values);
            return 0;
        });
        return command;
    }

    private static int[][] Tokenize(GgufFile file, EmbeddingConfig config, List<string> texts)
    {
        Tokenizer tokenizer = Tokenizer.Create(file.Metadata);
        int[][] tokens = [.. texts.Select(t => tokenizer.Encode(t, addSpecial: true))];
        for (int i = 0; i < tokens.Length; i++)
        {
            if (tokens[i].Length > config.MaxTokens)
                throw new CliException($"text {i + 1} has {tokens[i].Length} tokens; the model reads at most {config.MaxTokens}.");
            if (tokens[i].Length == 0) throw new CliException($"text {i + 1} is empty.");
        }

        return tokens;
    }

    private static float[][] Run(EmbeddingEncoder encoder, int[][] tokens)
    {
        using EmbeddingBatch batch = encoder.CreateBatch();
        List<float[]> values = [];
        for (int next = 0; next < tokens.Length;)
        {
            batch.Clear();
            while (next < tokens.Length && batch.TryAdd(tokens[next])) next++;
            encoder.Run(batch);
            for (int i = 0; i < batch.Count; i++) values.Add(batch.Embedding(i).ToArray());
        }

        return [.. values];
    }

    private static void PrintJson(EmbeddingConfig config, List<string> texts, int[][] tokens, float[][] values) => Common.PrintJson(w =>
    {
        w.WriteStartObject();
        w.WriteNumber("dimensions", config.Width);
        w.WriteStartArray("embeddings");
        for (int i = 0; i < values.Length; i++)
        {
            w.WriteStartObject();
            w.WriteString("text", texts[i]);
            w.WritePropertyName("tokens");
            TokenizeVerb.Ids(w, tokens[i]);
            w.WriteStartArray("values");
            foreach (float value in values[i])
            {
                if (float.IsFinite(value)) w.WriteNumberValue(value);
                else w.WriteNullValue();
            }

            w.WriteEndArray();
            w.WriteEndObject();
        }

        w.WriteEndArray();
        w.WriteEndObject();
    });

    /// <summary>Each text after its similarity to each text before it and to itself.</summary>
    private static void PrintText(List<string> texts, float[][] values)
    {
        for (int i = 0; i < values.Length; i++)
        {
            string row = string.Join(' ', Enumerable.Range(0, i + 1).Select(
                j => Dot(values[i], values[j]).ToString("F3", CultureInfo.InvariantCulture).PadLeft(6)));
            Console.WriteLine($"{row}  {Common.ForTerminal(texts[i])}");
        }
    }

    private static double Dot(float[] a, float[] b)
    {
        double sum = 0;
        for (int i = 0; i < a.Length; i++) sum += (double)a[i] * b[i];
        return sum;
    }
}
