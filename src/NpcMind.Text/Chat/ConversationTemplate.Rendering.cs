using System.Globalization;
using System.Text.Json;

namespace NpcMind.Text;

/// <content>How the pieces are cut out of what the template renders, and what is tried when it is made.</content>
internal sealed partial class ConversationTemplate
{
    private const string Mark = "\uE000\uE001\uE002"; // private use; a game's text may hold it all the same
    private const char Filler = '\uE005';
    private static readonly int[] Lengths = [1, 2, 3, 12];
    private static readonly string[] Lists = ["tools", "documents", "functions", "custom_tools", "builtin_tools", "available_tools"];

    /// <summary>What may stand for tools and the like, which there are none of: the first that renders is kept.</summary>
    private static IEnumerable<Dictionary<string, JsonElement>> Absent(ConversationSettings settings)
    {
        using JsonDocument document = JsonDocument.Parse("""{"none": null, "empty": [], "blank": ""}""");
        JsonElement none = document.RootElement.GetProperty("none").Clone(), empty = document.RootElement.GetProperty("empty").Clone(),
            blank = document.RootElement.GetProperty("blank").Clone();
        (string[] Names, JsonElement Value)[] forms =
            [(["tools", "documents"], none), ([], none), (["tools", "documents"], empty), (Lists, empty), (Lists, none), (Lists, blank)];
        foreach ((string[] names, JsonElement value) in forms)
        {
            Dictionary<string, JsonElement> variables = new(StringComparer.Ordinal);
            foreach (string name in names) variables[name] = value;
            foreach ((string name, JsonElement given) in settings.Variables) variables[name] = given;
            yield return variables;
        }
    }

    private static string Text(IReadOnlyList<PromptSegment> segments) => string.Concat(segments.Select(s => s.Text));

    /// <summary>A text that is in none of these, nor in the template: longer than any run of its filler.</summary>
    private string Unlike(char kind, string first, string second)
    {
        int run = Math.Max(_longestRun, Math.Max(LongestRun(first), LongestRun(second)));
        return run == 0 ? $"\uE000{kind}\uE002" : $"\uE000{kind}{new string(Filler, run + 1)}\uE002";
    }

    /// <summary>Longest run of the filler; 1 at least where a text holds anything of a marker.</summary>
    private static int LongestRun(string text)
    {
        int longest = 0, run = 0;
        for (int at = text.AsSpan().IndexOfAnyInRange('\uE000', Filler); at >= 0 && at < text.Length; at++)
        {
            if (text[at] is < '\uE000' or > Filler) run = 0;
            else longest = Math.Max(longest, run = text[at] == Filler ? run + 1 : 1);
        }

        return longest;
    }

    private string Place(string system, string heard) => _hasPlaceholder ? _settings.Placeholder! : Unlike('\uE003', system, heard);

    private ConversationPiece Piece(IReadOnlyList<PromptSegment> segments, string place) => new(segments, place, _hasPlaceholder);

    private List<ChatMessage> First(string system, string heard, int pictures, string place) => _hasSystem
        ? [Message("system", system), Heard(heard, pictures, place)]
        : [Heard(system.Length == 0 ? heard : system + "\n\n" + heard, pictures, place)];

    private ChatMessage Message(string role, string text) => new(role, text, InParts: _inParts);

    private ChatMessage Heard(string text, int pictures, string place) => pictures == 0 || _hasPlaceholder
        ? new ChatMessage("user", text, pictures, _inParts)
        : new ChatMessage("user", string.Concat(Enumerable.Repeat(place, pictures)) + text, InParts: _inParts);

    private IReadOnlyList<PromptSegment> Next(string system, DateTime? date, string heard, int pictures, bool isAnswered)
    {
        string marker = Unlike('\uE001', system, heard), last = Unlike('\uE004', system, heard);
        List<ChatMessage> messages =
            [.. First(system, "x", 0, ""), Message("assistant", marker), Heard(heard, pictures, Place(system, heard))];
        if (isAnswered) messages.AddRange([Message("assistant", last), Message("user", "x")]);
        IReadOnlyList<PromptSegment> after = After(Render(messages, true, date), marker);
        return isAnswered ? Until(after, last) : after;
    }

    /// <summary>What the template writes for an answer that lies back, with what is around it.</summary>
    private string Past(string answer) =>
        Text(Render([.. First("a", "b", 0, ""), Message("assistant", answer), Message("user", "x")], true, null));

