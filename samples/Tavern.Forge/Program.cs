// The Forge makes the small mind that the sample carries: from worlds to conversations and pictures (here), to a model (train/*.py), to
// answers through the SDK (here).
using System.CommandLine;
using NpcMind;
using Tavern.Forge;
using Tavern.Game;
using Tavern.World;

Option<string> output = new("--out") { Description = "Folder to write into.", Required = true };
Option<int> seed = new("--seed") { Description = "The same seed gives the same corpus.", DefaultValueFactory = _ => 1 };
Option<int> train = new("--train") { Description = "Conversations for training.", DefaultValueFactory = _ => 40_000 };
Option<int> held = new("--held") { Description = "Conversations held out.", DefaultValueFactory = _ => 600 };
Option<int> sample = new("--sample") { Description = "Conversations to write for reading, as sample.md.", DefaultValueFactory = _ => 12 };

Command corpus = new("corpus", "Writes conversations, as JSON lines.") { output, seed, train, held, sample };
corpus.SetAction(arguments =>
{
    string folder = arguments.GetValue(output)!;
    IReadOnlyList<PictureEntry> pictures = PictureIndex.Read(folder);
    Conversations conversations = new(arguments.GetValue(seed), pictures);
    CorpusWriter.Write(folder, conversations, arguments.GetValue(train), arguments.GetValue(held), Console.Out);
    int count = arguments.GetValue(sample);
    File.WriteAllText(Path.Combine(folder, "sample.md"),
        string.Join('\n', Enumerable.Range(0, count)
            .Select(i => CorpusWriter.Readable(conversations.Make(i < count / 2 ? Split.Train : Split.Held, i)))));
});

Command draw = new("pictures", "Renders pictures and what they show: pictures.bin and pictures.jsonl.") { output, seed, train, held };
draw.SetAction(arguments => PictureWriter.Write(arguments.GetValue(output)!, arguments.GetValue(seed), arguments.GetValue(train),
    arguments.GetValue(held), Console.Out));

Option<string> model = new("--model") { Description = "GGUF file of the model.", Required = true };
Option<string?> eyes = new("--eyes") { Description = "GGUF file of its eyes; without it nothing is asked about pictures." };
Option<string?> pictures = new("--pictures") { Description = "Folder with pictures.bin and pictures.jsonl." };
Option<int> count = new("--conversations") { Description = "Held-out conversations to hold.", DefaultValueFactory = _ => 120 };
Option<string?> reports = new("--reports") { Description = "Folder for failures.txt and transcripts.md." };
Option<bool> indented = new("--indented") { Description = "Breaks the JSON into lines, for reading." };
Command evaluate = new("evaluate", "Asks a model what it never saw, through the SDK, and prints how much was right as JSON.")
    { model, eyes, pictures, seed, count, reports, indented };
evaluate.SetAction(arguments =>
{
    string? folder = arguments.GetValue(eyes) is null ? null : arguments.GetValue(pictures);
    Conversations conversations = new(arguments.GetValue(seed), folder is null ? [] : PictureIndex.Read(folder));
    Evaluation evaluation = new();
    using FileStream? pixels = folder is null ? null : File.OpenRead(Path.Combine(folder, "pictures.bin"));
    using (NpcRuntime runtime = NpcRuntime.Load(arguments.GetValue(model)!,
        new NpcRuntimeOptions
        {
            ImageEncoderPath = arguments.GetValue(eyes),
            ContextTokens = new MindSettings().ContextTokens,
            DeviceKvTokens = 16384,
            MaxPrefixes = 10,
            MaxNpcs = 10
        }))
        evaluation.Run(runtime, Enumerable.Range(0, arguments.GetValue(count)).Select(i => conversations.Make(Split.Held, i)),
            i => PictureIndex.Rgba(pixels!, i), 20);
    if (arguments.GetValue(reports) is { } into)
    {
        Directory.CreateDirectory(into);
        File.WriteAllText(Path.Combine(into, "failures.txt"), evaluation.Failures);
        File.WriteAllText(Path.Combine(into, "transcripts.md"), evaluation.Transcripts);
    }

    Console.WriteLine(evaluation.ToJson(arguments.GetValue(indented)));
});

Option<string> file = new("--lines") { Description = "JSON file of lines.", Required = true };
Option<string> tavern = new("--tavern") { Description = "World file of the game.", Required = true };
Command lines = new("lines", "Asks a model what players would type, as the game does, and prints what it says.")
{
    model, eyes, file, tavern,
};
lines.SetAction(arguments =>
{
    using NpcRuntime runtime = NpcRuntime.Load(arguments.GetValue(model)!, new NpcRuntimeOptions
    {
        ImageEncoderPath = arguments.GetValue(eyes),
        ContextTokens = new MindSettings().ContextTokens,
        DeviceKvTokens = 8192,
        MaxPrefixes = 2,
        MaxNpcs = 2,
    });
    (int good, int all) = LinesPlay.Play(runtime, arguments.GetValue(file)!, arguments.GetValue(tavern)!, Console.Out);
    Console.WriteLine($"lines: {good} of {all} make sense");
});

Command words = new("words", "Writes the words that training uses, for samples/Tavern.World/words.txt.") { output };
words.SetAction(arguments => File.WriteAllText(arguments.GetValue(output)!, Vocabulary.Text()));

return new RootCommand("Makes the small mind of the Tavern.") { draw, corpus, evaluate, lines, words }.Parse(args).Invoke();
