namespace Tavern.World;

/// <summary>
/// What people type for words in haste, and the words that it stands for. <see cref="Requests"/> and <see cref="TypedText"/> read by it.
/// </summary>
public static class ShortForms
{
    /// <summary>On each line the words, then what is typed for them.</summary>
    private const string Table =
        """
        you: u ya yu yuo
        hey: yo
        your: ur yer
        are: r ar
        please: pls plz plese
        thanks: thx thnx tnx ty thanx
        give me: gimme gimmi
        let me: lemme
        do not: dnt dont don't
        want to: wanna wana
        want: wnt
        going to: gonna
        got to: gotta
        the: da teh th
        this: dis
        that: dat
        them: em
        and: n
        light: lite
        look: luk
        come: cum
        come on: cmon c'mon
        could: cud culd
        would: wud
        should: shud
        will not: wont
        what: wat wut wot waht whta wht
        where: wher whre wer
        who: hoo whoo
        because: cuz cos
        about: bout abt
        what is: whats what's wots
        who is: whos who's
        where is: wheres where's
        how is: hows how's
        oh: whoa
        is: iz
        yourself: urself
        you are: youre you're
        i am: im i'm
        i have: ive i've
        i would: i'd
        i will: i'll
        that is: thats that's
        it is: its it's
        there is: theres there's
        here is: heres
        did not: didnt didn't
        can not: cant
        is not: isnt
        are not: arent
        does not: doesnt
        was not: wasnt
        tonight: tonite 2nite
        night: nite
        last night: lastnight lastnite
        people: ppl
        something: smth sth
        somebody: someone
        anybody: anyone
        good: ok k gud
        yes: yea yeah yep ye
        no: nah nope
        love: luv
        friend: frend
        know: kno
        never mind: nvm
        really: srsly rly
        tell me: tellme
        kind of: kinda
        have to: hafta
        do not know: dunno
        with: wiv wit
        have: hav
        give: giv
        colour: color
        favourite: favorite
        hello: helo hullo hallo heya
        living: livin
        doing: doin
        looking: lookin
        wearing: wearin
        carrying: carryin
        nothing: nothin
        """;

    private static readonly Dictionary<string, string[]> Forms = Read();

    /// <summary>The words of a short form; null for what is none.</summary>
    /// <param name="word">In lower case.</param>
    public static IReadOnlyList<string>? Of(string word) => Forms.GetValueOrDefault(word);

    private static Dictionary<string, string[]> Read()
    {
        Dictionary<string, string[]> forms = new(StringComparer.Ordinal);
        foreach (string line in Table.Split('\n', StringSplitOptions.TrimEntries))
        {
            string[] sides = line.Split(": ");
            foreach (string form in sides[1].Split(' ')) forms.Add(form, sides[0].Split(' '));
        }

        return forms;
    }
}