    private IReadOnlyList<PromptSegment> After(IReadOnlyList<PromptSegment> all, string marker)
    {
        (int segment, int at) = Find(all, marker);
        return [all[segment] with { Text = all[segment].Text[(at + marker.Length)..] }, .. all.Skip(segment + 1)];
    }

    private IReadOnlyList<PromptSegment> Until(IReadOnlyList<PromptSegment> all, string marker)
    {
        (int segment, int at) = Find(all, marker);
        return [.. all.Take(segment), all[segment] with { Text = all[segment].Text[..at] }];
    }

    private (int Segment, int At) Find(IReadOnlyList<PromptSegment> all, string marker)
    {
        for (int i = 0; i < all.Count; i++)
            if (all[i].Text.IndexOf(marker, StringComparison.Ordinal) is >= 0 and int at) return (i, at);
        throw new ChatTemplateException(
            _name, 1, ChatTemplateFault.Evaluation, "it does not show what the assistant said: conversations cannot be continued");
    }

    /// <summary>Holds what is written after an answer against the same of longer conversations.</summary>
    private void CheckTurns()
    {
        const string Last = "\uE000\uE003\uE002";
        string? first = null;
        foreach (int turns in Lengths)
        {
            List<ChatMessage> messages = First("a", turns == 1 ? Last : "b", 0, "");
            for (int i = 1; i < turns; i++) messages.AddRange([Message("assistant", "c"), Message("user", i == turns - 1 ? Last : "d")]);
            IReadOnlyList<PromptSegment> all = Render([.. messages, Message("assistant", Mark), Message("user", "e")], true, null);
            After(all, Mark); // what was said has to be there
            string next = Text(After(all, Last));
            first ??= next;
            if (next != first)
                throw new ChatTemplateException(_name, 1, ChatTemplateFault.Syntax, $"it writes turn {turns + 1} unlike turn 2, as "
                    + "if turns were numbered: turns could not be added to a conversation");
        }
    }

    /// <summary>Whether the template leaves thoughts out of an answer that lies back, or takes no answer that has any.</summary>
    private bool Drops(ThoughtMarks marks)
    {
        try
        {
            return !Past($"{marks.Open}\n{Mark}\n{marks.Close}\n\nx").Contains(Mark, StringComparison.Ordinal);
        }
        catch (ChatTemplateException e) when (e.Fault != ChatTemplateFault.Limit)
        {
            return true;
        }
    }

    private bool Shows(ChatMessage message)
    {
        try
        {
            return Text(Render([message], true, null)).Contains(Mark, StringComparison.Ordinal);
        }
        catch (ChatTemplateException e) when (e.Fault != ChatTemplateFault.Limit)
        {
            _hasFailed |= e.Fault == ChatTemplateFault.Evaluation;
            return false;
        }
    }

    private bool RendersSystem()
    {
        try
        {
            return Text(Render([Message("system", Mark), Message("user", "x")], true, null)).Contains(Mark, StringComparison.Ordinal)
                && Text(Render([Message("system", Mark)], false, null)).Contains(Mark, StringComparison.Ordinal);
        }
        catch (ChatTemplateException e) when (e.Fault != ChatTemplateFault.Limit)
        {
            _hasFailed |= e.Fault == ChatTemplateFault.Evaluation;
            return false;
        }
    }

    private Dictionary<string, JsonElement> Variables(DateTime? date)
    {
        Dictionary<string, JsonElement> variables = new(_variables, StringComparer.Ordinal);
        if (_settings.DateIsChosen && _source.Contains("date_string", StringComparison.Ordinal)
            && !_settings.Variables.ContainsKey("date_string"))
            variables["date_string"] = TemplateVariables.Json(
                (date ?? _settings.Date).ToString("dd MMM yyyy", CultureInfo.InvariantCulture));
        return variables;
    }

    private IReadOnlyList<PromptSegment> Render(List<ChatMessage> messages, bool answer, DateTime? date)
    {
        // While it is tried a template has the steps of a short conversation for each.
        if (!_isReady) _steps = messages.Count <= 8 ? ShortSteps : CallSteps;
        return _template.RenderSegments(messages, answer, Variables(date), date ?? _settings.Date, ref _steps);
    }
}
