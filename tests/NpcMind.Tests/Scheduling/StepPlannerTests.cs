using CsCheck;
using NpcMind.Scheduling;
using NUnit.Framework;

namespace NpcMind.Tests.Scheduling;

internal sealed class StepPlannerTests
{
    private const int Capacity = 64;

    private static readonly Gen<Candidate[]> Candidates =
        Gen.Select(Gen.OneOf(Gen.Const(1), Gen.Int[2, 200]), Gen.Bool, Gen.Int[0, 3],
            Gen.OneOf(Gen.Const(double.PositiveInfinity), Gen.Double[-2, 10]), Gen.Int[0, 16], Gen.Int[0, 1])
            .Array[0, 40]
            .Select(all => all.Select((c, i) => Make(i, c.Item1, c.Item2, c.Item3, c.Item4, open: c.Item5, copy: c.Item6)).ToArray());

    private static readonly Gen<StepLimits> Limits =
        Gen.Select(Gen.Int[1, 96], Gen.Int[1, 16], Gen.Int[0, 30], Gen.Const(16), Gen.Double[0, 12])
        .Select((rows, outputs, blocks, tokens, time) => new StepLimits(rows, outputs, blocks, tokens, time));

    [Test]
    public void Plan_KeepsLimitsAndDeferralsNameABindingOne() =>
        Gen.Select(Candidates, Limits).Sample((candidates, limits) =>
    {
        (PlannedRows[] planned, Deferral[] deferrals) = Plan(new StepPlanner(Capacity), candidates, limits);
        Dictionary<int, PlannedRows> rows = planned.ToDictionary(p => p.Id);
        int total = planned.Sum(p => p.Rows), outputs = planned.Count(p => p.Output),
            blocks = planned.Sum(p => Blocks(candidates[p.Id], p.Rows));
        Assert.That(total, Is.LessThanOrEqualTo(limits.MaxRows));
        Assert.That(outputs, Is.LessThanOrEqualTo(limits.MaxOutputs));
        Assert.That(blocks, Is.LessThanOrEqualTo(limits.FreeBlocks));
        foreach (PlannedRows p in planned)
        {
            Assert.That(p.Rows, Is.InRange(1, candidates[p.Id].PendingTokens));
            Assert.That(p.Output, Is.EqualTo(candidates[p.Id].WantsOutput && p.Rows == candidates[p.Id].PendingTokens));
        }
        for (int i = 0; i < candidates.Length; i++)
            Assert.That(Holds(candidates[i], deferrals[i]), $"{candidates[i]} {deferrals[i]}");

        // Over the target there are only decode rows (one of them may come last, by an output that a prompt did not use) and a tile of
        // whoever comes first.
        int prompts = planned.Count(p => candidates[p.Id].PendingTokens > 1),
            promptRows = planned.Where(p => candidates[p.Id].PendingTokens > 1).Sum(p => p.Rows);
        if (Milliseconds(total - 1) > limits.TargetMilliseconds && prompts > 0)
            Assert.That(prompts == 1 && promptRows <= StepPlanner.TileRows, "prompts went over the target");

        bool Holds(Candidate c, Deferral deferral) => deferral switch
        {
            Deferral.None => rows.ContainsKey(c.Id),
            Deferral.NoRows => !rows.ContainsKey(c.Id) && total == limits.MaxRows,
            Deferral.NoOutputs => !rows.ContainsKey(c.Id) && c is { PendingTokens: 1, WantsOutput: true } && outputs == limits.MaxOutputs,
            Deferral.NoBlocks => !rows.ContainsKey(c.Id) && Blocks(c, 1) > limits.FreeBlocks - blocks,
            Deferral.StepTime => !rows.ContainsKey(c.Id) && c.PendingTokens > 1 && Milliseconds(total + 1) > limits.TargetMilliseconds,
            _ => false,
        };
    }, iter: 5000);

    [Test]
    public void Plan_FirstWithBlocks_AlwaysGetsRows() => Gen.Select(Candidates, Limits).Sample((candidates, limits) =>
    {
        (PlannedRows[] planned, _) = Plan(new StepPlanner(Capacity), candidates, limits);
        Candidate[] able = [.. candidates.Where(c => Blocks(c, 1) <= limits.FreeBlocks).OrderBy(c => c.Priority)
            .ThenBy(c => c.SecondsToDeadline).ThenBy(c => c.Id)];
        return able.Length == 0 ? planned.Length == 0 : planned[0].Id == able[0].Id;
    }, iter: 2000);

