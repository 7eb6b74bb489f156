using CsCheck;
using NpcMind.Scheduling;
using NUnit.Framework;

namespace NpcMind.Tests.Scheduling;

internal sealed class CostModelTests
{
    [Test]
    public void Predict_NothingLearned_IsUnknownCostForAnySize()
    {
        CostModel model = new(0.5);
        int matmul = model.Class("matmul"), softmax = model.Class("softmax");
        Assert.That(model.Class("matmul"), Is.EqualTo(matmul).And.Not.EqualTo(softmax));
        Assert.That(model.Known(matmul), Is.False);
        Assert.That(model.Predict(matmul, 1), Is.EqualTo(0.5));
        Assert.That(model.Predict(matmul, 1e9), Is.EqualTo(0.5));
        Assert.That(model.WorkWithin(matmul, 1, 0.49), Is.Zero);
        Assert.That(model.WorkWithin(matmul, 1, 0.5), Is.EqualTo(long.MaxValue));
        model.Learn(matmul, 64, 0.1);
        Assert.That(model.Known(matmul));
        Assert.That(model.Known(softmax), Is.False);
    }

    [Test]
    public void Predict_UnmeasuredSize_FollowsNeighbours()
    {
        CostModel model = Steady(out int c, (100, 1.0), (1600, 8.0));
        double low = model.Predict(c, 100), high = model.Predict(c, 1600);
        Assert.That(model.Predict(c, 10), Is.EqualTo(low), "as the larger one");
        Assert.That(model.Predict(c, 200), Is.EqualTo(2 * low).Within(1e-9), "in proportion to the smaller one");
        Assert.That(model.Predict(c, 1500), Is.EqualTo(high), "no more than the larger one");
        Assert.That(model.Predict(c, 3200), Is.EqualTo(2 * high).Within(1e-9));
        Assert.That(low, Is.InRange(1.0, 1.1));
        Assert.That(high, Is.InRange(8.0, 8.8));
    }

    [Test]
    public void Predict_MoreWork_NeverCostsLessAndWorkWithinIsTheEdge() =>
        Gen.Select(Gen.Select(Gen.Double[0.01, 1e6], Gen.Double[0, 20]).Array[1, 60], Gen.Double[0.1, 1e5], Gen.Double[0, 30])
        .Sample((samples, perGroup, milliseconds) =>
        {
            CostModel model = new(1);
            int c = model.Class("c");
            foreach ((double work, double time) in samples) model.Learn(c, work, time);
            double before = 0;
            for (double work = 1e-3; work < 1e8; work *= 1.03)
            {
                double predicted = model.Predict(c, work);
                Assert.That(predicted, Is.GreaterThanOrEqualTo(before));
                before = predicted;
            }
            long groups = model.WorkWithin(c, perGroup, milliseconds);
            if (groups > 0) Assert.That(model.Predict(c, groups * perGroup), Is.LessThanOrEqualTo(milliseconds));
            if (groups < long.MaxValue) Assert.That(model.Predict(c, (groups + 1) * perGroup), Is.GreaterThan(milliseconds));
        }, iter: 1000);

    [Test]
    public void Predict_OverSizes_StaysCloseToTruth()
    {
        // A launch cost and a rate: the shape of real dispatches. 5 % noise.
        CostModel model = new(1);
        int c = model.Class("c");
        Random random = new(5);
        for (int i = 0; i < 4000; i++)
        {
            double work = Math.Exp(random.NextDouble() * Math.Log(10000));
            model.Learn(c, work, Truth(work) * Math.Exp(0.05 * Gaussian(random)));
        }
        for (double work = 1; work <= 10000; work *= 1.1)
            Assert.That(model.Predict(c, work) / Truth(work), Is.InRange(0.85, 1.6), $"work {work}");

        static double Truth(double work) => 0.02 + work * 0.001;
    }

    [Test]
    public void Learn_OneOutlier_MovesPredictionLittle([Values(0.01, 0.1, 0.5)] double noise, [Values(3, 10, 1000)] double factor)
    {
        CostModel model = new(1);
        int c = model.Class("c");
        Random random = new(1);
        for (int i = 0; i < 100; i++) model.Learn(c, 50, 0.2 * Math.Exp(noise * Gaussian(random)));
        double before = model.Predict(c, 50);
        model.Learn(c, 50, 0.2 * factor);
        Assert.That(model.Predict(c, 50), Is.LessThan(1.5 * before));
    }

    [Test]
    public void Learn_OutlierFirst_IsForgottenWithinAFew()
    {
        CostModel model = new(1);
        int c = model.Class("c");
        model.Learn(c, 50, 2);
        for (int i = 0; i < 8; i++) model.Learn(c, 50, 0.2);
        Assert.That(model.Predict(c, 50), Is.InRange(0.2, 0.3));
    }

