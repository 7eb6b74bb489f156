namespace NpcMind.Reference;

/// <summary>
/// Random numbers that are the same on every machine and runtime: splitmix64 (Steele et al. 2014), normal values as a sum of uniform ones
/// (no library sine or logarithm).
/// </summary>
internal sealed class TinyRandom(int seed)
{
    private ulong _state = (ulong)(uint)seed;

    public ulong Next()
    {
        ulong z = _state += 0x9E3779B97F4A7C15;
        z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9;
        z = (z ^ (z >> 27)) * 0x94D049BB133111EB;
        return z ^ (z >> 31);
    }

    /// <summary>0 up to, not including, <paramref name="limit"/>.</summary>
    public int Below(int limit) => (int)(Next() % (ulong)limit);

    /// <summary>[0, 1).</summary>
    public double Uniform() => (Next() >> 11) * (1.0 / (1UL << 53));

    /// <summary>Mean 0, deviation 1, within +-6.</summary>
    public double Normal()
    {
        double sum = -6;
        for (int i = 0; i < 12; i++) sum += Uniform();
        return sum;
    }
}
