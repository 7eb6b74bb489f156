using NpcMind.Scheduling;
using NUnit.Framework;

namespace NpcMind.Tests.Scheduling;

/// <summary>
/// The frame contract in simulation: planning with the room that the model gives keeps p50 within the budget and p99 within 1.10 of it.
/// </summary>
/// <remarks>
/// Attainable where the time varies in proportion to the work, at the price of a smaller plan: the tail must be planned for. Not
/// attainable: in the first hundreds of frames under the heaviest noise, of which nothing is known yet; and against stalls that come
/// whatever was planned (the last test).
/// </remarks>
internal sealed class MarginTests
{
    private const double Budget = 2;

    [Test]
    public void Margin_AnyNoise_KeepsContract(
        [Values("quiet", "lognormal 0.05", "lognormal 0.2", "lognormal 0.5", "outliers", "drift", "drift down", "bimodal", "bursts",
            "step")] string noise, [Values(1, 2, 3, 4)] int seed) =>
        AssertContract(Frames(noise, seed, 4400, out _)[400..]);

    [Test]
    public void Margin_ModerateNoise_KeepsContractFromFirstFrame(
        [Values("quiet", "lognormal 0.05", "lognormal 0.2", "drift", "drift down", "bimodal", "step")] string noise,
        [Values(1, 2, 3, 4)] int seed) =>
        AssertContract(Frames(noise, seed, 600, out _));

    // The budget's use is bounded by the noise itself: mean over the larger of p97 and p99 / 1.1.
    [TestCase("quiet", 0.9)]
    [TestCase("lognormal 0.05", 0.84)]
    [TestCase("lognormal 0.2", 0.6)]
    [TestCase("drift", 0.84)]
    [TestCase("drift down", 0.8)]
    [TestCase("bimodal", 0.58)]
    [TestCase("step", 0.84)]
    public void Margin_UsesBudget(string noise, double least) =>
        Assert.That(Frames(noise, 7, 4000, out _).Average() / Budget, Is.GreaterThan(least));

    [Test]
    public void Margin_FrameTimeJumps_FollowsWithinFrames()
    {
        double[] actual = Frames("step", 1, 600, out _);
        Assert.That(actual[301..].Count(a => a > 1.1 * Budget), Is.LessThan(10));
    }

    [Test]
    public void Margin_NearlyEmptyFrames_DoNotShrinkOthers()
    {
        CostModel model = new(1);
        for (int i = 0; i < 2000; i++)
        {
            model.LearnFrame(1, 1, 1);
            model.LearnFrame(0.01, 0.1, 1);
        }
        Assert.That(model.PlannableMilliseconds(1), Is.InRange(0.9, 1.05));
    }

    [Test]
    public void Margin_LateFrameOfSmallBudget_DoesNotGrowLargerOnes()
    {
        CostModel model = new(1);
        for (int i = 0; i < 600; i++) model.LearnFrame(1, i % 50 == 0 ? 4 : 1, 4);
        double room = model.PlannableMilliseconds(4);
        Assert.That(room, Is.LessThan(2));
        model.LearnFrame(1, 5.5, 2);
        Assert.That(model.PlannableMilliseconds(4), Is.LessThanOrEqualTo(room));
    }

    [Test]
    public void Margin_SmallBudgetAfterLarge_IsUsedSoon()
    {
        CostModel model = new(1);
        for (int i = 0; i < 400; i++) model.LearnFrame(50, i % 20 == 0 ? 80 : 50, 100);
        Assert.That(model.PlannableMilliseconds(100), Is.LessThan(110 - 5 * Budget),
            "a loading screen's frames stray by more than a game's whole budget");
        for (int i = 0; i < 1200; i++)
        {
            double planned = model.PlannableMilliseconds(Budget);
            model.LearnFrame(planned, planned, Budget);
        }

        Assert.That(model.PlannableMilliseconds(Budget) / Budget, Is.GreaterThan(0.8));
    }

    [Test]
    public void Margin_PredictionsTooHigh_AreCorrected()
    {
        CostModel model = new(1);
        for (int i = 0; i < 5000; i++) model.LearnFrame(1, 0.1, 1);
        Assert.That(model.PlannableMilliseconds(1), Is.EqualTo(10).Within(0.5));
    }

