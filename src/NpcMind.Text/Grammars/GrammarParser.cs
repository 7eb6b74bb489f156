using System.Globalization;
using System.Text;

namespace NpcMind.Text.Grammars;

/// <summary>GBNF text to rules: recursive descent, one method for each construct.</summary>
internal sealed class GrammarParser
{
    private readonly string _text;
    private readonly GrammarCharacters _characters;
    private readonly Dictionary<string, int> _byName = new(StringComparer.Ordinal);
    private readonly List<GrammarRule> _rules = [];
    private int _at;

    public GrammarParser(GrammarSource source)
    {
        Source = source;
        _text = source.Text;
        _characters = new GrammarCharacters(source);
    }

    private GrammarSource Source { get; }

    /// <summary>All rules, each defined; the first is the root.</summary>
    public List<GrammarRule> Parse()
    {
        if (_text.Length > GrammarLimits.TextLength)
            throw Source.Error(0, $"the grammar has {_text.Length} characters and at most {GrammarLimits.TextLength} are read. Split it.");
        if (_text.StartsWith('\uFEFF')) _at++; // the byte order mark of a file that was read as bytes
        Rule("root", 0);
        for (Skip(newLines: true); _at < _text.Length; Skip(newLines: true)) ParseRule();
        if (_rules[0].Body is null)
            throw Source.Error(_text.Length, "there is no rule 'root', where every text begins. Add a line root ::= ...");
        if (_rules.Find(rule => rule.Body is null) is { } missing)
            throw Source.Error(missing.Offset,
                $"the rule '{missing.Name}' is used here and defined nowhere. Add a line {missing.Name} ::= ..., or correct the name.");
        return _rules;
    }

    private void ParseRule()
    {
        int offset = _at;
        string name = Word();
        if (name.Length == 0)
            throw Source.Error(_at,
                $"expected a rule, name ::= ..., and found {Source.Show(_at)}. An alternative on its own line begins with '|'.");
        GrammarRule rule = _rules[Rule(name, offset)];
        if (rule.Body is not null)
            throw Source.Error(offset,
                $"the rule '{name}' is defined twice, first in line {Source.Line(rule.Offset)}. Join the two with '|', or rename one.");
        Skip(newLines: false);
        if (!_text.AsSpan(_at).StartsWith("::="))
            throw Source.Error(_at, $"expected '::=' after the rule name '{name}' and found {Source.Show(_at)}.");
        _at += 3;
        Skip(newLines: true);
        rule.Define(offset, Choice(depth: 0));
        if (_at < _text.Length && !AtNewLine)
            throw Source.Error(_at,
                $"did not expect {Source.Show(_at)} here. Close groups and quotes, and begin each rule on its own line.");
    }

    private GrammarNode Choice(int depth)
    {
        GrammarNode first = Sequence(depth);
        if (!AtBar(depth)) return first;
        List<GrammarNode> alternatives = [first];
        while (AtBar(depth))
        {
            _at++;
            Skip(newLines: true);
            alternatives.Add(Sequence(depth));
        }

        return new ChoiceNode(alternatives);
    }

    /// <summary>Whether an alternative follows; outside groups it may also begin the next line.</summary>
    private bool AtBar(int depth)
    {
        int before = _at;
        if (depth == 0) Skip(newLines: true);
        if (Current == '|') return true;
        _at = before;
        return false;
    }

    private GrammarNode Sequence(int depth)
    {
        List<GrammarNode> items = [];
        int marks = 0;
        for (Skip(newLines: depth > 0); _at < _text.Length; Skip(newLines: depth > 0))
        {
            if (Current is '*' or '+' or '?' or '{')
            {
                if (items.Count == 0)
                    throw Source.Error(_at,
                        $"there is nothing before {Source.Show(_at)} to repeat. Put a text, class, group or rule name before it, or " +
                        $"quote it.");
                if (++marks > GrammarLimits.Marks)
                    throw Source.Error(_at, $"more than {GrammarLimits.Marks} repetition marks follow one item. Use one.");
                items[^1] = Repeat(items[^1]);
                continue;
            }

            if (Item(depth) is not { } item) break;
            items.Add(item);
            marks = 0;
        }

        return items.Count == 1 ? items[0] : new SequenceNode(items);
    }

    private GrammarNode? Item(int depth)
    {
        switch (Current)
        {
            case '"':
                return _characters.Literal(ref _at);
            case '[':
                return _characters.Class(ref _at);
            case '.':
                _at++;
                return new ClassNode(CodePointSet.All);
            case '<' or '!':
                throw Source.Error(_at, "tokens in grammars are not supported. Write their text in quotes.");
            case '(':
                return Group(depth + 1);
            default:
                int offset = _at;
                string name = Word();
                return name.Length == 0 ? null : new ReferenceNode(Rule(name, offset));
        }
    }

