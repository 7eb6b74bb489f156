using NpcMind.Gguf;
using NpcMind.Text;

namespace NpcMind.Cli.Needle;

/// <summary>Cases as prompts of a model, as long as asked for. Used by one thread.</summary>
internal sealed class NeedlePrompt
{
    private readonly Tokenizer _tokenizer;
    private readonly ConversationTemplate? _template;

    public NeedlePrompt(GgufFile file, Tokenizer tokenizer)
    {
        _tokenizer = tokenizer;
        _template = BuiltInTemplates.Of(file.Metadata) is null ? null : TemplateVerb.Load(file);
    }

    /// <summary>The prompt of a case, up to where the answer goes on.</summary>
    public int[] Encode(NeedleCase needle)
    {
        if (_template is null) return _tokenizer.Encode($"{needle.Prompt}\n\n{needle.Cue}", addSpecial: !_tokenizer.AddsEos);
        IReadOnlyList<PromptSegment> prompt = _template.Render([new ChatMessage("user", needle.Prompt)], addGenerationPrompt: true);
        return _tokenizer.Encode([.. prompt, new PromptSegment(needle.Cue, false)]);
    }

    /// <summary>The largest case of a task that, with its answer, is no longer than <paramref name="length"/> tokens.</summary>
    /// <exception cref="CliException">Not even the smallest is so short.</exception>
    public NeedleCase Fit(string task, int length, double depth, ulong seed)
    {
        int fits = -1, most = 1;
        while (Takes(most) <= length && most < length) (fits, most) = (most, most * 2);
        for (int low = fits + 1, high = most; low < high;)
        {
            int middle = (low + high) / 2;
            if (Takes(middle) <= length) (fits, low) = (middle, middle + 1);
            else high = middle;
        }

        if (fits < 0) throw new CliException($"--length {length}: the task '{task}' takes at least {Takes(0)} tokens with this model.");
        return NeedleTasks.Make(task, fits, depth, seed);

        int Takes(int size)
        {
            NeedleCase needle = NeedleTasks.Make(task, size, depth, seed);
            return Encode(needle).Length + needle.AnswerTokens;
        }
    }
}
