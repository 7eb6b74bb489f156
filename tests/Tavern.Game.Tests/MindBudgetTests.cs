namespace Tavern.Game.Tests;

public sealed class MindBudgetTests
{
    [Test]
    public void Milliseconds_WhereDrawingIsQuick_AreTheUsual()
    {
        MindBudget budget = new();
        Assert.That(budget.Milliseconds, Is.EqualTo(MindBudget.Usual));
        budget.Drew(6);
        budget.Drew(0); // a device without a clock
        Assert.That((budget.Milliseconds, budget.FollowsSlowFrames), Is.EqualTo((MindBudget.Usual, false)));
    }

    [TestCase(82.7)]
    [TestCase(20)]
    public void Milliseconds_WhereDrawingIsSlow_AreAQuarterOfTheFrame(double drawing)
    {
        MindBudget budget = new();
        for (int i = 0; i < 100; i++) budget.Drew(drawing);
        Assert.That(budget.FollowsSlowFrames);
        Assert.That(budget.Milliseconds / (budget.Milliseconds + drawing), Is.EqualTo(0.25).Within(0.01));
        for (int i = 0; i < 100; i++) budget.Drew(5);
        Assert.That(budget.Milliseconds, Is.EqualTo(MindBudget.Usual));
    }

    [Test]
    public void Milliseconds_OneFrameThatStalls_RiseLittle()
    {
        MindBudget budget = new();
        for (int i = 0; i < 100; i++) budget.Drew(60);
        budget.Drew(600);
        Assert.That(budget.Milliseconds, Is.LessThan(40));
        for (int i = 0; i < 1000; i++) budget.Drew(5000);
        Assert.That(budget.Milliseconds, Is.EqualTo(MindBudget.Most));
    }

    [Test]
    public void Budget_ThatThePlayerSets_IsKept()
    {
        using Worlds worlds = new();
        using GameLoop game = worlds.Game();
        for (int i = 0; i < 100; i++) game.Pace.Drew(90);
        Assert.That(game.Budget, Is.EqualTo(30).Within(0.1));
        game.Press(GameKeys.BudgetUp);
        Assert.That(game.Message.Last, Does.Contain("30.5 ms"));
        for (int i = 0; i < 100; i++) game.Pace.Drew(300);
        Assert.That((game.Budget, game.Pace.FollowsSlowFrames), Is.EqualTo((30.5, false)));
        game.Budget = 0;
        Assert.That(game.Budget, Is.Zero);
    }
}
