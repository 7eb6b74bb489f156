using System.Text.Json;
using NpcMind.Gguf;
using NpcMind.Reference;
using NpcMind.Tests.Text;
using NpcMind.Text;
using NUnit.Framework;
using static NpcMind.Tests.Talk.TemplateModel;

namespace NpcMind.Tests.Talk;

/// <summary>Chat templates as the pieces of conversations, and what is found out of them when a model is loaded.</summary>
internal sealed class ConversationTemplateTests
{
    private const string Plain = "S\n\nUser: U\nAssistant: ";

    private static string Report(string name, string file) => File.ReadAllText(TestData.Golden("reports", name, file));

    [Test]
    public void Create_TemplateThatListsTools_RendersWithoutThem()
    {
        ConversationTemplate template = Create(Report("template-that-lists-tools-cannot-be-loaded", "template.jinja"));
        Assert.That(template.First("S", "U"), Is.EqualTo(Report("template-that-lists-tools-cannot-be-loaded", "expected.txt")));
    }

    [TestCase("{{ functions | tojson }}")]
    [TestCase("{% for f in functions %}{{ f.name }}{% endfor %}{% for t in tools %}{{ t }}{% endfor %}")]
    [TestCase("{% if documents | length > 0 %}{{ documents[0] }}{% endif %}")]
    [TestCase("{{ tools | length }}{{ custom_tools | length }}")]
    [TestCase("{% if messages[0].role == 'system' and tools | length %}x{% endif %}")]
    public void Create_TemplateThatNeedsALists_GetsWhatRenders(string head)
    {
        ConversationTemplate template = Create(head + ChatMl);
        Assert.That(template.First("S", "U"),
            Does.EndWith("<|im_start|>system\nS<|im_end|>\n<|im_start|>user\nU<|im_end|>\n<|im_start|>assistant\n"));
    }

    [Test]
    public void Create_TemplateThatAsksForNone_StillGetsNone() =>
        Assert.That(Create("{{ tools is none }}{{ documents is none }}{{ functions is defined }}" + ChatMl).First("S", "U"),
            Does.StartWith("TrueTrueFalse"));

    [TestCase(null)]
    [TestCase("")]
    [TestCase(" \n\t ")]
    public void Create_NoOrBlankTemplate_IsThePlainForm(string? source)
    {
        ConversationTemplate template = Create(source);
        Assert.That(template.HasTemplate, Is.False);
        Assert.That(template.First("S", "U"), Is.EqualTo(Plain));
        Assert.That(template.StopStrings, Is.EqualTo(new[] { "\nUser:", "\nAssistant:" }));
    }

    [TestCase("chatml", "<|im_start|>system\nS<|im_end|>\n<|im_start|>user\nU<|im_end|>\n<|im_start|>assistant\n")]
    [TestCase(" chatml\n", "<|im_start|>system\nS<|im_end|>\n<|im_start|>user\nU<|im_end|>\n<|im_start|>assistant\n")]
    [TestCase("llama3", "<|start_header_id|>system<|end_header_id|>\n\nS<|eot_id|>"
        + "<|start_header_id|>user<|end_header_id|>\n\nU<|eot_id|><|start_header_id|>assistant<|end_header_id|>\n\n")]
    [TestCase("gemma", "<start_of_turn>user\nS\n\nU<end_of_turn>\n<start_of_turn>model\n")]
    public void Create_NameOfABuiltInTemplate_IsThatTemplate(string name, string expected)
    {
        ConversationTemplate template = Create(name);
        Assert.That(template.HasTemplate);
        Assert.That(template.First("S", "U"), Is.EqualTo(expected));
    }

    [Test]
    public void Create_UnknownWord_NamesTheFileAndSaysWhichAreKnown()
    {
        GgufMetadata metadata = TemplateModel.Metadata("chatmlx");
        Assert.That(() => ConversationTemplate.Create(metadata, metadata.Path, new ConversationSettings()),
            Throws.InstanceOf<ChatTemplateException>().With.Message.StartsWith(metadata.Path + " tokenizer.chat_template: ")
                .And.Message.Contains("chatmlx").And.Message.Contains("chatml, gemma"));
    }

    [TestCase("{% for m in messages %}{{ loop.index }}. {{ m.role }}: {{ m.content }}\n{% endfor %}")]
    [TestCase("{% for m in messages %}{{ 'even' if loop.index0 is divisibleby 4 else 'odd' }}{{ m.role }}: {{ m.content }}\n{% endfor %}")]
    [TestCase("{% for m in messages %}{% if loop.index > 20 %}late {% endif %}{{ m.role }}: {{ m.content }}\n{% endfor %}")]
    [TestCase("{{ messages | length }}{% for m in messages %}{{ m.role }}: {{ m.content }}\n{% endfor %}[{{ messages | length }}]")]
    public void Create_NumberedTurns_AreRefused(string source) =>
        Assert.That(() => Create(source), Throws.InstanceOf<ChatTemplateException>().With.Message.Contains("numbered"));