    [Test]
    public void Plan_SameCalls_GivesTheSamePlan() => Gen.Select(Candidates.Array[1, 6], Limits).Sample((steps, limits) =>
    {
        StepPlanner one = new(Capacity), other = new(Capacity);
        foreach (Candidate[] candidates in steps)
        {
            (PlannedRows[] planned, Deferral[] deferrals) = Plan(one, candidates, limits);
            // The order in which candidates are listed is no reason either.
            (PlannedRows[] again, Deferral[] reversed) = Plan(other, [.. candidates.Reverse()], limits);
            Assert.That(again, Is.EqualTo(planned));
            Assert.That(reversed.Reverse(), Is.EqualTo(deferrals));
        }
    }, iter: 500);

    [Test]
    public void Plan_OverTime_StarvesNobody() =>
        Gen.Select(Candidates.Where(c => c.Length > 0), Gen.Int[1, 24], Gen.Int[1, 16], Gen.Double[0, 6], Gen.Int[0, 1000])
        .Sample((ready, maxRows, maxOutputs, time, seed) =>
        {
            // All stay ready for good, the urgent with ever new deadlines; the blocks suffice for one new conversation's rows at least.
            Random random = new(seed);
            StepPlanner planner = new(Capacity);
            int[] waited = new int[Capacity];
            StepLimits limits = new(maxRows, maxOutputs, 2, 16, time);
            for (int step = 0; step < 400; step++)
            {
                for (int i = 0; i < ready.Length; i++) ready[i] = ready[i] with { SecondsToDeadline = random.NextDouble() * 4 - 2 };
                (PlannedRows[] planned, _) = Plan(planner, ready, limits);
                foreach (Candidate c in ready) waited[c.Id]++;
                foreach (PlannedRows p in planned)
                {
                    Assert.That(waited[p.Id], Is.LessThanOrEqualTo(StepPlanner.AgingSteps + ready.Length), "planned later than promised");
                    waited[p.Id] = 0;
                }
                Assert.That(waited.Max(), Is.LessThan(StepPlanner.AgingSteps + ready.Length), "still waiting after the promised step");
                foreach (Candidate c in ready) Assert.That(planner.Waited(c.Id), Is.EqualTo(waited[c.Id]));
            }
        }, iter: 60);

    [Test]
    public void Plan_FiftyEquals_ShareSixteenOutputsEvenly()
    {
        StepPlanner planner = new(50);
        Candidate[] candidates = [.. Enumerable.Range(0, 50).Select(i => Make(i, 1))];
        int[] planned = new int[50];
        for (int step = 0; step < 500; step++)
        {
            (PlannedRows[] plan, Deferral[] deferrals) = Plan(planner, candidates, new StepLimits(64, 16, 10, 16, 1));
            Assert.That(plan, Has.Length.EqualTo(16));
            Assert.That(deferrals.Count(d => d == Deferral.NoOutputs), Is.EqualTo(34));
            foreach (PlannedRows p in plan) planned[p.Id]++;
        }
        Assert.That(planned, Is.All.InRange(159, 161));
    }

    [Test]
    public void Plan_FiftyOfMixedUrgency_ServesAllAndUrgentMost()
    {
        StepPlanner planner = new(50);
        Candidate[] candidates = [.. Enumerable.Range(0, 50).Select(i => Make(i, 1, priority: i < 16 ? 0 : 2))];
        int[] planned = new int[50];
        for (int step = 0; step < 1000; step++)
            foreach (PlannedRows p in Plan(planner, candidates, new StepLimits(64, 16, 10, 16, 1)).Planned) planned[p.Id]++;
        Assert.That(planned[..16], Is.All.GreaterThan(900));
        Assert.That(planned[16..], Is.All.InRange(1000 / (StepPlanner.AgingSteps + 50), 40));
    }

    [Test]
    public void Plan_DecodeRows_RideAlongAndPromptIsCutAtTile()
    {
        Candidate[] candidates = [Make(0, 2000, priority: 2), Make(1, 1), Make(2, 1, priority: 3)];
        (PlannedRows[] planned, Deferral[] deferrals) = Plan(new StepPlanner(8), candidates,
            new StepLimits(512, 16, 200, 16, Milliseconds(45)));
        Assert.That(planned, Is.EqualTo(new PlannedRows[] { new(1, 1, true), new(0, 40, false), new(2, 1, true) }));
        Assert.That(deferrals, Is.All.EqualTo(Deferral.None));
    }

