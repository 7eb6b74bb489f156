namespace Tavern.World;

/// <summary>What people type for words in haste, and the words that it stands for. <see cref="Requests"/> reads by it.</summary>
public static class ShortForms
{
    private static readonly Dictionary<string, string[]> Forms = new(StringComparer.Ordinal)
    {
        ["u"] = ["you"], ["ya"] = ["you"], ["yu"] = ["you"], ["yo"] = ["hey"], ["ur"] = ["your"], ["yer"] = ["your"], ["r"] = ["are"],
        ["pls"] = ["please"], ["plz"] = ["please"], ["plese"] = ["please"], ["thx"] = ["thanks"],
        ["gimme"] = ["give", "me"], ["gimmi"] = ["give", "me"], ["lemme"] = ["let", "me"], ["dnt"] = ["do", "not"],
        ["wanna"] = ["want", "to"], ["wana"] = ["want", "to"], ["wnt"] = ["want"], ["gonna"] = ["going", "to"], ["gotta"] = ["got", "to"],
        ["da"] = ["the"], ["teh"] = ["the"], ["th"] = ["the"], ["dis"] = ["this"], ["dat"] = ["that"], ["em"] = ["them"], ["n"] = ["and"],
        ["lite"] = ["light"], ["luk"] = ["look"], ["cum"] = ["come"], ["cmon"] = ["come", "on"], ["c'mon"] = ["come", "on"],
        ["cud"] = ["could"], ["culd"] = ["could"], ["wud"] = ["would"], ["shud"] = ["should"], ["wont"] = ["will", "not"],
        ["wat"] = ["what"], ["wut"] = ["what"], ["wher"] = ["where"], ["hoo"] = ["who"], ["cuz"] = ["because"], ["cos"] = ["because"],
        ["bout"] = ["about"], ["abt"] = ["about"], ["whats"] = ["what", "is"], ["whos"] = ["who", "is"], ["wheres"] = ["where", "is"],
        ["hows"] = ["how", "is"],
    };

    /// <summary>The words of a short form; null for what is none.</summary>
    /// <param name="word">In lower case.</param>
    public static IReadOnlyList<string>? Of(string word) => Forms.GetValueOrDefault(word);
}
