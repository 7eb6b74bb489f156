using CsCheck;
using NpcMind.Scheduling;
using NUnit.Framework;

namespace NpcMind.Tests.Scheduling;

internal sealed class ReadingPaceTests
{
    [Test]
    public void Pace_Followed_LeadsByLeadOnly() =>
        Gen.Select(Gen.Double[5, 60], Gen.Int[1, 40], Gen.Int[1, 9]).Sample((speed, lead, length) =>
        {
            ReadingPace pace = new(speed, lead);
            int tokens = 0;
            for (int frame = 0; frame < 600; frame++)
            {
                double seconds = frame / 60.0, read = speed * seconds / length;
                while (pace.IsDue(tokens * length, tokens, seconds)) tokens++;
                Assert.That(tokens, Is.LessThanOrEqualTo(Math.Max(lead, read + lead) + 1e-6), "too far ahead");
                Assert.That(tokens, Is.GreaterThan(read + lead - 1 - 1e-6), "fell behind although nothing held it up");
            }
        }, iter: 300);

    [Test]
    public void Due_NextToken_IsWhenPredicted() =>
        Gen.Select(Gen.Double[1, 100], Gen.Int[1, 30], Gen.Int[0, 4000], Gen.Int[0, 500], Gen.Double[0, 60])
        .Sample((speed, lead, characters, tokens, seconds) =>
        {
            ReadingPace pace = new(speed, lead);
            double wait = pace.SecondsUntilDue(characters, tokens, seconds);
            return wait >= 0 && pace.IsDue(characters, tokens, seconds) == (wait == 0)
                && pace.IsDue(characters, tokens, seconds + wait + 1e-6)
                && (wait <= 1e-6 || !pace.IsDue(characters, tokens, seconds + wait - 1e-6));
        });

    [Test]
    public void Text_LastsUntilReaderHasReadIt()
    {
        ReadingPace pace = new(20, 8);
        Assert.That(pace.SecondsUntilDry(100, 2), Is.EqualTo(3));
        Assert.That(pace.SecondsUntilDry(20, 2), Is.EqualTo(-1));
    }

    [Test]
    public void Due_WithoutPace_IsAlways() => Assert.That(new ReadingPace(double.PositiveInfinity, 1).IsDue(5000, 1000, 0));

    [TestCase(0, 1)]
    [TestCase(-1, 1)]
    [TestCase(double.NaN, 1)]
    [TestCase(10, 0)]
    public void Create_InvalidPace_IsRefused(double speed, int lead) =>
        Assert.Throws<ArgumentOutOfRangeException>(() => _ = new ReadingPace(speed, lead));
}
