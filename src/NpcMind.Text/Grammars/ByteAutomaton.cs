using System.Runtime.InteropServices;

namespace NpcMind.Text.Grammars;

/// <summary>
/// A grammar read byte by byte. A state is the set of readings (position, stack of open rules) that the bytes so far allow; each distinct
/// set is one state, and each step is computed once. States are numbered densely; <see cref="Forget"/> frees numbers. Nothing is allocated
/// while states fit into what <see cref="Reserve"/> has set aside.
/// </summary>
internal sealed class ByteAutomaton
{
    public const int None = -1;
    private const int Unknown = -2;
    private readonly GrammarProgram _program;
    private readonly string _name;
    private readonly int _classes;
    private readonly Stack<int> _free = new();
    private readonly Dictionary<int, int> _byHash = [];
    private readonly Stack<ulong> _open = new();
    private readonly HashSet<ulong> _seen = [];
    private readonly List<ulong> _readings = [];
    private State[] _states = [];
    private int[] _next = [];
    private ulong[] _stored = [];
    private ulong[] _kept = [];
    private StackTable _stacks = new();
    private StackTable _spareStacks = new();
    private int _stateCount;
    private int _storedCount;
    private bool _complete;
    private long _work;
    private int _added;
    private long _stateInts;

    public ByteAutomaton(GrammarProgram program, string name)
    {
        _program = program;
        _name = name;
        _classes = program.Representative.Length;
        Reserve(64);
        Open(program.Start, 0);
        Start = Close();
    }

    public int Start { get; }

    /// <summary>Numbers in use and free.</summary>
    public int Capacity => _stateCount;

    /// <summary>States known.</summary>
    public int Count => _stateCount - _free.Count;

    /// <summary>About how much memory states and stacks take.</summary>
    public long Bytes => (_stateInts * sizeof(int)) + (_stacks.Count * 48L);

    public bool IsKnown(int state) => (uint)state < (uint)_stateCount && _states[state].IsKnown;

    /// <summary>Whether the text so far is complete.</summary>
    public bool IsComplete(int state) => _states[state].Complete;

    /// <summary>Whether any byte can follow.</summary>
    public bool Continues(int state) => _states[state].Readings > 0;

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
        int next = _next[(state * _classes) + byteClass];
        return next == Unknown ? Step(state, byteClass) : next;
    }

    /// <summary>The only byte that can follow a text that is not complete; -1 where there is a choice.</summary>
    public int Only(int state)
    {
        if (IsComplete(state)) return -1;
        int only = -1;
        for (int i = 0; i < _classes; i++)
        {
            int next = _next[(state * _classes) + i];
            if ((next == Unknown ? Step(state, i) : next) == None) continue;
            if (only >= 0) return -1;
            only = i;
        }

        return only >= 0 && _program.ByteClass.AsSpan().Count((byte)only) == 1 ? _program.Representative[only] : -1;
    }

    /// <summary>Adds the states after one byte that are not known yet.</summary>
    public void AddNext(int state, List<int> states, HashSet<int> known)
    {
        for (int i = 0; i < _classes; i++)
        {
            int next = _next[(state * _classes) + i];
            if (next == Unknown) next = Step(state, i);
            if (next != None && known.Add(next)) states.Add(next);
        }
    }

    /// <summary>Frees all states but some; their numbers stay, their steps are computed anew.</summary>
    public void Forget(ReadOnlySpan<bool> keep)
    {
        _spareStacks.Clear();
        _stateInts = 0;
        _byHash.Clear();
        _free.Clear();
        int kept = 0;
        for (int i = 0; i < _stateCount; i++)
        {
            State state = _states[i];
            if (!state.IsKnown || !keep[i])
            {
                _states[i] = default;
                _free.Push(i);
                continue;
            }

            if (kept + state.Readings > _kept.Length) Array.Resize(ref _kept, _stored.Length);
            Span<ulong> readings = _kept.AsSpan(kept, state.Readings);
            Readings(i).CopyTo(readings);
            foreach (ref ulong reading in readings) reading = Reading(Position(reading), _stacks.CopyTo(_spareStacks, Stack(reading)));
            readings.Sort();
            Register(i, kept, readings, state.Complete);
            kept += readings.Length;
        }

        (_stacks, _spareStacks) = (_spareStacks, _stacks);
        _kept.AsSpan(0, kept).CopyTo(_stored);
        _storedCount = kept;
    }

    /// <summary>Sets aside memory for so many states.</summary>
    public void Reserve(int states)
    {
        if (states <= _states.Length) return;
        Array.Resize(ref _states, states);
        Array.Resize(ref _next, states * _classes);
        if (_stored.Length < 2 * states) Array.Resize(ref _stored, 2 * states);
        int open = Math.Clamp(_program.IsEnd.Length, 16, 4096);
        _kept = _kept.Length == 0 ? new ulong[open] : _kept;
        _byHash.EnsureCapacity(states);
        _free.EnsureCapacity(states);
        _stacks.Reserve(states / 2);
        _open.EnsureCapacity(open);
        _seen.EnsureCapacity(open);
        _readings.EnsureCapacity(open);
    }

    private ReadOnlySpan<ulong> Readings(int state) => _stored.AsSpan(_states[state].FirstReading, _states[state].Readings);

    private int Step(int state, int byteClass)
    {
        byte value = _program.Representative[byteClass];
        foreach (ulong reading in Readings(state))
        {
            _work++;
            foreach (ByteEdge edge in _program.Edges[Position(reading)])
                if (edge.First <= value && value <= edge.Last) Open(edge.Target, Stack(reading));
        }

        int next = Close();
        _next[(state * _classes) + byteClass] = next;
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
                throw new GrammarException(_name, 0, 0,
                    "the same text can be read in too many ways. Make the grammar less ambiguous: alternatives that begin alike should " +
                    "share that beginning.");
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
                else if (_stacks.Depth(stack) + _program.Need[call.Return] <= GrammarLimits.Depth)
                    Open(call.Start, _stacks.Push(call.Return, stack));
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
            if (_states[at].Complete == _complete && readings.SequenceEqual(Readings(at))) return at;
        if (++_added > GrammarLimits.NewStates)
        {
            Clear();
            throw new GrammarException(_name, 0, 0,
                $"one step leads to more than {GrammarLimits.NewStates} states. Make the grammar simpler: fewer alternatives that begin " +
                $"alike, smaller repetitions.");
        }

        if (!_free.TryPop(out int state))
        {
            if (_stateCount == _states.Length) Reserve(2 * _stateCount);
            state = _stateCount++;
        }

        if (_storedCount + readings.Length > _stored.Length) Array.Resize(ref _stored, 2 * (_storedCount + readings.Length));
        readings.CopyTo(_stored.AsSpan(_storedCount));
        Register(state, _storedCount, readings, _complete);
        _storedCount += readings.Length;
        return state;
    }

    private void Register(int state, int firstReading, ReadOnlySpan<ulong> readings, bool complete)
    {
        int hash = Hash(readings, complete);
        _stateInts += (2 * readings.Length) + _classes + 32;
        _next.AsSpan(state * _classes, _classes).Fill(Unknown);
        _states[state] = new State(firstReading, readings.Length, complete, _byHash.GetValueOrDefault(hash, None), IsKnown: true);
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

    private readonly record struct State(int FirstReading, int Readings, bool Complete, int SameHash, bool IsKnown);
}
