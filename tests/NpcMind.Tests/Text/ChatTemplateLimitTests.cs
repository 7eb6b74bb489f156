using System.Text.Json;
using NpcMind.Jinja;
using NpcMind.Text;
using NUnit.Framework;

namespace NpcMind.Tests.Text;

/// <summary>Templates that would never end, or would fill the memory, and damaged ones: a ChatTemplateException, soon.</summary>
internal sealed class ChatTemplateLimitTests
{
    private const int Many = 100_000;

    private static readonly (string Name, string Source)[] Bombs =
    [
        ("nested loops", "{% for i in range(99999) %}{% for j in range(99999) %}{% endfor %}{% endfor %}"),
        ("nested loops that print", "{% for i in range(99999) %}{% for j in range(99999) %}x{% endfor %}{% endfor %}"),
        ("long text", "{{ 'a' * 10**9 }}"),
        ("long text, huge factor", "{{ 10**40 * 'a' }}"),
        ("long list", "{{ [1] * 10**9 }}"),
        ("long range", "{{ range(10**9) | list }}"),
        ("range whose slice has a step of 0", "{{ range(8589934592, 0, -4294967296)[::4294967296] | list }}"),
        ("range longer than a number", "{{ range(-9000000000000000000, 9000000000000000000, 1)[1:] }}"),
        ("parentheses", "{{ " + new string('(', Many) + "1" + new string(')', Many) + " }}"),
        ("open parentheses", "{{ " + new string('(', Many)),
        ("lists", "{{ " + new string('[', Many) + new string(']', Many) + " }}"),
        ("dicts", "{{ " + Repeat("{1:", Many) + "1" + new string('}', Many) + " }}"),
        ("nots", "{{ " + Repeat("not ", Many) + "1 }}"),
        ("signs", "{{ 1" + Repeat(" - -", Many) + "1 }}"),
        ("sums", "{{ 1" + Repeat(" + 1", Many) + " }}"),
        ("filters", "{{ 1" + Repeat(" | string", Many) + " }}"),
        ("members", "{{ a" + Repeat(".b", Many) + " }}"),
        ("conditions", "{{ " + Repeat("1 if 1 else ", Many) + "1 }}"),
        ("ifs", Repeat("{% if 1 %}", Many)),
        ("fors", Repeat("{% for a in [1] %}", 50_000) + Repeat("{% endfor %}", 50_000)),
        ("targets", "{% for " + new string('(', Many) + "a" + new string(')', Many) + " in x %}{% endfor %}"),
        ("recursive macro", "{% macro f(n) %}{{ f(n + 1) }}{% endmacro %}{{ f(0) }}"),
        ("doubly recursive macro", "{% macro f(n) %}{% if n %}{{ f(n - 1) }}{{ f(n - 1) }}{% endif %}{% endmacro %}{{ f(60) }}"),
        ("recursive loop", "{% for i in [1] recursive %}{{ loop([1]) }}{% endfor %}"),
        ("recursive block", "{% block a %}{{ self.a() }}{% endblock %}"),
        ("huge output", "{% for i in range(99999) %}{{ 'abcdefghij' * 1000 }}{% endfor %}"),
        ("doubling text", "{% set ns = namespace(s='a') %}{% for i in range(60) %}{% set ns.s = ns.s + ns.s %}{% endfor %}"),
        ("doubling list", "{% set ns = namespace(s=[1]) %}{% for i in range(60) %}{% set ns.s = ns.s + ns.s %}{% endfor %}"),
        ("tree of shared lists, printed", Tree("[", "]") + "{{ ns.s }}"),
        ("tree of shared lists, as JSON", Tree("[", "]") + "{{ ns.s | tojson }}"),
        ("trees of shared lists, compared", Tree("[", "]") + "{{ ns.s == ns.t }}"),
        ("trees of shared lists, ordered", Tree("[", "]") + "{{ ns.s < ns.t }}"),
        ("tree of shared tuples as a key", Tree("(", ")") + "{{ {ns.s: 1} }}"),
        ("deep list", Deep("[ns.s]") + "{{ ns.s }}"),
        ("deep list as JSON", Deep("[ns.s]") + "{{ ns.s | tojson }}"),
        ("deep tuple as a key", Deep("(ns.s,)") + "{{ {ns.s: 1} }}"),
        ("deep streams", Deep("ns.s | map('abs')") + "{{ ns.s | list }}"),
        ("a value that holds itself", "{% set ns = namespace() %}{% set ns.s = [ns] %}{{ ns }}"),
        ("center", "{{ 'a'.center(10**9) }}"),
        ("ljust", "{{ 'a'.ljust(10**30) }}"),
        ("zfill", "{{ 'a'.zfill(10**9) }}"),
        ("expandtabs", "{{ '\t'.expandtabs(10**9) }}"),
        ("percent width", "{{ '%1000000000d' % 1 }}"),
        ("percent star", "{{ '%*d' % (10**9, 1) }}"),
        ("percent precision", "{{ '%.1000000000f' % 1 }}"),
        ("percent digits", "{{ '%.1000000000d' % 1 }}"),
        ("format width", "{{ '{:1000000000}'.format(1) }}"),
        ("format nested width", "{{ '{:>{}}'.format(1, 10**9) }}"),
        ("format precision", "{{ '{:.1000000000f}'.format(1) }}"),
        ("long precisions", "{% for i in range(99999) %}{{ '%.20000f' % 1.1 }}{% endfor %}"),
        ("indent", "{{ ('a\n' * 100000) | indent(100000) }}"),
        ("replace", "{{ ('a' * 100000).replace('a', 'b' * 100000) }}"),
        ("join", "{{ ('b' * 100000).join(range(99999) | map('string')) }}"),
        ("batch", "{{ [1] | batch(10**9, 0) | list }}"),
        ("slice", "{{ [1] | slice(10**9) | list }}"),
        ("JSON indent", "{{ [1] | tojson(indent=10**9) }}"),
        ("power", "{{ 2 ** 10000000000 }}"),
        ("squares", "{% set ns = namespace(n=3) %}{% for i in range(9999) %}{% set ns.n = ns.n * ns.n %}{% endfor %}"),
        ("long integers read", "{% set s = '9' * 4300 %}{% for i in range(99999) %}{% set x = s | int %}{% endfor %}"),
        ("long integers printed", "{% for i in range(99999) %}{% set x = (10 ** 4000) | string %}{% endfor %}"),
        ("search for a long text",
            "{% set a = 'a' * 900000 %}{% set b = 'a' * 400000 ~ 'b' %}{% for i in range(9999) %}{% set x = b in a %}{% endfor %}"),
        ("case of a long text", "{% set a = 'a' * 1900000 %}{% for i in range(9999) %}{% set x = a.upper() %}{% endfor %}"),
        ("strip of a long text", "{% set a = ' ' * 1900000 %}{% for i in range(9999) %}{% set x = a.strip() %}{% endfor %}"),
        ("index in a long text", "{% set a = '😀' * 900000 %}{% for i in range(99999) %}{% set x = a[800000] %}{% endfor %}"),
        ("many lists kept",
            "{% set ns = namespace(a=[]) %}{% for i in range(99999) %}{% set ns.a = ns.a + [range(99999) | list] %}{% endfor %}"),
        ("many texts kept", "{% set ns = namespace(a=[]) %}{% for i in range(99999) %}{% set ns.a = ns.a + ['a' * 1000000] %}{% endfor %}"),
        ("long template", new string('x', 3_000_000)),
    ];

