using CsCheck;
using NpcMind.Scheduling;
using NUnit.Framework;

namespace NpcMind.Tests.Scheduling;

internal sealed class BlockPoolTests
{
    [Test]
    public void Next_OfFreeBlocks_SaysWhatIsTaken()
    {
        BlockPool pool = new(4);
        pool.TryTake(out int first);
        pool.TryTake(out _);
        pool.Return(first);
        int[] said = [pool.Next(0), pool.Next(1), pool.Next(2)], taken = [.. said.Select(_ => pool.TryTake(out int block) ? block : -1)];
        Assert.That(said, Is.EqualTo(taken));
        Assert.Throws<ArgumentOutOfRangeException>(() => pool.Next(0));
    }

    [Test]
    public void BlockPool_AnyCalls_ConserveBlocks() =>
        Gen.Select(Gen.Int[0, 6], Gen.Select(Gen.Int[0, 2], Gen.Int[-1, 6]).Array[0, 80]).Sample((blocks, calls) =>
        {
            BlockPool pool = new(blocks);
            int[] model = new int[blocks];
            foreach ((int call, int block) in calls)
            {
                bool known = block >= 0 && block < blocks;
                if (call == 0)
                {
                    bool taken = pool.TryTake(out int id);
                    Assert.That(taken, Is.EqualTo(model.Contains(0)));
                    Assert.That(taken ? model[id] : 0, Is.Zero, "a block in use was given out");
                    if (taken) model[id] = 1;
                    else Assert.That(id, Is.EqualTo(-1));
                }
                else if (!known)
                    Assert.Throws<ArgumentOutOfRangeException>(() => { if (call == 1) pool.Share(block); else pool.Return(block); });
                else if (model[block] == 0)
                    Assert.Throws<InvalidOperationException>(() => { if (call == 1) pool.Share(block); else pool.Return(block); });
                else if (call == 1)
                {
                    pool.Share(block);
                    model[block]++;
                }
                else
                    Assert.That(pool.Return(block), Is.EqualTo(--model[block] == 0));
                Assert.That(pool.Count, Is.EqualTo(blocks));
                Assert.That(pool.Free, Is.EqualTo(model.Count(r => r == 0)));
                Assert.That(Enumerable.Range(0, blocks).Select(pool.References), Is.EqualTo(model));
            }
        }, iter: 1000);

    [Test]
    public void Create_NegativeCount_IsRefused() => Assert.Throws<ArgumentOutOfRangeException>(() => _ = new BlockPool(-1));

    [Test]
    public void Allocate_All_GivesEachBlockOnce()
    {
        BlockPool pool = new(100);
        HashSet<int> taken = [];
        while (pool.TryTake(out int block)) Assert.That(taken.Add(block));
        Assert.That(taken, Is.EquivalentTo(Enumerable.Range(0, 100)));
    }
}