    [Test]
    public void Learn_LastingSpeedChange_IsFollowedWithinTens([Values(0.02, 0.3)] double noise,
        [Values(0.1, 0.5, 2, 10)] double factor)
    {
        CostModel model = new(1);
        int c = model.Class("c");
        Random random = new(2);
        for (int i = 0; i < 500; i++) model.Learn(c, 50, 0.2 * Math.Exp(noise * Gaussian(random)));
        double before = model.Predict(c, 50);
        for (int i = 0; i < 50; i++) model.Learn(c, 50, factor * 0.2 * Math.Exp(noise * Gaussian(random)));
        Assert.That(model.Predict(c, 50) / before, Is.InRange(0.7 * factor, 1.4 * factor));
    }

    [Test]
    public void Plan_OnceSlowSize_IsTriedAgain()
    {
        CostModel model = Steady(out int c, (1, 0.05), (4, 18), (64, 18));
        for (int i = 0; i < 80; i++) model.Learn(c, 1, 0.05);
        Assert.That(model.Predict(c, 4), Is.LessThan(0.5), "hardly more than twice in proportion");
        Assert.That(model.Predict(c, 64), Is.LessThan(8));
    }

    [Test]
    public void Predict_UnvisitedSize_FollowsWhenOthersProveItWrong()
    {
        CostModel model = Steady(out int c, (100, 1.0), (800, 1.2));
        for (int i = 0; i < 80; i++) model.Learn(c, 800, 0.12);
        Assert.That(model.Predict(c, 100), Is.LessThan(0.2), "less work cannot take ten times as long");
        Assert.That(model.Predict(c, 800), Is.LessThan(0.2));
    }

    [Test]
    public void Predict_NoisySamples_StaysOnUpperSide([Values(0.05, 0.2, 0.5)] double noise)
    {
        CostModel model = new(1);
        int c = model.Class("c");
        Random random = new(3);
        int over = 0;
        for (int i = 0; i < 3000; i++)
        {
            double time = 0.1 * Math.Exp(noise * Gaussian(random));
            if (i >= 100 && time > model.Predict(c, 20)) over++;
            model.Learn(c, 20, time);
        }
        Assert.That(over / 2900.0, Is.InRange(0.05, 0.35));
    }

    [Test]
    public void LearnAndPredict_PerFrame_AllocateNothing()
    {
        CostModel model = Steady(out int c, (100, 1.0));
        Frame(model, c);
        // A background collection takes a thread's allocation buffer away; what was left of it then counts as allocated. Hence the least.
        Assert.That(Enumerable.Range(0, 5).Min(_ => Allocated(model, c)), Is.Zero);

        static long Allocated(CostModel model, int c)
        {
            long before = GC.GetAllocatedBytesForCurrentThread();
            for (int i = 0; i < 1000; i++) Frame(model, c);
            return GC.GetAllocatedBytesForCurrentThread() - before;
        }

        static void Frame(CostModel model, int c)
        {
            for (int work = 1; work < 1 << 20; work *= 2) model.Learn(c, work, work * 1e-3);
            model.LearnFrame(model.Predict(c, 77), 0.1, 2);
            _ = model.WorkWithin(c, 3, 0.5) + model.PlannableMilliseconds(2);
        }
    }

    [Test]
    public void CostModel_Misuse_IsNamed()
    {
        CostModel model = new(1);
        int c = model.Class("c");
        Assert.Multiple(() =>
        {
            Assert.Throws<ArgumentOutOfRangeException>(() => _ = new CostModel(0));
            Assert.Throws<ArgumentOutOfRangeException>(() => model.Predict(c + 1, 1));
            Assert.Throws<ArgumentOutOfRangeException>(() => model.Predict(-1, 1));
            Assert.Throws<ArgumentOutOfRangeException>(() => model.Predict(c, 0));
            Assert.Throws<ArgumentOutOfRangeException>(() => model.Learn(c, 1, -1));
            Assert.Throws<ArgumentOutOfRangeException>(() => model.Learn(c, double.NaN, 1));
            Assert.Throws<ArgumentOutOfRangeException>(() => model.Learn(c, 1, double.PositiveInfinity));
            Assert.Throws<ArgumentOutOfRangeException>(() => model.WorkWithin(c, 1, double.NaN));
            Assert.Throws<ArgumentOutOfRangeException>(() => model.LearnFrame(0, 1, 2));
            Assert.Throws<ArgumentException>(() => model.Class(""));
            Assert.Throws<ArgumentException>(() => model.Class(new string('x', CostModel.MaxKeyLength + 1)));
        });
    }

    [Test]
    public void Classes_AreBounded()
    {
        CostModel model = new(1);
        for (int i = 0; i < CostModel.MaxClasses; i++) model.Class($"class {i}");
        Assert.Throws<InvalidOperationException>(() => model.Class("one more"));
        Assert.That(model.Class("class 7"), Is.EqualTo(7));
    }

    internal static double Gaussian(Random random) =>
        Math.Sqrt(-2 * Math.Log(1 - random.NextDouble())) * Math.Cos(2 * Math.PI * random.NextDouble());

    private static CostModel Steady(out int costClass, params (double Work, double Time)[] samples)
    {
        CostModel model = new(1);
        costClass = model.Class("c");
        for (int i = 0; i < 100; i++)
            foreach ((double work, double time) in samples) model.Learn(costClass, work, time);
        return model;
    }
}