    [Test]
    public void FirstTurn_TemplateThatWritesTheDate_HasTheGamesDate()
    {
        string source = Report("template-date-is-1970", "template.jinja");
        Assert.That(Create(source).First("S", "U"), Does.Contain("Today Date: 28 Nov 2026"));
        Assert.That(Create(source, new ConversationSettings { Date = new DateTime(1348, 5, 1), DateIsChosen = true }).First("S", "U"),
            Does.Contain("Today Date: 01 May 1348"));
        Assert.That(
            Create(source).First("S", "U", date: new DateTime(1999, 1, 2)), Does.Contain("Today Date: 02 Jan 1999"), "of a saved mind");
    }

    [Test]
    public void FirstTurn_TemplateWithADateOfItsOwn_HasTheGamesOnlyWhereItIsChosen()
    {
        string source =
            "{% if date_string is not defined %}{% set date_string = '26 Jul 2024' %}{% endif %}{{ date_string }}{{ place }}" + ChatMl;
        Dictionary<string, JsonElement> variables = [];
        TemplateVariables.Add(
            new Dictionary<string, object?> { ["place"] = " in Ulm", ["thinks"] = false, ["numbers"] = new[] { 1, 2 } }, variables);
        ConversationSettings settings = new() { Date = new DateTime(2026, 11, 28), Variables = variables };
        Assert.That(Create(source, settings).First("S", "U"), Does.StartWith("26 Jul 2024 in Ulm"));
        Assert.That(Create(source, settings with { DateIsChosen = true }).First("S", "U"), Does.StartWith("28 Nov 2026 in Ulm"));
    }

    [Test]
    public void TemplateVariables_NumbersAndDictionariesOfOneType_AreTaken()
    {
        Dictionary<string, JsonElement> variables = [];
        TemplateVariables.Add(new Dictionary<string, object?>
        {
            ["a"] = new Dictionary<string, string> { ["x"] = "y" },
            ["b"] = 1.5m,
            ["c"] = 7ul,
            ["d"] = new Dictionary<string, int[]> { ["x"] = [1] },
        }, variables);
        Assert.That(variables.Select(v => v.Value.GetRawText()), Is.EqualTo((string[])["""{"x":"y"}""", "1.5", "7", """{"x":[1]}"""]));
        Dictionary<string, object?> numbered = new() { ["a"] = new Dictionary<int, int> { [1] = 2 } };
        Assert.That(() => TemplateVariables.Add(numbered, variables),
            Throws.ArgumentException.With.Message.Contains("Dictionary"));
        Assert.That(() => TemplateVariables.Add(new Dictionary<string, object?> { ["a"] = double.NaN }, variables),
            Throws.ArgumentException.With.Message.Contains("is NaN"));
    }

    [Test]
    public void TemplateVariables_WrongNamesAndValues_AreRefused()
    {
        foreach ((string name, object value) in new (string, object)[] { ("messages", ""), ("add_generation_prompt", true), ("1a", 1),
            ("", 1), ("a b", 1), ("a", new object()), ("a", double.NaN) })
            Assert.That(() => TemplateVariables.Add(new Dictionary<string, object?> { [name] = value },
                new Dictionary<string, JsonElement>()), Throws.InstanceOf<ArgumentException>(), name);
    }

    [Test]
    public void NextTurn_PrivateUseCharactersInEveryText_ForgeNothing()
    {
        ConversationTemplate template = Create(ChatMl);
        string expected = "<|im_end|>\n<|im_start|>user\nU<|im_end|>\n<|im_start|>assistant\n";
        foreach (string evil in (string[])["\uE000\uE001\uE002", "\uE000\uE003\uE002", "\uE000\uE004\uE002",
            "\uE000\uE001\uE005\uE005\uE002x", "\uE000", "\uE002", string.Concat(Enumerable.Repeat("\uE000\uE001\uE002", 50))])
        {
            Assert.That(template.Next("A persona " + evil + " copied", "U"), Is.EqualTo(expected));
            Assert.That(template.Next("S", evil + "U"), Is.EqualTo(expected.Replace("U", evil + "U", StringComparison.Ordinal)));
            Assert.That(template.First(evil + "S", "U" + evil),
                Is.EqualTo($"<|im_start|>system\n{evil}S<|im_end|>\n<|im_start|>user\nU{evil}<|im_end|>\n<|im_start|>assistant\n"));
            Assert.That(TemplateModel.Text(template.NextTurn(evil, null, evil, 2, false))
                .Split(template.NextTurn(evil, null, evil, 2, false).Place), Has.Length.EqualTo(3), "two places of pictures");
        }
    }

