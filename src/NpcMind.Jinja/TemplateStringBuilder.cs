using System.Text;

namespace NpcMind.Jinja;

/// <summary>Collects text and where it comes from, within the budget.</summary>
internal sealed class TemplateStringBuilder(Budget budget)
{
    private readonly StringBuilder _text = new();
    private readonly List<int> _cuts = [];
    private bool _first;
    private bool _last;

    public int Length => _text.Length;

    public Budget Budget => budget;

    public void Append(string text, bool untrusted = false) => Append(text, 0, text.Length, untrusted);

    public void Append(char character, int count, bool untrusted = false)
    {
        if (count <= 0) return;
        Mark(count, untrusted);
        _text.Append(character, count);
    }

    public void Append(TemplateString text) => Append(text, 0, text.Length);

    public void Append(TemplateString text, int start, int length)
    {
        if (length <= 0) return;
        if (text.IsUniform)
        {
            Append(text.Value, start, length, text.HasUntrusted);
            return;
        }

        foreach ((int at, int count, bool untrusted) in text.Runs(start, length)) Append(text.Value, at, count, untrusted);
    }

    public TemplateString ToTemplateString(bool isMarkup = false) =>
        _text.Length == 0 && !isMarkup ? TemplateString.Empty : TemplateString.Create(_text.ToString(), _first, [.. _cuts], isMarkup);

    private void Append(string text, int start, int length, bool untrusted)
    {
        if (length == 0) return;
        Mark(length, untrusted);
        _text.Append(text, start, length);
    }

    private void Mark(int length, bool untrusted)
    {
        if ((long)Length + length > budget.MaxLength) budget.Reserve((long)Length + length);
        budget.Spend(1 + (length >> 3));
        if (Length == 0) _first = untrusted;
        else if (untrusted != _last) _cuts.Add(Length);
        _last = untrusted;
    }
}
