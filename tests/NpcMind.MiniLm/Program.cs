using System.Reflection;
using System.Text;
using System.Text.Json;
using NpcMind.Gguf;
using NpcMind.MiniLm;
using NpcMind.Text;

// NpcMind.MiniLm FOLDER SENTENCES: writes all-MiniLM-L6-v2 as GGUF files, and what ONNX Runtime makes of the sentences with the same
// weights.
if (args.Length != 2)
{
    Console.Error.WriteLine("usage: NpcMind.MiniLm FOLDER SENTENCES");
    return 1;
}

string folder = args[0];
Directory.CreateDirectory(folder);
string library = Assembly.GetExecutingAssembly().GetCustomAttributes<AssemblyMetadataAttribute>().First(a => a.Key == "MiniLm").Value!;
Assembly package = Assembly.LoadFile(Path.GetFullPath(library));
byte[] onnx = Resource("model.onnx");
string[] vocabulary = [.. Encoding.UTF8.GetString(Resource("vocab.txt")).Replace("\r", "", StringComparison.Ordinal).TrimEnd().Split('\n')];
OnnxModel model = OnnxModel.Read(onnx);
foreach (TensorType type in (TensorType[])[TensorType.F32, TensorType.F16, TensorType.Q8_0])
{
    string path = Path.Combine(folder, $"minilm-{type.ToString().ToLowerInvariant()}.gguf");
    BertGguf.Build(model, vocabulary, type).Save(path);
    Console.WriteLine($"{path}: {new FileInfo(path).Length / 1e6:F1} MB");
}

Tokenizer tokenizer;
using (GgufFile file = GgufFile.Open(Path.Combine(folder, "minilm-f32.gguf"))) tokenizer = Tokenizer.Create(file.Metadata);
using OnnxEmbedder embedder = new(onnx);
List<object> cases = [];
foreach (string text in File.ReadAllLines(args[1]).Where(l => l.Length > 0))
{
    int[] tokens = tokenizer.Encode(text, addSpecial: true);
    cases.Add(new { text, tokens, values = embedder.Embed(tokens) });
}

File.WriteAllBytes(Path.Combine(folder, "expected.json"), JsonSerializer.SerializeToUtf8Bytes(cases));
Console.WriteLine($"{cases.Count} sentences by ONNX Runtime");
return 0;

byte[] Resource(string name)
{
    string full = package.GetManifestResourceNames().Single(n => n.EndsWith(name, StringComparison.Ordinal));
    using Stream stream = package.GetManifestResourceStream(full)!;
    byte[] bytes = new byte[stream.Length];
    stream.ReadExactly(bytes);
    return bytes;
}
