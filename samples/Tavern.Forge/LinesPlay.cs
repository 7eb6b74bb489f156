using System.Globalization;
using System.Text;
using System.Text.Json;
using System.Text.RegularExpressions;
using NpcMind;
using Tavern.Game;
using Tavern.Renderer;
using Tavern.World;

namespace Tavern.Forge;

/// <summary>
/// Asks a model what players would type, in a tavern as the game has it: the same facts, persona, view and deeds to choose from. A line
/// of the file has a kind, to (character), say, want (expression that the answer must hold), never (one that it must not hold) and after
/// (said first).
/// </summary>
internal static class LinesPlay
{
    private sealed record Line(string Kind, string To, string Say, string? Want, string? Never, string[]? After);

    private static readonly JsonSerializerOptions Json = new() { PropertyNamingPolicy = JsonNamingPolicy.CamelCase };

    /// <summary>Plays all lines of a file and writes what was said.</summary>
    /// <returns>How many made sense, and of how many.</returns>
    public static (int Good, int All) Play(NpcRuntime runtime, string file, string tavern, TextWriter output)
    {
        Line[] lines = JsonSerializer.Deserialize<Line[]>(File.ReadAllText(file), Json)!;
        GameWorld world = new(TavernFile.Read(tavern));
        Dictionary<string, byte[]> views = Views(world);
        SortedDictionary<string, (int Good, int All)> kinds = new(StringComparer.Ordinal);
        using Prefix prefix = runtime.CreatePrefix(world.Facts.Facts());
        foreach (Line line in lines)
        {
            Person self = world.Facts.People.First(p => p.Name == line.To);
            using Npc npc = prefix.CreateNpc(self.Name, TavernWorld.Persona(self));
            npc.See(NpcImage.FromRgba(PictureIndex.Size, PictureIndex.Size, views[self.Name]));
            string said = "";
            foreach (string say in (line.After ?? []).Append(line.Say)) said = Ask(runtime, npc, world, self, say);
            bool good = Regex.IsMatch(said, line.Want ?? ".", RegexOptions.IgnoreCase)
                && !(line.Never is { } never && Regex.IsMatch(said, never, RegexOptions.IgnoreCase));
            (int right, int all) = kinds.GetValueOrDefault(line.Kind);
            kinds[line.Kind] = (right + (good ? 1 : 0), all + 1);
            output.WriteLine($"  {(good ? "ok   " : "short")} {line.Kind,-8} {line.To}: {line.Say} -> {said}");
        }

        output.WriteLine(string.Join(", ",
            kinds.Select(k => string.Create(CultureInfo.InvariantCulture, $"{k.Key} {k.Value.Good}/{k.Value.All}"))));
        return (kinds.Values.Sum(k => k.Good), lines.Length);
    }

    private static string Ask(NpcRuntime runtime, Npc npc, GameWorld world, Person self, string say)
    {
        LegalActions legal = Deed.Legal(Requests.Of(say, world.Facts, self));
        string heard = PlayerWords.Read(say, world.Facts);
        Reply reply = npc.Hear(Deed.Player, heard,
            new ReplyOptions { Temperature = 0, RepetitionPenalty = 1, MaxTokens = 48, Action = legal.Type, LegalActions = legal });
        if (!runtime.ThinkUntilIdle(TimeSpan.FromMinutes(2))) throw new TimeoutException($"'{say}' was not answered within two minutes.");
        StringBuilder said = new(reply.Text);
        if (reply.TryTakeAction(out Deed? deed) && deed is { Do: not DeedVerb.Nothing })
            said.Append(CultureInfo.InvariantCulture, $" ({deed.Do} {deed.To})");
        return said.ToString();
    }

    private static Dictionary<string, byte[]> Views(GameWorld world)
    {
        using PictureMaker maker = new();
        return world.Bodies.ToDictionary(b => b.Name, b =>
            Rgba(maker.Render(Eyes.Scene(world, b), Eyes.Camera(b), PictureIndex.Size, PictureIndex.Size).Rgb), StringComparer.Ordinal);
    }

    private static byte[] Rgba(byte[] rgb)
    {
        byte[] rgba = new byte[rgb.Length / 3 * 4];
        for (int i = 0; i < rgb.Length / 3; i++)
        {
            rgb.AsSpan(3 * i, 3).CopyTo(rgba.AsSpan(4 * i));
            rgba[(4 * i) + 3] = 255;
        }

        return rgba;
    }
}
