using NpcMind.Scheduling;

namespace NpcMind.Inference;

/// <summary>A list of dispatches and what each costs by. Immutable; making one allocates.</summary>
internal sealed class WorkPlan
{
    private readonly int[][] _classes;

    /// <summary>Finds the cost classes of a list of dispatches.</summary>
    public WorkPlan(IReadOnlyList<GraphNode> nodes, CostModel costs)
    {
        ArgumentNullException.ThrowIfNull(nodes);
        ArgumentNullException.ThrowIfNull(costs);
        Nodes = nodes;
        _classes = [.. nodes.Select(node => node.Variants.Select((_, i) => costs.Class(node.CostKey(i))).ToArray())];
    }

    /// <summary>The dispatches, in order.</summary>
    public IReadOnlyList<GraphNode> Nodes { get; }

    /// <summary>Cost class of a variant of a dispatch.</summary>
    public int Class(int node, int variant) => _classes[node][variant];
}

/// <summary>Work under way and how far it is recorded: the dispatch, and the workgroup in it.</summary>
internal sealed class WorkCursor
{
    private WorkPlan? _plan;

    public IReadOnlyList<GraphNode> Nodes => _plan!.Nodes;

    public StepShape Shape { get; private set; }

    public int Node { get; set; }

    public long Position { get; set; }

    public bool IsActive { get; set; }

    public int Class(int variant) => _plan!.Class(Node, variant);

    public void Begin(WorkPlan plan, StepShape shape)
    {
        _plan = plan;
        Shape = shape;
        Node = 0;
        Position = 0;
        IsActive = true;
    }
}
