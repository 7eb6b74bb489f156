using System.Text.Json;
using NpcMind.Reference;
using NUnit.Framework;

namespace NpcMind.Tests.Talk;

/// <summary>Where sentences end. In the cases a bar stands between sentences.</summary>
internal sealed class SentenceSplitterTests
{
    private static readonly string[] Cases =
    [
        "Good morning.|Who goes there?|\"I do!\"|Yes...|The end",
        "Yes.|No",
        // Titles, initials, abbreviations.
        "Dr. Smith met Mrs. Jones at 9 a.m. today.|He left... but why?|“Stop!” he said.|It cost 3.50 gold.|No",
        "J. R. R. Tolkien wrote it.|J.R.R. Tolkien did.|George W. Bush left.",
        "Prof. Dr. Adams lives in St. Louis.|Gen. Lee and Capt. Cook met Lt. Dan.|Rev. Green spoke.",
        "See e.g. Rome, i.e. the city.|The U.S. Army came at 5 p.m. Monday.|She has a Ph.D. Really.",
        "Light, shade, etc. were there.|It was the Acme Inc.|Then it closed.",
        "See No. 5 and fig. 3, vol. 2, p. 7.|No.|I will not.",
        // Numbers.
        "It is 3.5 miles.|At 9.30 he came.|Version 1.2.3 is out.|He paid 5.|Then he left.",
        "1. Take the sword.|2. Run.",
        "Am 1. Mai kam der 3. Mann.|Im 19. Jahrhundert war das so.|Es waren 12.|Dann ging er.",
        // German.
        "Er kam z. B. am Montag, d. h. gestern.|Hr. Müller und Fr. Weber sahen Nr. 5.|Das war ca. 50 v. Chr. und ggf. früher.",
        "»Halt!« rief sie.|Er kam.|»Wer da?«|Niemand.",
        "„Halt!“ sagte er.|„Komm!“|Sie ging.",
        // French, Spanish, Italian, Portuguese, Polish, Russian.
        "« Arrête ! » dit-il.|Mme. Dupont et M. Blanc sont là.|Il y en a.|C'est vrai, p. ex. Paris.|Qui est-ce ?|Moi.",
        "¿Quién es?|¡El Sr. García!|La Sra. López vive aquí, p. ej. Madrid.|Dra. Ruiz y D. Juan también.|Así es.|Vamos.",
        "Il Sig. Rossi e la Dott.ssa Bianchi.|Lo è.|Andiamo!",
        "Np. Kraków i pan Kos.|Prof. Nowak i mgr Kos.",
        "А. С. Пушкин жил здесь.|Это я.|См. Гоголя, т. е. его.|Кто там?|Никто.",
        // Ellipses and lower case.
        "Wait... what?|Hmm… yes.|Well... I think so.|Well...|It is so.|Yahoo! is old.|What? he asked.",
        // What closes belongs to the sentence.
        "(He left.)|Then *she laughed.*|[Good.]|He said \"Go!\"|'Now.'|She went.",
        // Scripts without blanks, and others.
        "你好。我是谁？你猜！好。",
        "「行け！」と言った。彼は去った。",
        "वह आया।|वह गया॥",
        "من أنت؟|أنا هنا.|نعم",
        "네.|알겠습니다.|갑시다!",
        "Look at www.example.com or a.txt now.|Ok",
        "Hello.|🙂 Bye.",
    ];

    [TestCaseSource(nameof(Cases))]
    public void End_AnyLanguage_SplitsAsItsReadersWould(string marked)
    {
        bool isWide = marked.Contains('。', StringComparison.Ordinal);
        string text = isWide ? marked : marked.Replace('|', ' ');
        string[] expected = isWide ? marked switch
        {
            ['你', ..] => ["你好。", "我是谁？", "你猜！", "好。"],
            _ => ["「行け！」と言った。", "彼は去った。"],
        } : marked.Split('|');
        Assert.That(Split(text), Is.EqualTo(expected));
        Assert.That(Streamed(text), Is.EqualTo(expected), "as it comes, a character at a time");
    }

    [Test]
    public void End_ReportedText_GivesTheExpectedSentences()
    {
        string folder = TestData.Golden("reports", "sentences-cut-at-abbreviations");
        string text = File.ReadAllText(Path.Combine(folder, "text.txt")).TrimEnd('\n');
        string[] expected = JsonSerializer.Deserialize<string[]>(File.ReadAllText(Path.Combine(folder, "expected.txt")))!;
        Assert.That(Split(text), Is.EqualTo(expected));
        Assert.That(Streamed(text), Is.EqualTo(expected));
    }

    [TestCase("One. Two", "One.")]
    [TestCase("One. I met Dr.", "One.")]
    [TestCase("One.\nTwo\nthree", "One.")]
    [TestCase("One\ntwo", "")]
    [TestCase("One. \"Two!\"", "One. \"Two!\"")]
    [TestCase("Is it 3.", "Is it 3.")]
    [TestCase("", "")]
    public void LastEnd_TextThatStops_IsTheLastWholeSentence(string text, string kept) =>
        Assert.That(text[..SentenceSplitter.LastEnd(text)], Is.EqualTo(kept));

    [Test]
    public void Append_TextOfOneWord_IsLinear()
    {
        ReplyText text = new(100_000, [], endAtSentence: true);
        for (int i = 0; i < 20_000; i++) text.Append("a"u8);
        text.Finish();
        Assert.That(text.Shown, Is.EqualTo(20_000));
    }

    private static List<string> Split(string text)
    {
        List<string> sentences = [];
        int at = 0;
        while (at < text.Length)
        {
            int end = SentenceSplitter.End(text.AsSpan(at), isWhole: true);
            if (end < 0) end = text.Length - at;
            sentences.Add(text.Substring(at, end).Trim());
            at += end;
        }

        return sentences;
    }

    private static List<string> Streamed(string text)
    {
        List<string> sentences = [];
        int at = 0;
        for (int length = 1; length <= text.Length; length++)
        {
            while (SentenceSplitter.End(text.AsSpan(at, length - at), isWhole: length == text.Length) is > 0 and int end)
            {
                sentences.Add(text.Substring(at, end).Trim());
                at += end;
            }
        }

        if (text[at..].Trim() is { Length: > 0 } rest) sentences.Add(rest);
        return sentences;
    }
}
