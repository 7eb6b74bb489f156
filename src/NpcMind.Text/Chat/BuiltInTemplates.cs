using System.Collections.Frozen;
using NpcMind.Gguf;

namespace NpcMind.Text;

/// <summary>
/// The chat template of a model file. Where the file holds the name of one that llama.cpp has built in, it is that one; an empty template
/// is none.
/// </summary>
internal static class BuiltInTemplates
{
    /// <summary>Key of the template in a model file.</summary>
    public const string Key = "tokenizer.chat_template";

    private const string Turns = "{% for m in messages %}";
    private const string ChatMl = Turns +
        "<|im_start|>{{ m.role }}\n{{ m.content }}<|im_end|>\n{% endfor %}{% if add_generation_prompt %}" +
        "<|im_start|>assistant\n{% endif %}";
    private const string Llama3 = Turns +
        "<|start_header_id|>{{ m.role }}<|end_header_id|>\n\n{{ m.content | trim }}<|eot_id|>{% endfor %}" +
        "{% if add_generation_prompt %}<|start_header_id|>assistant<|end_header_id|>\n\n{% endif %}";
    private const string Llama4 = Turns +
        "<|header_start|>{{ m.role }}<|header_end|>\n\n{{ m.content | trim }}<|eot|>{% endfor %}" +
        "{% if add_generation_prompt %}<|header_start|>assistant<|header_end|>\n\n{% endif %}";
    private const string Phi3 =
        Turns + "<|{{ m.role }}|>\n{{ m.content }}<|end|>\n{% endfor %}{% if add_generation_prompt %}<|assistant|>\n{% endif %}";
    private const string Zephyr =
        Turns + "<|{{ m.role }}|>\n{{ m.content }}<|endoftext|>\n{% endfor %}{% if add_generation_prompt %}<|assistant|>\n{% endif %}";

    private const string Gemma = "{% set ns = namespace(system='') %}" + Turns +
        "{% if m.role == 'system' %}{% set ns.system = m.content | trim %}{% else %}" +
        "<start_of_turn>{{ 'model' if m.role == 'assistant' else m.role }}\n" +
        "{% if ns.system and m.role == 'user' %}{{ ns.system }}\n\n{% set ns.system = '' %}{% endif %}{{ m.content | trim }}" +
        "<end_of_turn>\n{% endif %}{% endfor %}" +
        "{% if add_generation_prompt %}<start_of_turn>model\n{% endif %}";

    private const string Mistral = "{% set ns = namespace(system='') %}" + Turns +
        "{% if m.role == 'system' %}{% set ns.system = m.content %}{% elif m.role == 'user' %} [INST] {% if ns.system %}{{ ns.system }}" +
        "\n\n{% set ns.system = '' %}{% endif %}{{ m.content }} [/INST]" +
        "{% else %} {{ m.content }}{{ eos_token }}{% endif %}{% endfor %}";

    private const string Llama2 = "{% set ns = namespace(system='') %}" + Turns +
        "{% if m.role == 'system' %}{% set ns.system = m.content %}{% elif m.role == 'user' %}{{ bos_token }}[INST] {% if ns.system %}" +
        "<<SYS>>\n{{ ns.system }}\n<</SYS>>\n\n{% set ns.system = '' %}{% endif %}" +
        "{{ m.content }} [/INST]{% else %} {{ m.content }} {{ eos_token }}{% endif %}{% endfor %}";

    private const string Vicuna = Turns +
        "{% if m.role == 'system' %}{{ m.content }}\n\n{% elif m.role == 'user' %}USER: {{ m.content }}\n{% else %}" +
        "ASSISTANT: {{ m.content }}{{ eos_token }}\n{% endif %}{% endfor %}" +
        "{% if add_generation_prompt %}ASSISTANT:{% endif %}";

    private static readonly FrozenDictionary<string, string> Named = new Dictionary<string, string>(StringComparer.Ordinal)
    {
        ["chatml"] = ChatMl,
        ["llama2"] = Llama2,
        ["llama2-sys"] = Llama2,
        ["llama2-sys-bos"] = Llama2,
        ["llama3"] = Llama3,
        ["llama4"] = Llama4,
        ["mistral-v1"] = Mistral,
        ["phi3"] = Phi3,
        ["zephyr"] = Zephyr,
        ["gemma"] = Gemma,
        ["vicuna"] = Vicuna,
    }.ToFrozenDictionary(StringComparer.Ordinal);

    /// <summary>What conversations with a model without a template look like.</summary>
    internal const string Plain = Turns +
        "{% if m.role == 'system' %}{{ m.content }}\n\n{% elif m.role == 'user' %}User: {{ m.content }}" +
        "\n{% else %}Assistant: {{ m.content }}\n{% endif %}{% endfor %}{% if add_generation_prompt %}Assistant: {% endif %}";

    /// <summary>What begins a turn of <see cref="Plain"/>.</summary>
    internal static IReadOnlyList<string> PlainTurns { get; } = ["\nUser:", "\nAssistant:"];

    /// <summary>As <see cref="Of"/>, with a word that is no name as it is.</summary>
    internal static string? Find(GgufMetadata metadata) =>
        metadata.String(Key) is not { } text || string.IsNullOrWhiteSpace(text) ? null : Named.GetValueOrDefault(text.Trim(), text);

    /// <summary>Returns the template of a file; null where it has none, or an empty one.</summary>
    /// <exception cref="GgufFormatException">The value is not a text.</exception>
    /// <exception cref="ChatTemplateException">It is a word, and no name that is known.</exception>
    public static string? Of(GgufMetadata metadata)
    {
        ArgumentNullException.ThrowIfNull(metadata);
        string? source = Find(metadata);
        if (source is null || source.Contains('{', StringComparison.Ordinal) || source.Trim().Any(char.IsWhiteSpace)) return source;
        string name = source.Trim();
        if (name.Length > 40) name = name[..40] + "...";
        throw new ChatTemplateException($"{metadata.Path} {Key}", 1, ChatTemplateFault.Syntax, $"'{name}' is neither a template nor "
            + $"the name of one that is built in ({string.Join(", ", Named.Keys.Order(StringComparer.Ordinal))})");
    }
}
