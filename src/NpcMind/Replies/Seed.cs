namespace NpcMind;

/// <summary>Seeds of characters.</summary>
internal static class Seed
{
    /// <summary>FNV-1a over the name, from the runtime's seed: stable over versions and machines.</summary>
    public static ulong Of(ulong runtime, string name)
    {
        ulong hash = 0xCBF29CE484222325 ^ runtime;
        foreach (char c in name) hash = (hash ^ c) * 0x100000001B3;
        return hash;
    }
}
