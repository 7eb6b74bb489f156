namespace NpcMind.Text.Grammars;

/// <summary>
/// Refuses grammars that could not be followed: rules without an end, rules that begin with themselves, rules nested beyond the limit.
/// </summary>
internal static class GrammarChecks
{
    private const int Never = int.MaxValue, TooDeep = GrammarLimits.Depth + 1;

    /// <summary>A way on from a position: to the target, or through a rule to it.</summary>
    private readonly record struct Way(int From, int Target, int Rule = -1);

    /// <returns><see cref="GrammarProgram.Need"/>.</returns>
    public static int[] Run(GrammarSource source, List<GrammarRule> rules, List<(int, ByteEdge)> edges, List<(int, int)> skips,
        List<(int, Call)> calls, bool[] isEnd)
    {
        List<Way> ways = [];
        foreach ((int from, int to) in skips) ways.Add(new Way(from, to));
        foreach ((int from, Call call) in calls) ways.Add(new Way(from, call.Return, call.Start));
        CheckBeginnings(source, rules, ways, Needs(ways, isEnd));

        foreach ((int from, ByteEdge edge) in edges) ways.Add(new Way(from, edge.Target));
        int[] needs = Needs(ways, isEnd);
        for (int i = 0; i < rules.Count; i++)
        {
            int need = needs[GrammarCompiler.StartOf(i)];
            if (need == Never)
                throw source.Error(rules[i].Offset,
                    $"the rule '{rules[i].Name}' can never end: every way through it leads into it again. Add an alternative that " +
                    $"does not.");
            if (need == TooDeep)
                throw source.Error(rules[i].Offset,
                    $"even the flattest text of the rule '{rules[i].Name}' opens more than {GrammarLimits.Depth} rules inside one " +
                    $"another. Use fewer rules.");
        }

        return needs;
    }

    /// <summary>
    /// Open rules needed to get from each position to the end of its rule along the ways given; <see cref="Never"/> where there is no way.
    /// Knuth's generalisation of Dijkstra's algorithm: a need is at least that of what follows, so positions are settled once, in order of
    /// need.
    /// </summary>
    private static int[] Needs(List<Way> ways, bool[] isEnd)
    {
        List<(int, Way)> entries = new(ways.Count);
        foreach (Way way in ways)
        {
            entries.Add((way.Target, way));
            if (way.Rule >= 0) entries.Add((way.Rule, way));
        }

        PositionTable<Way> into = new(isEnd.Length, entries);
        int[] needs = new int[isEnd.Length];
        Array.Fill(needs, Never);
        Stack<int>[] open = new Stack<int>[TooDeep + 1];
        for (int need = 0; need <= TooDeep; need++) open[need] = new Stack<int>();
        for (int position = 0; position < isEnd.Length; position++)
            if (isEnd[position]) open[0].Push(position);
        for (int need = 0; need <= TooDeep; need++)
        {
            while (open[need].TryPop(out int position))
            {
                if (needs[position] != Never) continue;
                needs[position] = need;
                foreach (Way way in into[position])
                {
                    if (needs[way.From] != Never || needs[way.Target] == Never || (way.Rule >= 0 && needs[way.Rule] == Never)) continue;
                    int inside = way.Rule < 0 ? 0 : needs[way.Rule] + (isEnd[way.Target] ? 0 : 1);
                    open[Math.Min(Math.Max(inside, needs[way.Target]), TooDeep)].Push(way.From);
                }
            }
        }

        return needs;
    }

    /// <summary>A rule that begins with itself would be opened without end before the first byte.</summary>
    private static void CheckBeginnings(GrammarSource source, List<GrammarRule> rules, List<Way> ways, int[] empty)
    {
        List<(int, Way)> entries = new(ways.Count);
        foreach (Way way in ways) entries.Add((way.From, way));
        PositionTable<Way> from = new(empty.Length, entries);

        int[] settled = new int[empty.Length]; // 0 unseen, 1 on the path, 2 done
        Stack<(int Position, int Next)> path = new();
        for (int i = 0; i < rules.Count; i++)
        {
            if (settled[GrammarCompiler.StartOf(i)] == 0) path.Push((GrammarCompiler.StartOf(i), 0));
            while (path.TryPop(out (int Position, int Next) top))
            {
                settled[top.Position] = 1;
                // Each way counts twice: into the rule that it calls, and past that rule where the rule can be empty.
                ReadOnlySpan<Way> next = from[top.Position];
                if (top.Next == 2 * next.Length)
                {
                    settled[top.Position] = 2;
                    continue;
                }

                path.Push((top.Position, top.Next + 1));
                Way way = next[top.Next / 2];
                int target = top.Next % 2 == 0 ? way.Rule : way.Rule < 0 || empty[way.Rule] != Never ? way.Target : -1;
                if (target < 0 || settled[target] == 2) continue;
                if (settled[target] == 0)
                {
                    path.Push((target, 0));
                    continue;
                }

                if (FindRule(path, target, rules.Count) is { } rule)
                    throw source.Error(rules[rule].Offset,
                        $"the rule '{rules[rule].Name}' begins with itself. Repeat with '*' or '+' instead, or put what comes first " +
                        $"before it.");
            }
        }
    }

    /// <summary>The rule whose start lies on a cycle of the path; none where the cycle is only an empty loop inside a rule.</summary>
    private static int? FindRule(Stack<(int Position, int Next)> path, int target, int rules)
    {
        int? rule = null;
        foreach ((int position, _) in path)
        {
            if (position < 2 * rules) rule = position / 2;
            if (position == target) break;
        }

        return rule;
    }
}
