using System.CommandLine;
using System.Text;
using NpcMind.Core;
using NpcMind.Gguf;
using NpcMind.Gpu;
using NpcMind.Inference;
using NpcMind.Text;

namespace NpcMind.Cli;

/// <summary>
/// <c>npcmind chat</c>: a conversation in the terminal. Ctrl-C stops the reply and keeps the session; an empty line or end of input ends
/// it.
/// </summary>
internal static class ChatVerb
{
    public static Command Create()
    {
        Argument<string> model = Common.Model();
        Option<string?> system = new("--system") { Description = "System prompt." }, device = Common.Device(), kv = Common.Kv();
        Option<int> context = new Option<int>("--context") { Description = "Context in tokens.", DefaultValueFactory = _ => 2048 }
            .InRange(64, Common.MaxContext);
        Option<bool> validate = Common.Validate();
        SamplerOptions sampler = new(temperature: 0.7f, topP: 0.9f, repetition: 1.1f);
        Option<int> maxTokens = new Option<int>("--max-tokens") { Description = "Most tokens of a reply.", DefaultValueFactory = _ => 512 }
            .InRange(1, Common.MaxContext);
        Command command = new("chat", "Talks with the model.") { model, system, maxTokens, context, device, validate, kv };
        sampler.AddTo(command);
        command.SetAction(parsed =>
        {
            using GgufFile file = GgufFile.Open(parsed.GetRequiredValue(model));
            InferenceEngine.ReadConfig(file); // first: what is no language model has no tokenizer either, and is to be called what it is
            Tokenizer tokenizer = Tokenizer.Create(file.Metadata);
            ConversationTemplate template = TemplateVerb.Load(file);
            using GpuDevice gpu = Common.OpenDevice(parsed, device, validate);
            Console.Error.Write($"loading {PrintableText.Escape(Path.GetFileName(file.Path))} on {gpu.Limits.Name}...");
            using (InferenceEngine engine = InferenceEngine.Load(gpu, file,
                new EngineOptions
                {
                    ContextTokens = parsed.GetValue(context),
                    MaxRows = EngineOptions.RowsFor(gpu.Limits),
                    Kv = Common.KvFormat(parsed.GetValue(kv)),
                }))
            {
                Console.Error.WriteLine(" ready. An empty line ends the conversation, Ctrl-C stops a reply.");
                using TokenGenerator generator = new(engine, gpu, sampler.Read(parsed));
                new Conversation(tokenizer, template, generator, engine.Options.ContextTokens, parsed.GetValue(maxTokens),
                    parsed.GetValue(system)).Run();
            }

            Common.Finish(gpu);
            return 0;
        });
        return command;
    }

    private sealed class Conversation(
        Tokenizer tokenizer, ConversationTemplate template, TokenGenerator generator, int contextTokens, int maxTokens, string? system)
    {
        private readonly List<ChatMessage> _messages = system is null ? [] : [new ChatMessage("system", system)];
        private readonly List<int> _read = []; // what the KV cache holds
        private volatile bool _stop;

        public void Run()
        {
            Console.CancelKeyPress += OnCancel;
            try
            {
                while (true)
                {
                    Console.Error.Write("> ");
                    if (Console.In.ReadLine() is not { Length: > 0 } line) return;
                    _messages.Add(new ChatMessage("user", line));
                    Reply();
                }
            }
            finally
            {
                Console.CancelKeyPress -= OnCancel;
            }
        }

        private void OnCancel(object? sender, ConsoleCancelEventArgs e)
        {
            e.Cancel = true;
            _stop = true;
        }

        private void Reply()
        {
            int[] prompt = tokenizer.Encode(template.Render(_messages, true));
            if (prompt.Length + 16 > contextTokens)
            {
                Console.Error.WriteLine(
                    $"(the conversation fills the context of {contextTokens} tokens; start a new one or use --context)");
                _messages.RemoveAt(_messages.Count - 1);
                return;
            }

            // Only what differs from what was read before is read again.
            int same = 0;
            while (same < prompt.Length - 1 && same < _read.Count && _read[same] == prompt[same]) same++;
            generator.Stop(same);
            _read.RemoveRange(generator.Length, _read.Count - generator.Length);
            generator.Prefill(prompt.AsSpan(generator.Length));
            _read.AddRange(prompt.AsSpan(_read.Count));

            StringBuilder said = new();
            Utf8TokenDecoder decoder = new();
            _stop = false;
            for (int n = 0; n < maxTokens && !_stop && generator.Next() is { } id && !tokenizer.IsEndOfGeneration(id); n++)
            {
                _read.Add(id);
                Say(decoder.Append(tokenizer.Bytes(id)), said);
            }

            Console.WriteLine(); // a character that the reply ended within is neither said nor remembered
            _messages.Add(new ChatMessage("assistant", said.ToString()));
        }

        private static void Say(ReadOnlySpan<char> text, StringBuilder said)
        {
            Console.Out.Write(Common.ForTerminal(text.ToString()));
            Console.Out.Flush();
            said.Append(text);
        }
    }
}
