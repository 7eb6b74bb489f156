using System.Text.Json;
using NpcMind.Reference;
using NpcMind.Text;
using NUnit.Framework;

namespace NpcMind.Tests.Text;

/// <summary>The language of templates, snippet by snippet, against Jinja2 (tests/golden/templates).</summary>
internal sealed class JinjaLanguageTests
{
    [Test]
    public void Render_Snippets_EqualReference()
    {
        JsonElement cases = TemplateFiles.Json(TestData.Golden("templates", "language.json"));
        Assert.That(cases.GetArrayLength(), Is.EqualTo(137));
        using (Assert.EnterMultipleScope())
        {
            foreach (JsonElement item in cases.EnumerateArray())
                TemplateFiles.Check(item.GetProperty("template").GetString()!, item.GetProperty("context"), item,
                    item.GetProperty("template").GetString()!);
        }
    }

    [Test]
    public void Render_MoreSnippets_EqualReference()
    {
        JsonElement file = TemplateFiles.Json(TestData.Golden("templates", "language-more.json"));
        Assert.That(file.GetProperty("cases").GetArrayLength(), Is.GreaterThan(1000));
        using (Assert.EnterMultipleScope())
        {
            foreach (JsonElement item in file.GetProperty("cases").EnumerateArray())
                TemplateFiles.Check(item.GetProperty("template").GetString()!, file.GetProperty("context"), item,
                    item.GetProperty("template").GetString()!);
        }
    }

    [TestCase("a\n{{ x | nosuch }}", 2, "unknown filter 'nosuch'")]
    [TestCase("{% for i in [] %}\n{{ i is nosuch }}{% endfor %}", 2, "unknown test 'nosuch'")]
    [TestCase("\n\n{% nosuch %}", 3, "unknown tag 'nosuch'")]
    [TestCase("{% if x %}\n", 1, "the tag 'if' is not closed")]
    [TestCase("{{ 1 + }}", 1, "expected an expression, found the end of the expression")]
    [TestCase("x\n{{ 'abc }}", 2, "a string is not closed")]
    [TestCase("{{ (1] }}", 1, "']' where ')' is expected")]
    [TestCase("{% break %}", 1, "'break' stands outside a loop")]
    public void Parse_InvalidTemplate_SaysWhereAndWhy(string source, int line, string problem)
    {
        ChatTemplateException? error = Assert.Throws<ChatTemplateException>(() => ChatTemplate.Parse(source, "qwen"));
        using (Assert.EnterMultipleScope())
        {
            Assert.That(error!.Fault, Is.EqualTo(ChatTemplateFault.Syntax));
            Assert.That(error.Line, Is.EqualTo(line));
            Assert.That(error.Message, Does.StartWith($"qwen: line {line}: ").And.Contains(problem).And.Not.Contains("\n"));
        }
    }

    [TestCase("\n{{ x.y.z }}", 2, ChatTemplateFault.Evaluation, "'x' is undefined")]
    [TestCase("{{ 'a' + 1 }}", 1, ChatTemplateFault.Evaluation, "'+' does not go with str and int")]
    [TestCase("{% macro f() %}\n{{ 1 // 0 }}\n{% endmacro %}{{ f() }}", 2, ChatTemplateFault.Evaluation, "division")]
    [TestCase("{{ [].append(1) }}", 1, ChatTemplateFault.Forbidden, "'append' of list is out of reach")]
    [TestCase("{{ messages.pop() }}", 1, ChatTemplateFault.Forbidden, "'pop' of list is out of reach")]
    [TestCase("{{ {}.update({}) }}", 1, ChatTemplateFault.Forbidden, "'update' of dict is out of reach")]
    [TestCase("{{ ''.__class__.__mro__ }}", 1, ChatTemplateFault.Forbidden, "'__class__' of str is out of reach")]
    [TestCase("{{ '{0.__class__.x}'.format(1) }}", 1, ChatTemplateFault.Forbidden, "'__class__' of int is out of reach")]
    [TestCase("{{ raise_exception('no\nway') }}", 1, ChatTemplateFault.Raised, "no way")]
    [TestCase("{{ range(100001) }}", 1, ChatTemplateFault.Limit, "100000")]
    public void Render_FailingTemplate_SaysWhereAndWhy(string source, int line, ChatTemplateFault fault, string problem)
    {
        ChatTemplate template = ChatTemplate.Parse(source, "qwen");
        ChatTemplateException? error = Assert.Throws<ChatTemplateException>(() => template.Render([], false));
        using (Assert.EnterMultipleScope())
        {
            Assert.That(error!.Fault, Is.EqualTo(fault));
            Assert.That(error.Line, Is.EqualTo(line));
            Assert.That(error.Message, Does.StartWith($"qwen: line {line}: ").And.Contains(problem).And.Not.Contains("\n"));
            Assert.That(error.RaisedMessage, Is.EqualTo(fault == ChatTemplateFault.Raised ? "no\nway" : null));
        }
    }
}
