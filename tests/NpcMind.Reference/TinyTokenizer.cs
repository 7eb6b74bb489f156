using System.Text;
using NpcMind.Gguf;

namespace NpcMind.Reference;

/// <summary>
/// A byte-level BPE vocabulary for the tiny models: 256 byte tokens, merges learned from a few lines of text, unused tokens to fill up, and
/// at the end the control tokens: those of pictures if asked for, then <see cref="Start"/>, <see cref="TurnStart"/> and
/// <see cref="TurnEnd"/>. Any text can be encoded; short English words become single tokens.
/// </summary>
internal static class TinyTokenizer
{
    /// <summary>Begin of a sequence (bos); added to every text.</summary>
    public const string Start = "<|start|>";

    /// <summary>Opens a chat turn.</summary>
    public const string TurnStart = "<|turn|>";

    /// <summary>Closes a chat turn; also end of sequence (eos).</summary>
    public const string TurnEnd = "<|end|>";

    /// <summary>
    /// The place of a picture in what the chat template writes; in the tokens of a picture, what stands before the tile that shows the
    /// whole of it.
    /// </summary>
    public const string Picture = "<|image|>";

    /// <summary>The control tokens around and in pictures, as Llama 4 has them.</summary>
    public static IReadOnlyList<string> PictureTokens { get; } = ["<|image_start|>", "<|image_end|>", Picture, "<|patch|>",
        "<|tile_x_separator|>", "<|tile_y_separator|>"];

    private const int Normal = 1, Control = 3, Unused = 5;

    private const string Template =
        "{{ bos_token }}{% for message in messages %}" +
        "{{ '<|turn|>' + message['role'] + '\\n' + message['content'] + '<|end|>\\n' }}" +
        "{% endfor %}{% if add_generation_prompt %}{{ '<|turn|>assistant\\n' }}{% endif %}";

    /// <summary>Content is a text, or a list of <c>{"type":"image"}</c> and <c>{"type":"text","text":...}</c>.</summary>
    private const string PictureTemplate =
        "{{ bos_token }}{% for message in messages %}" +
        "{{ '<|turn|>' + message['role'] + '\\n' }}" +
        "{% if message['content'] is string %}{{ message['content'] }}{% else %}{% for part in message['content'] %}" +
        "{% if part['type'] == 'image' %}{{ '<|image|>' }}{% elif part['type'] == 'text' %}{{ part['text'] }}{% endif %}" +
        "{% endfor %}{% endif %}{{ '<|end|>\\n' }}" +
        "{% endfor %}{% if add_generation_prompt %}{{ '<|turn|>assistant\\n' }}{% endif %}";

    private const string Text =
        "the old miller said that there was a light in the tower and that nobody had been in the tower for seven winters. " +
        "you ask the guard at the gate where the road to the harbour is, and the guard asks you for the news from the north. " +
        "she counted the coins again, slowly, as if there might be more of them than before. there were not more of them. " +
        "when the rain stops we will go down to the river with the others and bring the boat back before night. " +
        "he told the story to everyone who would listen: how the dragon slept under the hill, and how the hill was never quite still. " +
        "what do you want here, stranger? bread, a bed and a place near the fire, and no more questions than that, thank you. " +
        "system user assistant You are The I am not afraid. Hello! Good morning. Who goes there? Let me through, please. Yes. No.";

