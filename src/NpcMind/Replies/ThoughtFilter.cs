namespace NpcMind;

/// <summary>
/// Tells what a model thinks from what it says, as text arrives: what stands between the marks of thoughts is kept apart, unless it is to
/// be shown. Blanks after a thought go with it.
/// </summary>
/// <param name="marks">What stands around thoughts.</param>
/// <param name="isOpen">Whether the text begins inside a thought.</param>
/// <param name="shows">Whether everything is said, marks included.</param>
internal sealed class ThoughtFilter(ThoughtMarks marks, bool isOpen, bool shows)
{
    private char[] _held = new char[64];
    private int _count;
    private char[] _thoughts = new char[256];
    private int _length;
    private bool _trims = !shows;

    /// <summary>Whether a thought is being written.</summary>
    public bool IsOpen { get; private set; } = isOpen;

    /// <summary>Characters that may begin a mark and are not said yet.</summary>
    public int Held => IsOpen ? 0 : _count;

    /// <summary>What was thought.</summary>
    public ReadOnlySpan<char> Thoughts => _thoughts.AsSpan(0, _length);

    /// <summary>What is said of a text.</summary>
    public static string Said(string text, ThoughtMarks marks, bool isOpen)
    {
        ReplyText said = new(0, []);
        ThoughtFilter filter = new(marks, isOpen, shows: false);
        filter.Take(text, said);
        filter.Finish(said);
        return said.Chars(0, said.Length).ToString();
    }

    /// <summary>Takes the text that came; what is said of it goes to <paramref name="said"/>.</summary>
    public void Take(ReadOnlySpan<char> text, ReplyText said)
    {
        Append(ref _held, ref _count, text);
        int start = 0;
        while (true)
        {
            ReadOnlySpan<char> rest = _held.AsSpan(start, _count - start);
            int close = rest.IndexOf(marks.Close, StringComparison.Ordinal),
                open = IsOpen ? -1 : rest.IndexOf(marks.Open, StringComparison.Ordinal);
            bool opens = open >= 0 && (close < 0 || open < close);
            int at = opens ? open : close;
            if (at < 0) break;
            string mark = opens ? marks.Open : marks.Close;
            Emit(rest[..at], said);
            if (shows) said.Write(mark);
            start += at + mark.Length;
            IsOpen = opens;
            _trims = !shows && (said.Length == 0 || char.IsWhiteSpace(said.Chars(said.Length - 1, said.Length)[0]));
        }

        ReadOnlySpan<char> last = _held.AsSpan(start, _count - start);
        int hold = Math.Max(Beginning(last, marks.Close), IsOpen ? 0 : Beginning(last, marks.Open));
        Emit(last[..^hold], said);
        last[^hold..].CopyTo(_held);
        _count = hold;
    }

    /// <summary>No more comes: what may have begun a mark began none.</summary>
    public void Finish(ReplyText said)
    {
        Emit(_held.AsSpan(0, _count), said);
        _count = 0;
    }

    /// <summary>Forgets what may have begun a mark.</summary>
    public void Drop() => _count = 0;

    private void Emit(ReadOnlySpan<char> text, ReplyText said)
    {
        if (IsOpen) Append(ref _thoughts, ref _length, text);
        if (IsOpen && !shows) return;
        if (_trims) text = text.TrimStart();
        if (text.IsEmpty) return;
        _trims = false;
        said.Write(text);
    }

    /// <summary>Characters at the end that may begin a mark.</summary>
    private static int Beginning(ReadOnlySpan<char> text, string mark)
    {
        for (int n = Math.Min(mark.Length - 1, text.Length); n > 0; n--)
            if (text[^n..].SequenceEqual(mark.AsSpan(0, n))) return n;
        return 0;
    }

    private static void Append(ref char[] buffer, ref int count, ReadOnlySpan<char> text)
    {
        if (count + text.Length > buffer.Length) Array.Resize(ref buffer, Math.Max(2 * buffer.Length, count + text.Length));
        text.CopyTo(buffer.AsSpan(count));
        count += text.Length;
    }
}
