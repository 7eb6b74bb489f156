using System.Security.Cryptography;
using CsCheck;
using NpcMind.Scheduling;
using NUnit.Framework;

namespace NpcMind.Tests.Scheduling;

internal sealed class CostModelFileTests
{
    private const string Device = "llvmpipe 25.1";

    [Test]
    public void Load_SavedModel_PredictsTheSame()
    {
        CostModel model = Learned(), loaded = new(1);
        loaded.Class("its own");
        Assert.That(CostModel.TryLoad(model.Save(Device), Device, loaded));
        foreach (string key in new[] { "matmul", "attention" })
            for (double work = 0.5; work < 1e6; work *= 1.7)
                Assert.That(loaded.Predict(loaded.Class(key), work), Is.EqualTo(model.Predict(model.Class(key), work)));
        Assert.That(loaded.PlannableMilliseconds(2), Is.EqualTo(model.PlannableMilliseconds(2)).Within(1).Percent);
        Assert.That(loaded.Known(loaded.Class("its own")), Is.False);
        Assert.That(loaded.Save(Device), Is.Not.EqualTo(model.Save(Device)), "one class more");
    }

    [Test]
    public void Load_OtherDevice_IsForeign()
    {
        CostModel into = new(1);
        Assert.That(CostModel.TryLoad(Learned().Save(Device), "another", into), Is.False);
        Assert.That(into.Classes, Is.Zero);
    }

    [Test]
    public void Load_Damaged_IsIgnoredAndLeavesModelAlone()
    {
        byte[] good = Learned().Save(Device);
        Gen.Select(Gen.Int[0, good.Length - 1], Gen.Byte[1, 255], Gen.Int[0, good.Length]).Sample((at, flip, length) =>
        {
            CostModel into = new(1);
            byte[] flipped = [.. good];
            flipped[at] ^= flip;
            return !CostModel.TryLoad(flipped, Device, into)
                && !CostModel.TryLoad(good.AsSpan(0, length == good.Length ? 0 : length), Device, into) && into.Classes == 0;
        }, iter: 2000);
    }

    [Test]
    public void Load_DamageUnderRightChecksum_DoesNotBreakModel()
    {
        byte[] good = Learned().Save(Device);
        int body = good.Length - SHA256.HashSizeInBytes;
        Gen.Select(Gen.Select(Gen.Int[0, body - 1], Gen.Byte).Array[1, 4], Gen.Int[1, body]).Sample((changes, length) =>
        {
            byte[] content = [.. good.AsSpan(0, length)];
            foreach ((int at, byte value) in changes) content[at % length] = value;
            CostModel into = new(1);
            if (!CostModel.TryLoad([.. content, .. SHA256.HashData(content)], Device, into)) return into.Classes == 0;
            for (int c = 0; c < into.Classes; c++)
            {
                double a = into.Predict(c, 10), b = into.Predict(c, 1000);
                if (!(a >= 0 && b >= a && double.IsFinite(b))) return false;
                _ = into.WorkWithin(c, 1, 0.5);
            }
            return into.PlannableMilliseconds(2) is > 0.04 and < 21;
        }, iter: 5000);
    }

    [Test]
    public void Load_FullModel_TakesNoMoreClasses()
    {
        CostModel full = new(1);
        for (int i = 0; i < CostModel.MaxClasses; i++) full.Class($"class {i}");
        Assert.That(CostModel.TryLoad(Learned().Save(Device), Device, full), Is.False);
        Assert.That(full.Classes, Is.EqualTo(CostModel.MaxClasses));
    }

    private static CostModel Learned()
    {
        CostModel model = new(1);
        int matmul = model.Class("matmul"), attention = model.Class("attention");
        model.Class("never measured");
        Random random = new(4);
        for (int i = 0; i < 300; i++)
        {
            double work = Math.Exp(random.NextDouble() * 10);
            model.Learn(matmul, work, 0.01 + work * 1e-4);
            model.Learn(attention, work, work * 1e-3 * (1 + random.NextDouble()));
            model.LearnFrame(1, 0.8 + random.NextDouble() * 0.3, 1);
        }
        return model;
    }
}
