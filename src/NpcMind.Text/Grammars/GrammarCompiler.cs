using System.Runtime.InteropServices;

namespace NpcMind.Text.Grammars;

/// <summary>
/// Rules to positions. Every construct is the set of ways from one position to another; a call that is the last step of a rule returns to
/// its end.
/// </summary>
internal sealed class GrammarCompiler
{
    private readonly GrammarSource _source;
    private readonly List<GrammarRule> _rules;
    private readonly List<(int, ByteEdge)> _edges = [];
    private readonly List<(int, int)> _skips = [];
    private readonly List<(int, Call)> _calls = [];
    private readonly Dictionary<ClassNode, List<ByteRange[]>> _sequences = new(ReferenceEqualityComparer.Instance);
    private int _count;
    private GrammarRule _rule;

    private GrammarCompiler(GrammarSource source, List<GrammarRule> rules)
    {
        _source = source;
        _rules = rules;
        _rule = rules[0];
    }

    public static GrammarProgram Compile(GrammarSource source, List<GrammarRule> rules) => new GrammarCompiler(source, rules).Run();

    private GrammarProgram Run()
    {
        _count = 2 * _rules.Count; // start and end of each rule
        for (int i = 0; i < _rules.Count; i++)
        {
            _rule = _rules[i];
            Build(_rule.Body!, StartOf(i), EndOf(i));
        }

        bool[] isEnd = new bool[_count];
        for (int i = 0; i < _rules.Count; i++) isEnd[EndOf(i)] = true;
        int[] need = GrammarChecks.Run(_source, _rules, _edges, _skips, _calls, isEnd);
        (byte[] classes, byte[] representative) = Classes();
        return new GrammarProgram
        {
            Start = StartOf(0),
            Edges = new PositionTable<ByteEdge>(_count, _edges),
            Skips = new PositionTable<int>(_count, _skips),
            Calls = new PositionTable<Call>(_count, _calls),
            IsEnd = isEnd,
            Need = need,
            ByteClass = classes,
            Representative = representative,
        };
    }

    public static int StartOf(int rule) => 2 * rule;

    public static int EndOf(int rule) => (2 * rule) + 1;

    private void Build(GrammarNode node, int from, int to)
    {
        switch (node)
        {
            case LiteralNode literal:
                BuildLiteral(literal.Utf8, from, to);
                break;
            case ClassNode set:
                BuildClass(set, from, to);
                break;
            case ReferenceNode reference:
                CheckEdges();
                _calls.Add((from, new Call(StartOf(reference.Rule), to)));
                break;
            case ChoiceNode choice:
                foreach (GrammarNode alternative in choice.Alternatives) Build(alternative, from, to);
                break;
            case SequenceNode sequence:
                if (sequence.Items.Count == 0) Skip(from, to);
                for (int i = 0; i < sequence.Items.Count; i++)
                {
                    int next = i == sequence.Items.Count - 1 ? to : New();
                    Build(sequence.Items[i], from, next);
                    from = next;
                }

                break;
            case RepeatNode repeat:
                BuildRepeat(repeat, from, to);
                break;
        }
    }

    private void BuildRepeat(RepeatNode repeat, int from, int to)
    {
        for (int i = 0; i < repeat.Minimum; i++)
        {
            int next = i == repeat.Minimum - 1 && repeat.Maximum == repeat.Minimum ? to : New();
            Build(repeat.Item, from, next);
            from = next;
        }

        if (repeat.Maximum is not { } maximum)
        {
            // A position of its own: other ways may lead out of 'from' and into 'to'.
            int loop = New();
            Skip(from, loop);
            Build(repeat.Item, loop, loop);
            Skip(loop, to);
            return;
        }

        if (maximum == 0) Skip(from, to);
        for (int i = repeat.Minimum; i < maximum; i++)
        {
            Skip(from, to);
            int next = i == maximum - 1 ? to : New();
            Build(repeat.Item, from, next);
            from = next;
        }
    }

    private void BuildLiteral(byte[] utf8, int from, int to)
    {
        if (utf8.Length == 0) Skip(from, to);
        for (int i = 0; i < utf8.Length; i++)
        {
            int next = i == utf8.Length - 1 ? to : New();
            Edge(from, new ByteRange(utf8[i], utf8[i]), next);
            from = next;
        }
    }

    private void BuildClass(ClassNode node, int from, int to)
    {
        if (!_sequences.TryGetValue(node, out List<ByteRange[]>? sequences))
        {
            sequences = [];
            foreach ((int first, int last) in node.Set.Ranges) Utf8Ranges.Append(first, last, sequences);
            _sequences.Add(node, sequences);
        }

        // Sequences that end alike share their last positions: without it, repeating a large class would need ten times as many.
        Dictionary<(int Target, ByteRange Range), int> shared = [];
        foreach (ByteRange[] sequence in sequences)
        {
            int target = to;
            for (int i = sequence.Length - 1; i > 0; i--)
            {
                ref int before = ref CollectionsMarshal.GetValueRefOrAddDefault(shared, (target, sequence[i]), out bool exists);
                if (!exists)
                {
                    before = New();
                    Edge(before, sequence[i], target);
                }

                target = before;
            }

            Edge(from, sequence[0], target);
        }
    }

    private int New() => _count < GrammarLimits.Positions ? _count++ : throw TooLarge();

    private void Edge(int from, ByteRange range, int to)
    {
        CheckEdges();
        _edges.Add((from, new ByteEdge(range.First, range.Last, to)));
    }

    private void Skip(int from, int to)
    {
        CheckEdges();
        if (from != to) _skips.Add((from, to));
    }

    private void CheckEdges()
    {
        if (_edges.Count + _skips.Count + _calls.Count >= GrammarLimits.Edges) throw TooLarge();
    }

    private GrammarException TooLarge() =>
        _source.Error(_rule.Offset, $"with this rule the grammar, repetitions written out, has more than {GrammarLimits.Positions} " +
            $"positions. Use smaller repetitions, or {{m,}} for no limit.");

    private (byte[] Classes, byte[] Representative) Classes()
    {
        bool[] begins = new bool[257];
        begins[0] = true;
        foreach ((_, ByteEdge edge) in _edges) begins[edge.First] = begins[edge.Last + 1] = true;
        byte[] classes = new byte[256];
        List<byte> representative = [];
        for (int value = 0; value < 256; value++)
        {
            if (begins[value]) representative.Add((byte)value);
            classes[value] = (byte)(representative.Count - 1);
        }

        return (classes, [.. representative]);
    }
}
