using CsCheck;
using NUnit.Framework;

namespace NpcMind.Tests.Scheduling;

/// <summary>Tokens guessed from a log, and where they pay.</summary>
internal sealed class DraftsTests
{
    [Test]
    public void Find_TokensThatOccurredBefore_GuessesWhatFollowedLast()
    {
        Drafts drafts = new();
        Assert.That(drafts.Find([1, 2, 3, 4, 1, 2, 3, 5, 6, 7, 8, 9, 1, 2, 3], 9), Is.EqualTo(4));
        Assert.That(drafts.Tokens.ToArray(), Is.EqualTo((int[])[5, 6, 7, 8]));
        Assert.That(drafts.Check(14, 3), Is.Null);
        Assert.That(drafts.Check(15, 5), Is.True);
        Assert.That(drafts.Check(16, 5), Is.False);
        Assert.That(drafts.Check(19, 9), Is.Null);
        drafts.Cut(1);
        Assert.That(drafts.Check(16, 6), Is.Null);
        drafts.Cut();
        Assert.That(drafts.Check(15, 5), Is.Null);
    }

    [TestCase(new[] { 1, 2, 3, 4, 5 }, 4)]
    [TestCase(new[] { 1, 2, 3 }, 4)]
    [TestCase(new int[0], 4)]
    [TestCase(new[] { 1, 2, 3, 1, 2, 3 }, 0)]
    [TestCase(new[] { 1, 2, 3, -7, 1, 2, 3 }, 4)]
    public void Find_NothingToGuess_IsEmpty(int[] log, int most)
    {
        Drafts drafts = new();
        Assert.That(drafts.Find(log, most), Is.Zero);
        Assert.That(drafts.Tokens.IsEmpty);
    }

    [Test]
    public void Find_AnyLog_GuessesWhatStandsBehindTheSameTokens() =>
        Gen.Select(Gen.Int[0, 3].Array[0, 40], Gen.Int[0, 6], Gen.Int[1, 3]).Sample((log, most, matched) =>
        {
            Drafts drafts = new();
            int count = drafts.Find(log, most, matched);
            int[] guesses = drafts.Tokens.ToArray();
            return count <= Math.Min(most, Drafts.Most) && (count == 0 || Enumerable.Range(0, log.Length - matched)
                .Any(at => log.AsSpan(at, matched).SequenceEqual(log.AsSpan(log.Length - matched))
                    && log.AsSpan(at + matched).StartsWith(guesses)));
        });

    [Test]
    public void Paying_LargeModelOnACard_TakesAllGuesses() =>
        Assert.That(new Drafts().Paying(4, [0, 10, 10.1, 10.2, 10.3, 10.4], 1, 2), Is.EqualTo(4));

    [Test]
    public void Paying_SeveralStepsAFrame_GoesOnAheadInstead() =>
        Assert.That(new Drafts().Paying(4, [0, 1, 1.01, 1.02, 1.03, 1.04], 1, 4), Is.Zero);

    [Test]
    public void Paying_RowsThatCostWhatTheyWeigh_GuessesNothing() =>
        Assert.That(new Drafts().Paying(4, [0, 20, 28, 36, 44, 52], 1, 4), Is.Zero);

    [Test]
    public void Paying_GuessesThatNeverComeTrue_AreGivenUpAndTriedAgain()
    {
        Drafts drafts = new();
        double[] times = [0, 10, 10.5, 11, 11.5, 12];
        for (int i = 0; i < 100; i++)
        {
            drafts.Find([1, 2, 3, 1, 2, 3], 1);
            drafts.Check(6, 9);
        }

        Assert.That(drafts.Paying(4, times, 1, 2), Is.Zero);
        int later = 0;
        while (drafts.Paying(4, times, 1, 2) == 0) Assert.That(++later, Is.LessThan(1000));
        Assert.That(later, Is.GreaterThan(50));
    }
}
