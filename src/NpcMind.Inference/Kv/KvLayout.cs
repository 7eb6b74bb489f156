namespace NpcMind.Inference;

/// <summary>Layers whose keys and values share blocks: they see equally far.</summary>
/// <param name="Span">How far.</param>
/// <param name="Layers">Which, in order.</param>
internal sealed record KvGroup(AttentionSpan Span, IReadOnlyList<int> Layers);

/// <summary>
/// Which layers share blocks. Layers that see equally far form groups of equal size, so that a block of any group fits into any place of
/// one pool: what chunked layers no longer see is free for whoever needs it (docs/decisions/0015). A model whose layers all see everything
/// has one group.
/// </summary>
internal sealed class KvLayout
{
    /// <summary>Tokens that stay in the cache beyond what is seen, so that taking back a few does not mean reading a chunk again.</summary>
    public const int SlackTokens = 32;

    private readonly (int Group, int Lane)[] _places;

    public KvLayout(ModelConfig config, int contextTokens)
    {
        AttentionSpan[] spans = [.. config.Spans.Select(s => s.Within(contextTokens))];
        AttentionSpan[] kinds = [.. spans.Distinct()];
        int size = kinds.Select(k => spans.Count(s => s == k)).Aggregate(Gcd);
        List<KvGroup> groups = [];
        foreach (AttentionSpan kind in kinds)
            groups.AddRange(Enumerable.Range(0, spans.Length).Where(i => spans[i] == kind).Chunk(size)
                .Select(layers => new KvGroup(kind, layers)));
        Groups = groups;
        LayersPerBlock = size;
        _places = new (int, int)[spans.Length];
        for (int g = 0; g < groups.Count; g++)
            for (int lane = 0; lane < size; lane++) _places[groups[g].Layers[lane]] = (g, lane);
    }

    public IReadOnlyList<KvGroup> Groups { get; }

    /// <summary>Layers whose keys and values a block holds.</summary>
    public int LayersPerBlock { get; }

    /// <summary>Whether some layers see less than everything.</summary>
    public bool Forgets => Groups.Any(g => g.Span.Kind != AttentionSpanKind.Full);

    /// <summary>A layer's group, and its place in a block.</summary>
    public (int Group, int Lane) Of(int layer) => _places[layer];

    /// <summary>
    /// Most blocks, over all groups, that <paramref name="sequences"/> sequences with together <paramref name="tokens"/> tokens can hold
    /// while steps of <paramref name="rows"/> rows run.
    /// </summary>
    public long Blocks(long tokens, int sequences, int rows)
    {
        long all = (tokens + KvCache.BlockTokens - 1) / KvCache.BlockTokens, count = 0;
        foreach (KvGroup group in Groups)
        {
            long seen = (long)sequences * ((group.Span.Tokens + SlackTokens + rows) / KvCache.BlockTokens + 3);
            count += group.Span.Kind == AttentionSpanKind.Full ? all : Math.Min(all, seen);
        }

        return count;
    }

    private static int Gcd(int a, int b) => b == 0 ? a : Gcd(b, a % b);
}