    [Test]
    public void Plan_CandidateThatRunsAsAWhole_GetsAllItsRowsOrNone()
    {
        Candidate whole = Make(0, 48, output: false, priority: 1) with { IsWhole = true };
        Candidate[] candidates = [whole, .. Enumerable.Range(1, 40).Select(i => Make(i, 1))];
        StepPlanner planner = new(Capacity);
        int steps = 0;
        for (PlannedRows[] planned = []; !planned.Any(p => p.Id == 0); steps++)
        {
            (planned, Deferral[] deferrals) = Plan(planner, candidates, new StepLimits(64, 64, 100, 16, Milliseconds(2)));
            Assert.That(planned.Where(p => p.Id == 0), Is.All.EqualTo(new PlannedRows(0, 48, false)));
            if (planned.Length == 40) Assert.That(deferrals[0], Is.EqualTo(Deferral.NoRows).Or.EqualTo(Deferral.StepTime));
        }

        Assert.That(steps, Is.InRange(2, StepPlanner.AgingSteps + 1), "passed over until it has waited long enough");
        (PlannedRows[] none, Deferral[] reasons) = Plan(new StepPlanner(Capacity), [whole],
            new StepLimits(64, 64, 1, 16, Milliseconds(100)));
        Assert.That((none.Length, reasons[0]), Is.EqualTo((0, Deferral.NoBlocks)));
    }

    [Test]
    public void Plan_UrgentPromptInFullStep_GetsATile()
    {
        Candidate[] candidates = [.. Enumerable.Range(0, 40).Select(i => Make(i, 1, priority: 1)), Make(40, 100, priority: 0),
            Make(41, 100, priority: 1)];
        (PlannedRows[] planned, Deferral[] deferrals) = Plan(new StepPlanner(Capacity), candidates, new StepLimits(20, 64, 100, 16, 0));
        Assert.That(planned[0], Is.EqualTo(new PlannedRows(40, 8, false)));
        Assert.That(planned, Has.Length.EqualTo(13));
        Assert.That(deferrals[41], Is.EqualTo(Deferral.NoRows));
    }

    [Test]
    public void Plan_MostUrgent_KeepsOutputThatEndsItsPrompt()
    {
        Candidate[] candidates = [Make(0, 12), .. Enumerable.Range(1, 10).Select(i => Make(i, 1, priority: 1))];
        (PlannedRows[] planned, _) = Plan(new StepPlanner(Capacity), candidates, new StepLimits(64, 4, 100, 16, Milliseconds(64)));
        Assert.That(planned[0], Is.EqualTo(new PlannedRows(0, 12, true)));
        Assert.That(planned.Count(p => p.Output), Is.EqualTo(4));

        // When its prompt is cut after all, the output goes to the next.
        candidates[0] = Make(0, 500);
        (planned, _) = Plan(new StepPlanner(Capacity), candidates, new StepLimits(64, 4, 100, 16, Milliseconds(30)));
        Assert.That(planned.Count(p => p.Output), Is.EqualTo(4));
    }

    [Test]
    public void Plan_BlocksRunOut_CutsRows()
    {
        // 5 tokens fit into the last block, then two blocks of 16.
        (PlannedRows[] planned, _) = Plan(new StepPlanner(8), [Make(0, 100, open: 5)], new StepLimits(512, 16, 2, 16, 1e9));
        Assert.That(planned[0].Rows, Is.EqualTo(32), "37 would fit; cut at a tile");
        (planned, _) = Plan(new StepPlanner(8), [Make(0, 37, open: 5)], new StepLimits(512, 16, 2, 16, 1e9));
        Assert.That(planned[0], Is.EqualTo(new PlannedRows(0, 37, true)));
        // A shared last block is copied first: one block for the first row.
        (planned, _) = Plan(new StepPlanner(8), [Make(0, 37, open: 5, copy: 1)], new StepLimits(512, 16, 1, 16, 1e9));
        Assert.That(planned[0].Rows, Is.EqualTo(5));
        (planned, Deferral[] deferrals) = Plan(new StepPlanner(8), [Make(0, 37, open: 5, copy: 1)], new StepLimits(512, 16, 0, 16, 1e9));
        Assert.That(planned, Is.Empty);
        Assert.That(deferrals[0], Is.EqualTo(Deferral.NoBlocks));
    }

