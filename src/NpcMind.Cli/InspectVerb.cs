using System.CommandLine;
using NpcMind.Core;
using NpcMind.Gguf;
using NpcMind.Inference;
using NpcMind.Text;

namespace NpcMind.Cli;

/// <summary><c>npcmind inspect</c>: what a model file holds and what it will cost.</summary>
internal static class InspectVerb
{
    private const string NoTemplate = "It has no chat template: it was probably not made for conversation, and its characters would talk "
        + "in lines of \"User:\" and \"Assistant:\".";
    private static readonly int[] Contexts = [512, 2048, 8192, 32768, 131072];

    public static Command Create()
    {
        Argument<string> model = Common.Model();
        Option<bool> json = Common.Json();
        Command command = new("inspect", "Shows metadata, tensors, quantisation and memory.") { model, json };
        command.SetAction(parsed =>
        {
            using GgufFile file = GgufFile.Open(parsed.GetRequiredValue(model));
            if (parsed.GetValue(json)) PrintJson(file);
            else PrintText(file);
            return 0;
        });
        return command;
    }

    private static void PrintJson(GgufFile file) => Common.PrintJson(w =>
    {
        w.WriteStartObject();
        w.WriteString("path", file.Path);
        w.WriteNumber("version", file.Version);
        w.WriteNumber("bytes", file.ByteLength);
        w.WriteNumber("shards", file.Shards.Count);
        w.WriteStartObject("metadata");
        foreach (string key in file.Metadata.Keys) w.WriteString(key, file.Metadata.Find(key)!.ToString());
        w.WriteEndObject();
        w.WriteStartArray("tensors");
        foreach (GgufTensor tensor in file.Tensors)
        {
            w.WriteStartObject();
            w.WriteString("name", tensor.Name);
            w.WriteString("type", tensor.Type.ToString());
            w.WriteStartArray("dimensions");
            foreach (long size in tensor.Dimensions) w.WriteNumberValue(size);
            w.WriteEndArray();
            w.WriteNumber("bytes", tensor.ByteLength);
            w.WriteEndObject();
        }

        w.WriteEndArray();
        w.WriteStartObject("quantisation");
        foreach (var (type, count, bytes) in Mix(file))
        {
            w.WriteStartObject(type.ToString());
            w.WriteNumber("tensors", count);
            w.WriteNumber("bytes", bytes);
            w.WriteEndObject();
        }

        w.WriteEndObject();
        string? trouble = Trouble(file);
        w.WriteString("trouble", trouble);
        w.WriteStartArray("warnings");
        if (trouble is null && LacksTemplate(file)) w.WriteStringValue(NoTemplate);
        w.WriteEndArray();
        if (Memory(file) is { } memory)
        {
            w.WriteStartArray("memory");
            foreach (var (context, kv32, kv16, total) in memory)
            {
                w.WriteStartObject();
                w.WriteNumber("context", context);
                w.WriteNumber("kv_f32_bytes", kv32);
                w.WriteNumber("kv_f16_bytes", kv16);
                w.WriteNumber("total_bytes", total);
                w.WriteEndObject();
            }

            w.WriteEndArray();
        }

        w.WriteEndObject();
    });

    private static void PrintText(GgufFile file)
    {
        Console.WriteLine($"{PrintableText.Escape(file.Path)}: GGUF {file.Version}, {file.ByteLength / 1e6:F1} MB, {file.Tensors.Count} "
            + $"tensors, {file.Shards.Count} file(s)");
        Console.WriteLine("\nMetadata");
        foreach (string key in file.Metadata.Keys)
        {
            string value = PrintableText.Escape(file.Metadata.Find(key)!.ToString());
            Console.WriteLine($"  {PrintableText.Escape(key)} = {(value.Length > 100 ? value[..100] + "..." : value)}");
        }

        Console.WriteLine("\nQuantisation");
        foreach (var (type, count, bytes) in Mix(file))
            Console.WriteLine($"  {type,-8} {count,5} tensors {bytes / 1e6,10:F1} " +
                $"MB{(WeightLayout.For(type) is null ? "   (no kernel for this type)" : "")}");
        Console.WriteLine("\nTensors");
        foreach (GgufTensor tensor in file.Tensors)
            Console.WriteLine($"  {PrintableText.Escape(tensor.Name),-36} {tensor.Type,-8} {tensor.Shape}");
        Console.WriteLine();
        string? trouble = Trouble(file);
        Console.WriteLine(trouble is not null ? $"NpcMind cannot run this: {trouble}"
            : file.Metadata.String("general.architecture") == "clip"
            ? "NpcMind can see with this: give it as the image encoder (--mmproj) of the model it was made for."
            : IsEmbeddingModel(file) ? "NpcMind can embed texts with this (npcmind embed, EmbeddingModelPath)." : "NpcMind can run this.");
        if (trouble is null && LacksTemplate(file)) Console.WriteLine(NoTemplate);
        if (Memory(file) is not { } memory) return;
        Console.WriteLine("\nDevice memory");
        foreach (var (context, kv32, kv16, total) in memory)
            Console.WriteLine(
                $"  context {context,7}: {total / 1e6,8:F0} MB with an f32 KV cache ({kv32 / 1e6:F0} MB; f16 {kv16 / 1e6:F0} MB)");
    }

    /// <summary>Whether a language model says nothing of how conversations are written.</summary>
    private static bool LacksTemplate(GgufFile file) =>
        file.Metadata.String("general.architecture") != "clip" && !IsEmbeddingModel(file)
        && (file.Metadata.Find(BuiltInTemplates.Key) is not { } value
            || (value.Type == GgufValueType.String && string.IsNullOrWhiteSpace(value.Text())));

    /// <summary>Why a file cannot be used, as loading it would say; null when there is code for all of it.</summary>
    private static string? Trouble(GgufFile file)
    {
        try
        {
            DryRun.Load(file);
            if (file.Metadata.String("general.architecture") == "clip") return null;
            Tokenizer.Create(file.Metadata);
            if (IsEmbeddingModel(file)) return null;
            ConversationTemplate.Create(file.Metadata, file.Path, TemplateVerb.Settings(file)); // renders conversations as a load does
            return null;
        }
        catch (Exception e) when (e is NpcMindException)
        {
            // The report has the file's name already.
            return Doctor.Sentences.Without(file.Path, e.Message);
        }
    }

    private static bool IsEmbeddingModel(GgufFile file) => file.Metadata.String("general.architecture") is "bert" or "nomic-bert";

    private static IEnumerable<(TensorType Type, int Count, long Bytes)> Mix(GgufFile file) =>
        file.Tensors.GroupBy(t => t.Type).OrderByDescending(g => g.Sum(t => t.ByteLength))
        .Select(g => (g.Key, g.Count(), g.Sum(t => t.ByteLength)));

    /// <summary>Null for files that are no language model NpcMind can read the sizes of.</summary>
    private static List<(int Context, long Kv32, long Kv16, long Total)>? Memory(GgufFile file)
    {
        try
        {
            ModelConfig config = InferenceEngine.ReadCommonConfig(file);
            long weights = InferenceEngine.WeightBytes(file);
            return [.. Contexts.Where(c => c <= Math.Max(config.ContextLength, Contexts[0])).Select(c =>
            {
                long kv32 = InferenceEngine.KvBytes(config, KvFormat.F32, c);
                return (c, kv32, InferenceEngine.KvBytes(config, KvFormat.F16, c), weights + kv32);
            })];
        }
        catch (Exception e) when (e is GgufFormatException or UnsupportedModelException)
        {
            return null; // a vocabulary, a projector or another architecture: there is nothing to say about memory
        }
    }
}