    private static readonly string[] BombNames = [.. Bombs.Select(bomb => bomb.Name)];

    private static string Repeat(string text, int count) => string.Concat(Enumerable.Repeat(text, count));

    private static string Tree(string open, string close) =>
        "{% set ns = namespace(s=1, t=1) %}{% for i in range(60) %}{% set ns.s = " + open + "ns.s, ns.s" + close + " %}{% set ns.t = "
        + open + "ns.t, ns.t" + close + " %}{% endfor %}";

    private static string Deep(string next) => "{% set ns = namespace(s=[1]) %}{% for i in range(20000) %}{% set ns.s = " + next
        + " %}{% endfor %}";

    [TestCaseSource(nameof(BombNames)), NonParallelizable]
    public void Render_Bomb_EndsSoonWithLimit(string name)
    {
        string source = Bombs.Single(bomb => bomb.Name == name).Source;
        TimeSpan start = Environment.CpuUsage.TotalTime;
        ChatTemplateException? error = Assert.Throws<ChatTemplateException>(() => ChatTemplate.Parse(source).Render([], false));
        using (Assert.EnterMultipleScope())
        {
            Assert.That(error!.Fault, Is.EqualTo(ChatTemplateFault.Limit)
                .Or.EqualTo(name == "open parentheses" ? ChatTemplateFault.Syntax : ChatTemplateFault.Limit), error.Message);
            // Of the processor, not of the clock: the machine may be busy. One to two seconds in a debug build; the rest is for slow
            // machines.
            Assert.That(Environment.CpuUsage.TotalTime - start, Is.LessThan(TimeSpan.FromSeconds(10)), error.Message);
        }
    }

