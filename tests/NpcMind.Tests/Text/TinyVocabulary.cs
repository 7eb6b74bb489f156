using NpcMind.Gguf;
using NpcMind.Text;

namespace NpcMind.Tests.Text;

/// <summary>A vocabulary made up in a test, written to a real GGUF file and read back.</summary>
internal sealed class TinyVocabulary
{
    public const int Normal = 1, Unknown = 2, Control = 3, UserDefined = 4, Unused = 5, Byte = 6;
    private readonly Dictionary<string, Action<GgufWriter>> _pairs = [];
    private readonly List<string> _tokens = [];
    private readonly List<int> _types = [];
    private readonly List<float> _scores = [];
    private readonly List<string> _merges = [];

    /// <summary>Byte-level BPE whose ids 0 to 255 are the bytes.</summary>
    public static TinyVocabulary Bpe(string? pre = "gpt-2")
    {
        TinyVocabulary vocabulary = new TinyVocabulary().With("tokenizer.ggml.model", "gpt2");
        if (pre is not null) vocabulary.With("tokenizer.ggml.pre", pre);
        int extra = 256;
        for (int value = 0; value < 256; value++)
            vocabulary.Token(((char)(value is (>= 33 and <= 126) or (>= 161 and <= 172) or >= 174 ? value : extra++)).ToString());
        return vocabulary;
    }

    /// <summary>SentencePiece: 0 to 2 unknown, begin, end; 3 to 258 the bytes; 259 the space.</summary>
    public static TinyVocabulary Spm()
    {
        TinyVocabulary vocabulary = new TinyVocabulary().With("tokenizer.ggml.model", "llama").Token("<unk>", Unknown).Token("<s>", Control)
            .Token("</s>", Control);
        for (int value = 0; value < 256; value++) vocabulary.Token($"<0x{value:X2}>", Byte);
        return vocabulary.Token("\u2581", score: -100);
    }

    public int Count => _tokens.Count;

    public TinyVocabulary Token(string text, int type = Normal, float score = 0)
    {
        _tokens.Add(text);
        _types.Add(type);
        _scores.Add(score);
        return this;
    }

    /// <summary>Adds merges and, where missing, the tokens they make.</summary>
    public TinyVocabulary Merge(params string[] pairs)
    {
        foreach (string pair in pairs)
        {
            _merges.Add(pair);
            string product = pair.Replace(" ", "", StringComparison.Ordinal);
            if (!_tokens.Contains(product)) Token(product);
        }

        return this;
    }

    public TinyVocabulary RawMerges(params string[] pairs)
    {
        _merges.AddRange(pairs);
        return this;
    }

    public TinyVocabulary With(string key, string value) => Set(key, w => w.Add(key, value));

    public TinyVocabulary With(string key, int value) => Set(key, w => w.Add(key, value));

    public TinyVocabulary With(string key, bool value) => Set(key, w => w.Add(key, value));

    public TinyVocabulary With(string key, IReadOnlyCollection<int> values) => Set(key, w => w.Add(key, values));

    public TinyVocabulary With(string key, IReadOnlyCollection<float> values) => Set(key, w => w.Add(key, values));

    public TinyVocabulary With(string key, IReadOnlyCollection<string> values) => Set(key, w => w.Add(key, values));

    public TinyVocabulary Without(string key) => Set(key, _ => { });

    public Tokenizer Build() => Tokenizer.Create(Metadata());

    public GgufMetadata Metadata()
    {
        Default("general.architecture", w => w.Add("general.architecture", "llama"));
        Default("tokenizer.ggml.tokens", w => w.Add("tokenizer.ggml.tokens", _tokens));
        Default("tokenizer.ggml.token_type", w => w.Add("tokenizer.ggml.token_type", _types));
        Default("tokenizer.ggml.scores", w => w.Add("tokenizer.ggml.scores", _scores));
        Default("tokenizer.ggml.merges", w => w.Add("tokenizer.ggml.merges", _merges));
        return Write(writer =>
        {
            foreach (Action<GgufWriter> add in _pairs.Values) add(writer);
        });
    }

    /// <summary>Writes pairs to a file and reads them back.</summary>
    public static GgufMetadata Write(Action<GgufWriter> add)
    {
        GgufWriter writer = new();
        add(writer);
        string path = Path.GetTempFileName();
        try
        {
            writer.Save(path);
            using GgufFile file = GgufFile.Open(path);
            return file.Metadata;
        }
        finally
        {
            File.Delete(path);
        }
    }

    private TinyVocabulary Set(string key, Action<GgufWriter> add)
    {
        _pairs[key] = add;
        return this;
    }

    private void Default(string key, Action<GgufWriter> add) => _pairs.TryAdd(key, add);
}
