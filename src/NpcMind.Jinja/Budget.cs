using System.Runtime.CompilerServices;

namespace NpcMind.Jinja;

/// <summary>What one rendering may still use. Every operation whose cost the template chooses pays here first.</summary>
internal sealed class Budget(TemplateLimits limits)
{
    /// <summary>Bits of the largest integer: well above what Python prints (4300 digits).</summary>
    public const long MaxIntegerBits = 32_768;

    public int MaxLength => limits.Length;

    private long _steps = limits.Steps;
    private int _depth;

    /// <summary>Steps left; below 0 once it was passed.</summary>
    public long Steps => _steps;

    public void Spend(long steps = 1)
    {
        _steps -= steps;
        if (_steps < 0) throw JinjaError.Limit($"the template needs more than {limits.Steps} steps");
    }

    /// <summary>Checks the length of a text or list about to be made, and pays for making it.</summary>
    public int Reserve(long length)
    {
        if (length > limits.Length) throw JinjaError.Limit($"a text or list of {length} would be longer than {limits.Length}");
        Spend(length >> 3);
        return (int)length;
    }

    /// <summary>Pays for a search of one text in another: the worst case is their product, vectorised.</summary>
    public void Search(int haystack, int needle) => Spend((haystack >> 3) + ((long)haystack * needle >> 9));

    /// <summary>Pays for turning an integer into digits or back: the square of their number.</summary>
    public void Digits(long count) => Spend(count * count >> 6);

    public void Enter()
    {
        if (++_depth > limits.Depth || !RuntimeHelpers.TryEnsureSufficientExecutionStack())
            throw JinjaError.Limit($"nesting or recursion deeper than {_depth - 1}");
    }

    // Not in a finally block: an error ends the rendering and the budget with it.
    public void Leave() => _depth--;
}
