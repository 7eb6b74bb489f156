using System.Runtime.InteropServices;

namespace NpcMind.Text.Grammars;

/// <summary>
/// A grammar read byte by byte. A state is the set of readings (position, stack of open rules) that the bytes so far allow; each distinct set is one state,
/// and each step is computed once. States are numbered densely; <see cref="Forget"/> frees numbers.
/// </summary>
internal sealed class ByteAutomaton
{
    public const int None = -1;
    private const int Unknown = -2;
    private readonly GrammarProgram _program;
    private readonly string _name;
    private readonly int _classes;
    private readonly List<State> _states = [];
    private readonly Stack<int> _free = new();
    private readonly Dictionary<int, int> _byHash = [];
    private readonly Stack<ulong> _open = new();
    private readonly HashSet<ulong> _seen = [];
    private readonly List<ulong> _readings = [];
    private StackTable _stacks = new();
    private bool _complete;
    private long _work;
    private int _added;
    private long _stateInts;

    public ByteAutomaton(GrammarProgram program, string name)
    {
        _program = program;
        _name = name;
        _classes = program.Representative.Length;
        Open(program.Start, 0);
        Start = Close();
    }

    public int Start { get; }

    /// <summary>Numbers in use and free.</summary>
    public int Capacity => _states.Count;

    /// <summary>States known.</summary>
    public int Count => _states.Count - _free.Count;

    /// <summary>About how much memory states and stacks take.</summary>
    public long Bytes => (_stateInts * sizeof(int)) + (_stacks.Count * 48L);

    public bool IsKnown(int state) => (uint)state < (uint)_states.Count && _states[state].Next is not null;

    /// <summary>Whether the text so far is complete.</summary>
    public bool IsComplete(int state) => _states[state].Complete;

    /// <summary>Whether any byte can follow.</summary>
    public bool Continues(int state) => _states[state].Readings!.Length > 0;

    /// <summary>Begins a call: its work is counted from here.</summary>
    public void BeginWork()
    {
        _work = 0;
        _added = 0;
    }

    /// <summary>The state after a byte; <see cref="None"/> when the grammar does not allow it.</summary>
    public int Next(int state, byte value)
    {
        int byteClass = _program.ByteClass[value];
        int next = _states[state].Next![byteClass];
        return next == Unknown ? Step(state, byteClass) : next;
    }

    /// <summary>Frees all states but some; their numbers stay, their steps are computed anew.</summary>
    public void Forget(ReadOnlySpan<bool> keep)
    {
        StackTable stacks = new();
        _stateInts = 0;
        _byHash.Clear();
        _free.Clear();
        for (int i = 0; i < _states.Count; i++)
        {
            if (_states[i].Next is not { } next || !keep[i])
            {
                _states[i] = default;
                _free.Push(i);
                continue;
            }

            ulong[] readings = _states[i].Readings!;
            for (int r = 0; r < readings.Length; r++) readings[r] = Reading(Position(readings[r]), _stacks.CopyTo(stacks, Stack(readings[r])));
            Array.Sort(readings);
            Array.Fill(next, Unknown);
            Register(i, readings, _states[i].Complete, next);
        }

        _stacks = stacks;
    }

    private int Step(int state, int byteClass)
    {
        byte value = _program.Representative[byteClass];
        foreach (ulong reading in _states[state].Readings!)
        {
            _work++;
            foreach (ByteEdge edge in _program.Edges[Position(reading)])
                if (edge.First <= value && value <= edge.Last) Open(edge.Target, Stack(reading));
        }

        int next = Close();
        _states[state].Next![byteClass] = next;
        return next;
    }

    /// <summary>Adds a reading, unless its text could only be completed by opening too many rules.</summary>
    private void Open(int position, int stack)
    {
        if (_stacks.Depth(stack) + _program.Need[position] > GrammarLimits.Depth) return;
        ulong reading = Reading(position, stack);
        if (_seen.Add(reading)) _open.Push(reading);
    }

    /// <summary>Follows skips, calls and ends from the open readings until each waits for a byte; the state that these make.</summary>
    private int Close()
    {
        while (_open.TryPop(out ulong reading))
        {
            int position = Position(reading), stack = Stack(reading);
            if (++_work > GrammarLimits.Work || _seen.Count > GrammarLimits.Readings)
            {
                Clear();
                throw new GrammarException(_name, 0, 0, "the same text can be read in too many ways. Make the grammar less ambiguous: alternatives that begin alike should share that beginning.");
            }

            if (_program.IsEnd[position])
            {
                if (stack == 0) _complete = true;
                else Open(_stacks.Return(stack), _stacks.Below(stack));
                continue;
            }

            foreach (int target in _program.Skips[position]) Open(target, stack);
            foreach (Call call in _program.Calls[position])
            {
                // A call that ends its rule returns to whoever called that rule: right recursion needs no stack.
                if (_program.IsEnd[call.Return]) Open(call.Start, stack);
                else if (_stacks.Depth(stack) + _program.Need[call.Return] <= GrammarLimits.Depth) Open(call.Start, _stacks.Push(call.Return, stack));
            }

            if (_program.Edges[position].Length > 0) _readings.Add(reading);
        }

        _readings.Sort();
        int state = _readings.Count == 0 && !_complete ? None : Intern();
        Clear();
        return state;
    }

    private void Clear()
    {
        _open.Clear();
        _seen.Clear();
        _readings.Clear();
        _complete = false;
    }

    private int Intern()
    {
        ReadOnlySpan<ulong> readings = CollectionsMarshal.AsSpan(_readings);
        for (int at = _byHash.GetValueOrDefault(Hash(readings, _complete), None); at != None; at = _states[at].SameHash)
            if (_states[at].Complete == _complete && readings.SequenceEqual(_states[at].Readings)) return at;
        if (++_added > GrammarLimits.NewStates)
        {
            Clear();
            throw new GrammarException(_name, 0, 0, $"one step leads to more than {GrammarLimits.NewStates} states. Make the grammar simpler: fewer alternatives that begin alike, smaller repetitions.");
        }

        if (!_free.TryPop(out int state))
        {
            state = _states.Count;
            _states.Add(default);
        }

        int[] next = new int[_classes];
        Array.Fill(next, Unknown);
        Register(state, readings.ToArray(), _complete, next);
        return state;
    }

    private void Register(int state, ulong[] readings, bool complete, int[] next)
    {
        int hash = Hash(readings, complete);
        _stateInts += (2 * readings.Length) + next.Length + 32;
        _states[state] = new State(readings, next, complete, _byHash.GetValueOrDefault(hash, None));
        _byHash[hash] = state;
    }

    private static int Hash(ReadOnlySpan<ulong> readings, bool complete)
    {
        HashCode hash = new();
        hash.AddBytes(MemoryMarshal.AsBytes(readings));
        hash.Add(complete);
        return hash.ToHashCode();
    }

    private static ulong Reading(int position, int stack) => ((ulong)(uint)position << 32) | (uint)stack;

    private static int Position(ulong reading) => (int)(reading >> 32);

    private static int Stack(ulong reading) => (int)reading;

    private readonly record struct State(ulong[]? Readings, int[]? Next, bool Complete, int SameHash);
}