    // With a few large pieces in each frame one outlier among them is 1.5 times the frame, and every twelfth frame has one: the tail costs
    // a third of the budget.
    [Test]
    public void Margin_LearnedDispatches_KeepContract([Values(1, 2, 3)] int seed, [Values(0, 0.02)] double outliers)
    {
        // Eight kernels with a launch cost and a rate each; times vary by 15 %, some dispatches take three times as long, and the device
        // slows down for good.
        CostModel model = new(0.5);
        Random random = new(seed);
        int[] classes = [.. Enumerable.Range(0, 8).Select(i => model.Class($"kernel {i}"))];
        int dispatch = 0;
        long position = 0;
        double[] actual = new double[3000];
        for (int frame = 0; frame < actual.Length; frame++)
        {
            double planned = 0, most = model.PlannableMilliseconds(Budget);
            while (true)
            {
                int kernel = dispatch % 8;
                long total = 40 << kernel,
                    groups = Math.Min(total - position, model.WorkWithin(classes[kernel], 1, Math.Min(0.5, most - planned)));
                if (groups == 0 && planned > 0) break;
                groups = Math.Max(groups, 1);
                double predicted = model.Predict(classes[kernel], groups);
                double time = (0.003 + groups * 0.00004 * (kernel + 1)) * (frame > 1000 ? 1.7 : 1)
                    * Math.Exp(0.15 * CostModelTests.Gaussian(random)) * (random.NextDouble() < outliers ? 3 : 1);
                model.Learn(classes[kernel], groups, time);
                planned += predicted;
                actual[frame] += time;
                position = position + groups == total ? 0 : position + groups;
                if (position == 0) dispatch++;
            }
            model.LearnFrame(planned, actual[frame], Budget);
        }
        AssertContract(actual);
        Assert.That(actual.Average() / Budget, Is.GreaterThan(outliers > 0 ? 0.48 : 0.75), "the budget is used");
    }

    [Test]
    public void Margin_UnavoidableStalls_DoNotStarveMinds()
    {
        double[] actual = Frames("stalls", 1, 4000, out double planned);
        Assert.That(actual.Order().ElementAt(actual.Length / 2), Is.LessThanOrEqualTo(Budget));
        Assert.That(planned / Budget, Is.GreaterThan(0.24), "a quarter of the budget is always planned");
        Assert.That(actual.Count(a => a > 1.1 * Budget) / 4000.0, Is.GreaterThan(0.01),
            "p99 is out of reach here: a driver that stalls twice in a hundred frames");
    }

    private static void AssertContract(double[] actual)
    {
        double[] sorted = [.. actual.Order()];
        Assert.That(sorted[sorted.Length / 2], Is.LessThanOrEqualTo(Budget), "p50");
        Assert.That(sorted[sorted.Length * 99 / 100], Is.LessThanOrEqualTo(1.10 * Budget), "p99");
    }

    private static double[] Frames(string noise, int seed, int frames, out double meanPlanned)
    {
        CostModel model = new(1);
        Random random = new(seed);
        double[] actual = new double[frames];
        meanPlanned = 0;
        for (int i = 0; i < frames; i++)
        {
            double planned = model.PlannableMilliseconds(Budget);
            actual[i] = planned * Ratio(noise, random, i) + (noise == "stalls" && random.NextDouble() < 0.02 ? 10 : 0);
            model.LearnFrame(planned, actual[i], Budget);
            meanPlanned += planned / frames;
        }
        return actual;
    }

    private static double Ratio(string noise, Random random, int frame)
    {
        double gaussian = CostModelTests.Gaussian(random), uniform = random.NextDouble(), small = Math.Exp(0.05 * gaussian);
        return noise switch
        {
            "quiet" => Math.Exp(0.01 * gaussian),
            "lognormal 0.05" or "stalls" => small,
            "lognormal 0.2" => Math.Exp(0.2 * gaussian),
            "lognormal 0.5" => Math.Exp(0.5 * gaussian),
            "outliers" => (uniform < 0.02 ? 3 : 1) * small,
            "drift" => Math.Pow(2, Math.Clamp((frame - 100) / 500.0, 0, 1)) * small,
            "drift down" => Math.Pow(2, -Math.Clamp((frame - 100) / 500.0, 0, 1)) * small,
            "bimodal" => (uniform < 0.3 ? 1.8 : 1) * small,
            "bursts" => (frame % 200 < 10 ? 3 : 1) * small,
            "step" => (frame > 300 ? 3 : 1) * small,
            _ => throw new ArgumentException(noise),
        };
    }
}