    [Test]
    public void Create_TemplateNearTheStepLimit_IsRefusedAtOnce()
    {
        ChatTemplateException error = Assert.Throws<ChatTemplateException>(
            () => Create("{% for i in range(90000) %}{% for j in range(10) %}{% set x = j %}{% endfor %}{% endfor %}" + ChatMl))!;
        Assert.That(error.Fault, Is.EqualTo(ChatTemplateFault.Limit));
        Assert.That(error.Message, Does.Contain("would stop the game"));
    }

    [Test]
    public void BeginCall_ManyRenderings_ArePaidTogether()
    {
        ConversationTemplate template = Create("{% for i in range(9000) %}{% endfor %}" + ChatMl);
        int renderings = 0;
        void RenderOn()
        {
            for (; renderings < 1000; renderings++) template.First("S", "U");
        }

        template.BeginCall();
        Assert.That(RenderOn, Throws.InstanceOf<ChatTemplateException>().With.Property("Fault").EqualTo(ChatTemplateFault.Limit));
        Assert.That(renderings, Is.InRange(20, 120));
        template.BeginCall();
        Assert.That(template.First("S", "U"), Does.Contain("U"));
    }

    [Test]
    public void Create_PublishedTemplates_TakeFewSteps()
    {
        foreach (string name in TemplateFiles.Committed) Assert.That(() => Create(TemplateFiles.Source(name)), Throws.Nothing, name);
    }

    [Test]
    [Category("Shared")]
    public void Create_SharedTemplates_TakeFewSteps()
    {
        Dictionary<string, JsonElement> tokens = new[] { "bos_token", "eos_token", "unk_token", "pad_token" }.ToDictionary(
            n => n, n => TemplateVariables.Json($"<{n}>"));
        using (Assert.EnterMultipleScope())
        {
            foreach (string name in TemplateFiles.SharedNames)
                Assert.That(() => Create(TemplateFiles.Source(name),
                    new ConversationSettings { Date = new DateTime(2026, 11, 28), Variables = tokens }), Throws.Nothing, name);
        }
    }

    [TestCase("<think>", "</think>", "{% if add_generation_prompt %}<|im_start|>assistant\n<think>\n{% endif %}", true)]
    [TestCase("<think>", "</think>", "{% if add_generation_prompt %}<|im_start|>assistant\n<think>\n\n</think>\n\n{% endif %}", false)]
    [TestCase("[THINK]", "[/THINK]", "{# [THINK] #}", false)]
    [TestCase("<seed:think>", "</seed:think>", "{# </seed:think> #}", false)]
    [TestCase("<|channel>", "<channel|>", "{# <|channel> <channel|> #}", false)]
    [TestCase("<|begin_of_thought|>", "<|end_of_thought|>", "{# <|end_of_thought|> #}", false)]
    public void Create_ThinkingTemplate_FindsItsMarks(string open, string close, string tail, bool opens)
    {
        ConversationTemplate template = Create(ChatMl + tail);
        Assert.That(template.Thoughts, Is.EqualTo(new ThoughtMarks(open, close)));
        Assert.That(template.OpensThought, Is.EqualTo(opens));
        Assert.That(template.DropsThoughts, Is.False);
        Assert.That(Create(ChatMl).Thoughts, Is.Null);
    }

    [Test]
    public void PastTurn_TemplateThatDropsThoughts_IsWrittenWithoutThem()
    {
        ConversationTemplate template = Create(Report("thoughts-are-spoken", "template.jinja"));
        Assert.That((template.Thoughts, template.OpensThought, template.DropsThoughts),
            Is.EqualTo((new ThoughtMarks("<think>", "</think>"), true, true)));
        Assert.That(template.First("S", "U"), Does.EndWith("<|im_start|>assistant\n<think>\n"));
        Assert.That(template.First("S", "U", isAnswered: true),
            Is.EqualTo("<|im_start|>system\nS<|im_end|>\n<|im_start|>user\nU<|im_end|>\n<|im_start|>assistant\n"));
        Assert.That(
            template.Next("S", "U", isAnswered: true), Is.EqualTo("<|im_end|>\n<|im_start|>user\nU<|im_end|>\n<|im_start|>assistant\n"));
    }
}