    [Test]
    public void Plan_Absent_EndsTheirWait()
    {
        StepPlanner planner = new(4);
        StepLimits one = new(1, 1, 10, 16, 1);
        for (int i = 0; i < 5; i++) Plan(planner, [Make(0, 1), Make(1, 1, priority: 1)], one);
        Assert.That(planner.Waited(1), Is.EqualTo(5));
        Plan(planner, [Make(0, 1)], one);
        Plan(planner, [Make(0, 1), Make(1, 1, priority: 1)], one);
        Assert.That(planner.Waited(1), Is.EqualTo(1));
    }

    [Test]
    public void Plan_AllocatesNothing()
    {
        StepPlanner planner = new(Capacity);
        Candidate[] candidates = [.. Enumerable.Range(0, 50).Select(i => Make(i, i % 7 == 0 ? 300 : 1, priority: i % 3))];
        double[] times = [.. Enumerable.Range(0, 513).Select(Milliseconds)];
        PlannedRows[] planned = new PlannedRows[50];
        Deferral[] deferrals = new Deferral[50];
        StepLimits limits = new(512, 16, 40, 16, Milliseconds(100));
        planner.Plan(candidates, limits, times, planned, deferrals);
        long before = GC.GetAllocatedBytesForCurrentThread();
        for (int i = 0; i < 1000; i++) planner.Plan(candidates, limits, times, planned, deferrals);
        Assert.That(GC.GetAllocatedBytesForCurrentThread() - before, Is.Zero);
    }

    [Test]
    public void Plan_Misuse_IsNamed()
    {
        StepLimits limits = new(8, 4, 10, 16, 1);
        Assert.Multiple(() =>
        {
            Assert.Throws<ArgumentException>(() => Plan(new StepPlanner(4), [Make(1, 1), Make(1, 1)], limits), "twice");
            Assert.Throws<ArgumentOutOfRangeException>(() => Plan(new StepPlanner(4), [Make(4, 1)], limits), "id");
            Assert.Throws<ArgumentOutOfRangeException>(() => Plan(new StepPlanner(4), [Make(0, 1) with { PendingTokens = 0 }], limits),
                "nothing pending");
            Assert.Throws<ArgumentOutOfRangeException>(() => Plan(new StepPlanner(4), [Make(0, 1, deadline: double.NaN)], limits),
                "deadline");
            Assert.Throws<ArgumentOutOfRangeException>(() => Plan(new StepPlanner(4), [], limits with { MaxRows = 0 }), "rows");
            Assert.Throws<ArgumentOutOfRangeException>(() => Plan(new StepPlanner(4), [], limits with { MaxOutputs = 0 }), "outputs");
            Assert.Throws<ArgumentOutOfRangeException>(() => Plan(new StepPlanner(4), [], limits with { BlockTokens = 0 }), "block");
            Assert.Throws<ArgumentException>(() => new StepPlanner(4).Plan([], limits, new double[8], [], []), "predictions");
            Assert.Throws<ArgumentException>(() => new StepPlanner(4).Plan([Make(0, 1)], limits, new double[9], [], []), "room");
            Assert.Throws<ArgumentException>(() => Plan(new StepPlanner(1), [Make(0, 1), Make(1, 1)], limits), "too many");
            Assert.Throws<ArgumentOutOfRangeException>(() => new StepPlanner(4).Waited(4));
        });
    }

    private static double Milliseconds(int rows) => rows * 0.1;

    private static Candidate Make(int id, int pending, bool output = true, int priority = 0, double deadline = double.PositiveInfinity,
        int open = 16, int copy = 0) =>
        new(id, pending, output, priority, deadline, copy + Math.Max(0, pending - open + 15) / 16, open);

    // Block by block, as a KV cache takes them: a copy for the first row if the last block is shared, then one whenever the last is full.
    private static int Blocks(Candidate c, int rows)
    {
        int ordinary = Math.Max(0, c.PendingTokens - c.OpenTokens + 15) / 16, blocks = c.BlocksNeeded - ordinary, open = c.OpenTokens;
        for (int row = 0; row < rows; row++)
            if (--open < 0)
            {
                blocks++;
                open = 15;
            }
        return blocks;
    }

    private static (PlannedRows[] Planned, Deferral[] Deferrals) Plan(StepPlanner planner, Candidate[] candidates, StepLimits limits)
    {
        PlannedRows[] planned = new PlannedRows[candidates.Length];
        Deferral[] deferrals = new Deferral[candidates.Length];
        double[] times = [.. Enumerable.Range(0, limits.MaxRows + 1).Select(Milliseconds)];
        int count = planner.Plan(candidates, limits, times, planned, deferrals);
        return (planned[..count], deferrals);
    }
}