    /// <summary>Adds the keys of the tokenizer and, if wanted, the chat template.</summary>
    /// <param name="writer">Receives the keys.</param>
    /// <param name="vocabulary">Number of tokens, at least 259, and six more with pictures.</param>
    /// <param name="chatTemplate">Add a template with the turns marked by the control tokens.</param>
    /// <param name="template">Which template; null for the usual one.</param>
    /// <param name="pictures">Have <see cref="PictureTokens"/>, and a template that shows where pictures are.</param>
    public static void AddTo(GgufWriter writer, int vocabulary, bool chatTemplate, bool pictures = false, string? template = null)
    {
        string[] controls = [.. pictures ? PictureTokens : [], Start, TurnStart, TurnEnd];
        string[] merges = Learn(vocabulary - 256 - controls.Length);
        List<string> tokens = [.. Enumerable.Range(0, 256).Select(b => ByteSymbol((byte)b).ToString()),
            .. merges.Select(m => m.Replace(" ", "", StringComparison.Ordinal))];
        List<int> types = [.. Enumerable.Repeat(Normal, tokens.Count)];
        for (int i = 0; tokens.Count < vocabulary - controls.Length; i++)
        {
            tokens.Add($"<|unused_{i}|>");
            types.Add(Unused);
        }

        tokens.AddRange(controls);
        types.AddRange(controls.Select(_ => Control));
        writer.Add("tokenizer.ggml.model", "gpt2")
            .Add("tokenizer.ggml.pre", "gpt-2")
            .Add("tokenizer.ggml.tokens", tokens)
            .Add("tokenizer.ggml.token_type", types)
            .Add("tokenizer.ggml.merges", merges)
            .Add("tokenizer.ggml.bos_token_id", (uint)(vocabulary - 3))
            .Add("tokenizer.ggml.eos_token_id", (uint)(vocabulary - 1))
            .Add("tokenizer.ggml.add_bos_token", true);
        if (chatTemplate) writer.Add("tokenizer.chat_template", template is not null ? template : pictures ? PictureTemplate : Template);
    }

    /// <summary>
    /// GPT-2's printable stand-in for a byte: printable Latin-1 characters stand for themselves, the others for U+0100 onwards in order.
    /// </summary>
    internal static char ByteSymbol(byte value)
    {
        if (Printable(value)) return (char)value;
        int earlier = 0;
        for (int b = 0; b < value; b++)
            if (!Printable(b)) earlier++;
        return (char)(256 + earlier);
    }

    private static bool Printable(int value) => value is (>= '!' and <= '~') or (>= 0xA1 and <= 0xAC) or (>= 0xAE and <= 0xFF);

    /// <summary>
    /// Byte pair encoding (Sennrich et al. 2016): join the most frequent pair, the ordinally first among equals, until enough or nothing is
    /// left.
    /// </summary>
    private static string[] Learn(int count)
    {
        List<List<string>> words = [.. Words()];
        List<string> merges = [];
        HashSet<string> known = new(StringComparer.Ordinal);
        while (merges.Count < count)
        {
            Dictionary<(string, string), int> pairs = [];
            foreach (List<string> word in words)
                for (int i = 1; i < word.Count; i++)
                    pairs[(word[i - 1], word[i])] = pairs.GetValueOrDefault((word[i - 1], word[i])) + 1;
            // A symbol may be reachable by two pairs; tokens must be unique, so only the first is learned.
            var candidates = pairs.Where(p => !known.Contains(p.Key.Item1 + p.Key.Item2)).ToList();
            if (candidates.Count == 0) break;
            (string left, string right) = candidates.OrderByDescending(p => p.Value)
                .ThenBy(p => $"{p.Key.Item1} {p.Key.Item2}", StringComparer.Ordinal).First().Key;
            merges.Add($"{left} {right}");
            known.Add(left + right);
            foreach (List<string> word in words) Join(word, left, right);
        }

        return [.. merges];
    }

    /// <summary>
    /// The words of the text, each with the space before it and in byte symbols; punctuation stands alone as the pre-tokenizer will have
    /// it.
    /// </summary>
    private static IEnumerable<List<string>> Words()
    {
        int start = 0;
        for (int i = 1; i <= Text.Length; i++)
        {
            bool boundary = i == Text.Length || Text[i] == ' '
                || (char.IsLetter(Text[i]) != char.IsLetter(Text[i - 1]) && Text[i - 1] != ' ');
            if (!boundary) continue;
            yield return [.. Encoding.UTF8.GetBytes(Text[start..i]).Select(b => ByteSymbol(b).ToString())];
            start = i;
        }
    }

    private static void Join(List<string> word, string left, string right)
    {
        for (int i = 0; i + 1 < word.Count; i++)
        {
            if (word[i] != left || word[i + 1] != right) continue;
            word[i] += right;
            word.RemoveAt(i + 1);
        }
    }
}
