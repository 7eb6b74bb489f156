namespace NpcMind.Text.Grammars;

/// <summary>
/// The stacks of open rules, each distinct one once: a stack is a position to return to and the stack below. 0 is the empty stack.
/// </summary>
internal sealed class StackTable
{
    private readonly Dictionary<(int Return, int Below), int> _known = [];
    private readonly List<(int Return, int Below, int Depth)> _stacks = [(0, 0, 0)];

    public int Count => _stacks.Count;

    public int Return(int stack) => _stacks[stack].Return;

    public int Below(int stack) => _stacks[stack].Below;

    public int Depth(int stack) => _stacks[stack].Depth;

    public int Push(int position, int below)
    {
        if (_known.TryGetValue((position, below), out int stack)) return stack;
        stack = _stacks.Count;
        _stacks.Add((position, below, Depth(below) + 1));
        _known.Add((position, below), stack);
        return stack;
    }

    /// <summary>Sets aside memory.</summary>
    public void Reserve(int stacks)
    {
        _known.EnsureCapacity(stacks);
        _stacks.EnsureCapacity(stacks);
    }

    public void Clear()
    {
        _known.Clear();
        _stacks.RemoveRange(1, _stacks.Count - 1);
    }

    /// <summary>The same stack in another table.</summary>
    public int CopyTo(StackTable other, int stack) => stack == 0 ? 0 : other.Push(Return(stack), CopyTo(other, Below(stack)));
}
