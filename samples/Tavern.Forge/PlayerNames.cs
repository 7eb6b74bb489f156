using Tavern.World;

namespace Tavern.Forge;

/// <summary>
/// Names that players give themselves: given names, letters in no order, and names as people of the tavern have them. A mind that saw only
/// the last of these misspells Peter and Tom.
/// </summary>
internal static class PlayerNames
{
    /// <summary>Draws a name that nobody of a world has.</summary>
    public static string Pick(Random random, Split split, TavernWorld world)
    {
        while (true)
        {
            string name = random.Next(split == Split.Train ? 8 : 4) switch
            {
                < 2 => Names.Take(random, split, 14).First(n => world.People.All(p => p.Name[..2] != n[..2])),
                < 5 => GivenNames.Of(split)[random.Next(GivenNames.Of(split).Count)],
                _ => Letters(random),
            };
            if (world.People.All(p => !p.Name.StartsWith(name, StringComparison.Ordinal))) return name;
        }
    }

    /// <summary>Returns letters that can be spoken, more or less; never a name that is held out of training.</summary>
    public static string Letters(Random random)
    {
        const string Consonants = "bbccddffgghhjkkllmmnnpprrssttvwxyz", Vowels = "aaaeeeiioouuy";
        while (true)
        {
            string name = "";
            bool isVowel = random.Next(3) == 0;
            for (int length = random.Next(3, 9); name.Length < length; isVowel = random.Next(8) == 0 ? isVowel : !isVowel)
                name += (isVowel ? Vowels : Consonants)[random.Next(isVowel ? Vowels.Length : Consonants.Length)];
            name = char.ToUpperInvariant(name[0]) + name[1..];
            if (!GivenNames.Of(Split.Held).Contains(name) && !Names.All(Split.Held).Contains(name)) return name;
        }
    }
}
