using NpcMind.Gguf;
using NpcMind.Text;

namespace NpcMind;

/// <summary>
/// A model's chat template as the pieces that conversations are made of, in tokens: how it opens, the first turn, and what stands between one answer and the
/// next. Words of players never become control tokens. Templates without a system role get its text at the head of the first turn. Pictures stand where the template puts
/// them, or at the head of their turn where it knows none.
/// </summary>
internal sealed class ChatFormat
{
    private const string Plain = "{% for m in messages %}{% if m.role == 'system' %}{{ m.content }}\n\n{% elif m.role == 'user' %}User: {{ m.content }}\n{% else %}Assistant: {{ m.content }}\n{% endif %}{% endfor %}{% if add_generation_prompt %}Assistant: {% endif %}";
    private const string Marker = "\uE000\uE001\uE002"; // private use: not in any prompt
    private const string PictureMarker = "\uE000\uE003\uE002";
    private readonly Tokenizer _tokenizer;
    private readonly ChatTemplate _template;
    private readonly Dictionary<string, string> _variables = new(StringComparer.Ordinal);
    private readonly string? _placeholder;
    private readonly bool _hasSystem;
    private readonly bool _inParts;

    /// <param name="file">Model.</param>
    /// <param name="tokenizer">Its tokenizer.</param>
    /// <param name="placeholder">What the template writes where a picture belongs; null for a model without eyes.</param>
    /// <exception cref="ChatTemplateException">The template cannot render a conversation of a system prompt and turns.</exception>
    public ChatFormat(GgufFile file, Tokenizer tokenizer, string? placeholder = null)
    {
        _tokenizer = tokenizer;
        _template = ChatTemplate.Parse(file.Metadata.String("tokenizer.chat_template") ?? Plain, file.Path + " tokenizer.chat_template");
        if (tokenizer.BosId is { } bos) _variables["bos_token"] = tokenizer.Piece(bos);
        if (tokenizer.EosId is { } eos) _variables["eos_token"] = tokenizer.Piece(eos);
        _hasSystem = RendersSystem();
        if (!_hasSystem && !Shows(new ChatMessage("user", Marker)))
        {
            _inParts = true; // some take nothing but lists of parts
            _hasSystem = RendersSystem();
        }

        NextTurn("a", "b"); // a template that cannot do this must say so at load, not in a game
        if (placeholder is not null && Render([new ChatMessage("user", "x", 1)], false).Count(s => s.Trusted && s.Text.Contains(placeholder, StringComparison.Ordinal)) == 1) _placeholder = placeholder;
    }

    /// <summary>Renderings so far, for tests of what a call costs.</summary>
    internal long Renderings { get; private set; }

    /// <summary>What a conversation with this system prompt begins with, as far as it is known before anything is said.</summary>
    public int[] Opening(string system) => Begin(_hasSystem ? Render([Message("system", system)], false) : Render([Message("user", system + "\n\n")], false), []);

    /// <summary>Everything up to the first answer.</summary>
    public int[] FirstTurn(string system, string heard, IReadOnlyList<Sight>? seen = null) => Begin(Render(First(system, heard, seen ?? []), true), seen ?? []);

    /// <summary>What stands between an answer and the next: the end of the turn, what was heard, the start of the answer.</summary>
    public int[] NextTurn(string system, string heard, IReadOnlyList<Sight>? seen = null)
    {
        seen ??= [];
        IReadOnlyList<PromptSegment> all = Render([.. First(system, "x", []), Message("assistant", Marker), Heard(heard, seen)], true);
        for (int i = 0; i < all.Count; i++)
        {
            int at = all[i].Text.IndexOf(Marker, StringComparison.Ordinal);
            if (at < 0) continue;
            return Encode([all[i] with { Text = all[i].Text[(at + Marker.Length)..] }, .. all.Skip(i + 1)], seen);
        }

        throw new ChatTemplateException("chat template", 1, ChatTemplateFault.Evaluation, "it does not show what the assistant said: conversations cannot be continued.");
    }

    private List<ChatMessage> First(string system, string heard, IReadOnlyList<Sight> seen) => _hasSystem
        ? [Message("system", system), Heard(heard, seen)]
        : [Heard(system.Length == 0 ? heard : system + "\n\n" + heard, seen)];

    private ChatMessage Message(string role, string text) => new(role, text, InParts: _inParts);

    private ChatMessage Heard(string text, IReadOnlyList<Sight> seen) => seen.Count == 0 || _placeholder is not null
        ? new ChatMessage("user", text, seen.Count, _inParts)
        : new ChatMessage("user", string.Concat(Enumerable.Repeat(PictureMarker, seen.Count)) + text, InParts: _inParts);

    private bool Shows(ChatMessage message)
    {
        try
        {
            return _template.Render([message], true, _variables).Contains(Marker, StringComparison.Ordinal);
        }
        catch (ChatTemplateException)
        {
            return false;
        }
    }

    private bool RendersSystem()
    {
        try
        {
            return _template.Render([Message("system", Marker), Message("user", "x")], true, _variables).Contains(Marker, StringComparison.Ordinal)
                && _template.Render([Message("system", Marker)], false, _variables).Contains(Marker, StringComparison.Ordinal);
        }
        catch (ChatTemplateException)
        {
            return false;
        }
    }

    private IReadOnlyList<PromptSegment> Render(List<ChatMessage> messages, bool answer)
    {
        Renderings++;
        return _template.RenderSegments(messages, answer, _variables, DateTime.UnixEpoch);
    }

    /// <summary>A template that does not write BOS itself gets it at the start, where the model wants it.</summary>
    private int[] Begin(IReadOnlyList<PromptSegment> segments, IReadOnlyList<Sight> seen)
    {
        int[] ids = Encode(segments, seen);
        return _tokenizer is { AddsBos: true, BosId: { } bos } && (ids.Length == 0 || ids[0] != bos) ? [bos, .. ids] : ids;
    }

    /// <summary>Tokens of a prompt, with the tokens of pictures where their places are.</summary>
    private int[] Encode(IReadOnlyList<PromptSegment> segments, IReadOnlyList<Sight> seen)
    {
        if (seen.Count == 0) return _tokenizer.Encode(segments);
        string place = _placeholder ?? PictureMarker;
        List<int> ids = [];
        List<PromptSegment> text = [];
        int next = 0;
        foreach (PromptSegment segment in segments)
        {
            string rest = segment.Text;
            // A placeholder in a player's words is words.
            while (next < seen.Count && (segment.Trusted || _placeholder is null) && rest.IndexOf(place, StringComparison.Ordinal) is >= 0 and int at)
            {
                text.Add(segment with { Text = rest[..at] });
                _tokenizer.Encode(text, ids);
                text.Clear();
                ids.AddRange(seen[next++].Tokens);
                rest = rest[(at + place.Length)..];
            }

            text.Add(segment with { Text = rest });
        }

        _tokenizer.Encode(text, ids);
        return [.. ids];
    }
}