    [Test]
    public void Parse_DeepTemplateOnSmallStack_FailsWithoutCrash()
    {
        List<Exception?> thrown = [];
        Thread thread = new(() =>
        {
            foreach (string name in (string[])["parentheses", "lists", "sums", "ifs", "recursive macro", "recursive loop", "deep streams",
                "deep list"])
            {
                try
                {
                    TemplateLimits limits = new() { Depth = 1_000_000 };
                    ChatTemplate.Parse(Bombs.Single(bomb => bomb.Name == name).Source, name, limits).Render([], false);
                    thrown.Add(null);
                }
                catch (Exception e)
                {
                    thrown.Add(e);
                }
            }
        }, 256 * 1024);
        thread.Start();
        thread.Join();
        Assert.That(thrown, Has.Count.EqualTo(8).And.All.TypeOf<ChatTemplateException>());
    }

    [Test]
    public void Limits_CanBeSet()
    {
        ChatMessage[] messages = [new("user", "hello")];
        string source = TemplateFiles.Source("chatml");
        using (Assert.EnterMultipleScope())
        {
            Assert.That(() => ChatTemplate.Parse(source, limits: new() { Steps = 20 }).Render(messages, true),
                Throws.TypeOf<ChatTemplateException>());
            Assert.That(() => ChatTemplate.Parse("{{ 'a' * 30 }}", limits: new() { Length = 20 }).Render(messages, true),
                Throws.TypeOf<ChatTemplateException>());
            Assert.That(() => ChatTemplate.Parse("{{ [[[[[[[[1]]]]]]]] }}", limits: new() { Depth = 5 }),
                Throws.TypeOf<ChatTemplateException>());
            Assert.That(() => ChatTemplate.Parse(source, limits: new() { Steps = 20_000, Length = 1000, Depth = 50 })
                .Render(messages, true), Throws.Nothing);
        }
    }

    [TestCaseSource(typeof(TemplateFiles), nameof(TemplateFiles.Committed))]
    public void Render_DamagedTemplate_RendersOrFailsCleanly(string name)
    {
        string source = TemplateFiles.Source(name), vocabulary = source + "{{}}%#-+|()[].,:'\"~*/=<>!\\ 09aé😀\n\0";
        JsonElement[] cases = [.. TemplateFiles.Cases(name).EnumerateArray()];
        TemplateLimits limits = new() { Steps = 200_000, Length = 100_000 };
        Random random = new(20261123);
        int rendered = 0, failed = 0;
        for (int round = 0; round < 1500; round++)
        {
            string damaged = Damage(source, vocabulary, random);
            (JsonElement messages, bool addPrompt, Dictionary<string, JsonElement> variables) = TemplateFiles.Input(
                cases[random.Next(cases.Length)]);
            try
            {
                ChatTemplate template = ChatTemplate.Parse(damaged, limits: limits);
                string text = template.Render(messages, addPrompt, variables, TemplateFiles.Now);
                Assert.That(string.Concat(template.RenderSegments(messages, addPrompt, variables, TemplateFiles.Now).Select(s => s.Text)),
                    Is.EqualTo(text));
                rendered++;
            }
            catch (ChatTemplateException)
            {
                failed++;
            }
            catch (Exception e) when (e is not AssertionException)
            {
                Assert.Fail($"round {round}: {e}\n{damaged}");
            }
        }

        Assert.That((rendered, failed), Is.EqualTo((rendered, failed))
            .And.Matches<(int Rendered, int Failed)>(n => n.Rendered > 50 && n.Failed > 50));
    }

    private static string Damage(string source, string vocabulary, Random random)
    {
        string text = source;
        for (int changes = random.Next(1, 5); changes > 0; changes--)
        {
            int at = random.Next(text.Length), length = Math.Min(random.Next(1, 12), text.Length - at),
            from = random.Next(vocabulary.Length - 12);
            text = random.Next(5) switch
            {
                0 => text.Remove(at, length),
                1 => text.Insert(at, vocabulary.Substring(from, random.Next(1, 12))),
                2 => text[..at] + vocabulary[random.Next(vocabulary.Length)] + text[(at + 1)..],
                3 => text.Insert(at, text.Substring(random.Next(text.Length - length), length)),
                _ => at > text.Length / 2 ? text[..at] : text.Remove(at, 1),
            };
        }

        return text;
    }
}