    private GrammarNode Group(int depth)
    {
        int open = _at;
        if (depth > GrammarLimits.Nesting)
            throw Source.Error(open, $"groups are nested deeper than {GrammarLimits.Nesting}. Give the inner ones a rule of their own.");
        _at++;
        Skip(newLines: true);
        GrammarNode inner = Choice(depth);
        if (Current != ')')
            throw Source.Error(_at, $"expected ')' for the group opened in line {Source.Line(open)} and found {Source.Show(_at)}.");
        _at++;
        return inner;
    }

    private RepeatNode Repeat(GrammarNode item)
    {
        int open = _at;
        switch (_text[_at++])
        {
            case '*': return new RepeatNode(item, 0, null);
            case '+': return new RepeatNode(item, 1, null);
            case '?': return new RepeatNode(item, 0, 1);
        }

        Skip(newLines: true);
        int minimum = Number(open);
        int? maximum = minimum;
        if (Current == ',')
        {
            _at++;
            Skip(newLines: true);
            maximum = Current == '}' ? null : Number(open);
        }

        if (Current != '}')
            throw Source.Error(_at, $"expected '}}' and found {Source.Show(_at)}. Repetitions are written {{m}}, {{m,}} or {{m,n}}.");
        _at++;
        if (maximum < minimum) throw Source.Error(open, $"at least {minimum} and at most {maximum} times is never. Swap the numbers.");
        return new RepeatNode(item, minimum, maximum);
    }

    private int Number(int open)
    {
        int start = _at;
        while (char.IsAsciiDigit(Current)) _at++;
        if (start == _at)
            throw Source.Error(_at, $"expected a number and found {Source.Show(_at)}. Repetitions are written {{m}}, {{m,}} or {{m,n}}.");
        if (int.TryParse(_text.AsSpan(start, _at - start), NumberStyles.None, CultureInfo.InvariantCulture, out int value)
            && value <= GrammarLimits.Repetition)
        {
            Skip(newLines: true);
            return value;
        }

        throw Source.Error(open, $"a repetition can be at most {GrammarLimits.Repetition}. Use a smaller number, or {{m,}} for no limit.");
    }

    private int Rule(string name, int offset)
    {
        if (_byName.TryGetValue(name, out int index)) return index;
        _byName.Add(name, _rules.Count);
        _rules.Add(new GrammarRule(name, offset));
        return _rules.Count - 1;
    }

    private string Word()
    {
        int start = _at;
        while (Current is '-' or '_' || char.IsAsciiLetterOrDigit(Current)) _at++;
        return _text[start.._at];
    }

    private char Current => _at < _text.Length ? _text[_at] : '\0';

    private bool AtNewLine => Current is '\r' or '\n';

    private void Skip(bool newLines)
    {
        for (; _at < _text.Length; _at++)
        {
            if (Current == '#')
            {
                while (_at < _text.Length && !AtNewLine) _at++;
                if (_at == _text.Length) return;
            }

            if (Current is not (' ' or '\t') && !(newLines && AtNewLine)) return;
        }
    }
}

/// <summary>A grammar's text and name: turns offsets into places for errors.</summary>
internal sealed record GrammarSource(string Text, string Name)
{
    public GrammarException Error(int offset, string problem)
    {
        int end = Math.Min(offset, Text.Length), line = Line(end);
        return new GrammarException(Name, line, end - LineStart(end) + 1, problem);
    }

    public int Line(int offset)
    {
        int line = 1;
        for (int i = 0; i < offset; i++)
            if (EndsLine(i)) line++;
        return line;
    }

    /// <summary>The character at an offset for a message.</summary>
    public string Show(int offset)
    {
        if (offset >= Text.Length) return "the end of the grammar";
        if (Text[offset] is '\r' or '\n') return "the end of the line";
        return Rune.TryGetRuneAt(Text, offset, out Rune rune) && !Rune.IsControl(rune) ? $"'{rune}'" : $"U+{(int)Text[offset]:X4}";
    }

    private int LineStart(int offset)
    {
        while (offset > 0 && !EndsLine(offset - 1)) offset--;
        return offset;
    }

    private bool EndsLine(int at) => Text[at] == '\n' || (Text[at] == '\r' && (at + 1 == Text.Length || Text[at + 1] != '\n'));
}
