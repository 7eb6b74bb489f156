using NpcMind.Inference;
using NpcMind.Scheduling;

namespace NpcMind;

/// <summary>
/// Who gets blocks of the KV cache when there are not enough, and whose blocks are moved to the host or dropped for it. Of those that wait
/// for blocks the most urgent is served; among equals the one for whom blocks are being freed already, the claimant.
/// </summary>
internal sealed class MemoryClaims(InferenceEngine engine, Mind?[] minds)
{
    /// <summary>Passed-over plans after which a mind may take memory from one that is in the middle of a reply.</summary>
    private const int Patience = 64;

    private readonly Resident[] _residents = new Resident[minds.Length];
    private readonly int[] _chosen = new int[minds.Length];
    private Mind? _waiting;
    private Mind? _claimant;
    private bool _claimantWaits;
    private int _blocks;

    /// <summary>Minds sent to host memory in this tick.</summary>
    public int Spilled { get; private set; }

    /// <summary>Minds dropped in this tick, to be read again from their logs.</summary>
    public int Dropped { get; set; }

    public void BeginReport() => Spilled = Dropped = 0;

    /// <summary>Begins a plan: nobody waits yet, and a claimant that has nothing left to do gives up its claim.</summary>
    public void Begin(Func<Mind, bool> wantsToRead)
    {
        _waiting = null;
        if (_claimant is { } done && (done.Closing || (done.Reply is null && !wantsToRead(done)))) _claimant = null;
    }

    /// <summary>Forgets all claims.</summary>
    public void Reset() => _claimant = _waiting = null;

    /// <summary>
    /// Whether blocks are being freed for another that is no less urgent: else two minds could keep each other out for ever.
    /// </summary>
    public bool AreBefore(Mind mind) => _claimantWaits && _claimant is { } claimant && claimant != mind
        && claimant.Priority <= mind.Priority;

    /// <summary>Remembers the most urgent of those that wait for blocks.</summary>
    public void Request(Mind mind, int blocks)
    {
        if (_waiting is { } other && (other.Priority < mind.Priority || (other.Priority == mind.Priority && mind != _claimant))) return;
        _waiting = mind;
        _blocks = blocks;
    }

    /// <summary>Starts to free blocks for the one that was remembered.</summary>
    /// <param name="nobodyRuns">Whether the plan is empty.</param>
    /// <param name="planner">Knows how long somebody has waited.</param>
    public void Free(bool nobodyRuns, StepPlanner planner)
    {
        _claimantWaits = false;
        if (_waiting is not { } waiting) return;
        bool urgent = nobodyRuns || waiting.Priority == 0 || planner.Waited(waiting.Id) > Patience;
        // One at a time takes from those in a reply, until its own has ended: else they would take it from one another and nobody would get
        // to a word. One that waits for its reader or for its prefix does not keep the claim.
        bool passes = _claimant is null || waiting.Priority < _claimant.Priority || (nobodyRuns && !_claimant.AwaitsToken);
        if (urgent && passes) _claimant = waiting;
        _claimantWaits = _claimant == waiting;
        if (engine.Transfer.PendingCopies > 0) return; // what is on its way may be enough
        Evict(Residents(waiting), _blocks - engine.Transfer.FreeBlocks);
    }

    /// <summary>Those that may lose their blocks: first only who gives no reply, for a claimant then the others, too.</summary>
    private int Residents(Mind waiting)
    {
        int count = 0;
        for (int pass = 0; pass < (_claimantWaits ? 2 : 1) && count == 0; pass++)
        {
            foreach (Mind? mind in minds)
            {
                if (mind is not { Slot: >= 0, RowsInStep: 0, Pinned: false } || mind == waiting || mind == _claimant) continue;
                int own = engine.Transfer.Own(mind.Slot);
                if (own > 0 && (pass == 1 || mind.Reply is null))
                    _residents[count++] = new Resident(mind.Id, own, mind.LastUsed, mind.Priority, mind.AwaitsToken);
            }
        }

        return count;
    }

    private void Evict(int residents, int blocks)
    {
        int chosen = EvictionPolicy.Choose(_residents.AsSpan(0, residents), blocks, _chosen, out _);
        for (int i = 0; i < chosen; i++)
        {
            Mind victim = minds[_chosen[i]]!;
            if (engine.Transfer.Spill(victim.Slot))
            {
                Spilled++;
                continue;
            }

            // Its copy of a block that it shares in part goes too. Nobody waits for it: it is read again when somebody does.
            engine.Close(victim.Slot);
            victim.Slot = -1;
            if (victim.Parent is null) victim.Shared = 0;
            victim.ReadAhead = 0;
            Dropped++;
        }
    }
}
