using NpcMind.Gguf;
using NpcMind.Text;

namespace NpcMind;

/// <summary>
/// A model's chat template as the pieces that conversations are made of, in tokens: how it opens, the first turn, and what stands between one answer and the
/// next. Words of players never become control tokens. Templates without a system role get its text at the head of the first turn.
/// </summary>
internal sealed class ChatFormat
{
    private const string Plain = "{% for m in messages %}{% if m.role == 'system' %}{{ m.content }}\n\n{% elif m.role == 'user' %}User: {{ m.content }}\n{% else %}Assistant: {{ m.content }}\n{% endif %}{% endfor %}{% if add_generation_prompt %}Assistant: {% endif %}";
    private const string Marker = "\uE000\uE001\uE002"; // private use: not in any prompt
    private readonly Tokenizer _tokenizer;
    private readonly ChatTemplate _template;
    private readonly Dictionary<string, string> _variables = new(StringComparer.Ordinal);
    private readonly bool _hasSystem;

    /// <exception cref="ChatTemplateException">The template cannot render a conversation of a system prompt and turns.</exception>
    public ChatFormat(GgufFile file, Tokenizer tokenizer)
    {
        _tokenizer = tokenizer;
        _template = ChatTemplate.Parse(file.Metadata.String("tokenizer.chat_template") ?? Plain, file.Path + " tokenizer.chat_template");
        if (tokenizer.BosId is { } bos) _variables["bos_token"] = tokenizer.Piece(bos);
        if (tokenizer.EosId is { } eos) _variables["eos_token"] = tokenizer.Piece(eos);
        _hasSystem = RendersSystem();
        NextTurn("a", "b"); // a template that cannot do this must say so at load, not in a game
    }

    /// <summary>What a conversation with this system prompt begins with, as far as it is known before anything is said.</summary>
    public int[] Opening(string system) => Begin(_hasSystem ? Render([new("system", system)], false) : Render([new("user", system + "\n\n")], false));

    /// <summary>Everything up to the first answer.</summary>
    public int[] FirstTurn(string system, string heard) => Begin(Render(First(system, heard), true));

    /// <summary>What stands between an answer and the next: the end of the turn, what was heard, the start of the answer.</summary>
    public int[] NextTurn(string system, string heard)
    {
        IReadOnlyList<PromptSegment> all = Render([.. First(system, "x"), new("assistant", Marker), new("user", heard)], true);
        for (int i = 0; i < all.Count; i++)
        {
            int at = all[i].Text.IndexOf(Marker, StringComparison.Ordinal);
            if (at < 0) continue;
            return Encode([all[i] with { Text = all[i].Text[(at + Marker.Length)..] }, .. all.Skip(i + 1)]);
        }

        throw new ChatTemplateException("chat template", 1, ChatTemplateFault.Evaluation, "it does not show what the assistant said: conversations cannot be continued.");
    }

    private List<ChatMessage> First(string system, string heard) => _hasSystem
        ? [new("system", system), new("user", heard)]
        : [new("user", system.Length == 0 ? heard : system + "\n\n" + heard)];

    private bool RendersSystem()
    {
        try
        {
            return _template.Render([new ChatMessage("system", Marker), new ChatMessage("user", "x")], true, _variables).Contains(Marker, StringComparison.Ordinal)
                && _template.Render([new ChatMessage("system", Marker)], false, _variables).Contains(Marker, StringComparison.Ordinal);
        }
        catch (ChatTemplateException)
        {
            return false;
        }
    }

    private IReadOnlyList<PromptSegment> Render(List<ChatMessage> messages, bool answer) => _template.RenderSegments(messages, answer, _variables, DateTime.UnixEpoch);

    /// <summary>A template that does not write BOS itself gets it at the start, where the model wants it.</summary>
    private int[] Begin(IReadOnlyList<PromptSegment> segments)
    {
        int[] ids = Encode(segments);
        return _tokenizer is { AddsBos: true, BosId: { } bos } && (ids.Length == 0 || ids[0] != bos) ? [bos, .. ids] : ids;
    }

    private int[] Encode(IReadOnlyList<PromptSegment> segments) => _tokenizer.Encode(segments);
}
