using System.Diagnostics;
using System.Text;
using NpcMind.Reference;
using NpcMind.Tests.Text;
using NpcMind.Text;
using NUnit.Framework;

namespace NpcMind.Tests.Actions;

/// <summary>A model that knows nothing, any allowed token after any other, still writes nothing but legal actions.</summary>
internal sealed class GeneratedActionTests
{
    private static readonly Tokenizer Tiny = Tokenizer.Create(
        TinyVocabulary.Write(writer => TinyTokenizer.AddTo(writer, 600, chatTemplate: false)));
    private readonly int[] _tokens = new int[4096];

    [Test]
    public void Parse_ThousandActions_AreLegalAndAllocateNothing()
    {
        TokenTrie trie = TokenTrie.Create(Tiny);
        Random random = new(4);
        int actions = 0;
        for (int round = 0; round < 20; round++)
        {
            actions += Generate<Gesture>(Tiny, trie, random, 10);
            actions += Generate<Give>(Tiny, trie, random, 10);
            actions += Generate<Move>(Tiny, trie, random, 10);
            actions += Generate<Tavern.Order>(Tiny, trie, random, 10);
            actions += Generate<Tavern.Leave>(Tiny, trie, random, 10);
        }

        Assert.That(actions, Is.EqualTo(1000));
    }

    [TestCase("smollm")]
    [TestCase("llama-spm")]
    public void Parse_ActionsInRealVocabulary_AreLegal(string vocabulary)
    {
        Tokenizer tokenizer = TokenizerFiles.Load(vocabulary);
        TokenTrie trie = TokenTrie.Create(tokenizer);
        Random random = new(6);
        int actions = Generate<Gesture>(tokenizer, trie, random, 20) + Generate<Give>(tokenizer, trie, random, 20)
            + Generate<Move>(tokenizer, trie, random, 20)
            + Generate<Tavern.Order>(tokenizer, trie, random, 20) + Generate<Tavern.Leave>(tokenizer, trie, random, 20);
        Assert.That(actions, Is.EqualTo(100));
    }

    private int Generate<T>(Tokenizer tokenizer, TokenTrie trie, Random random, int count)
    {
        ActionType<T> type = ActionType.Of<T>();
        LegalActions legal = Restrict(type, random);
        Stopwatch watch = Stopwatch.StartNew();
        TokenConstraint constraint = TokenConstraint.Compile(Grammar.Parse(type.ToGbnf(legal), type.Name), trie);
        double parsed = watch.Elapsed.TotalMilliseconds;
        Assert.That(constraint.CompileAll(20_000), type.Name);
        if (tokenizer != Tiny)
            TestContext.Out.WriteLine($"{type.Name}: grammar {parsed:F2} ms, all masks {watch.Elapsed.TotalMilliseconds - parsed:F1} ms, " +
                $"{constraint.StateCount} states, {constraint.MaskCount} masks");
        for (int i = 0; i < count; i++)
        {
            long before = GC.GetAllocatedBytesForCurrentThread();
            int length = Walk(constraint, random);
            Assert.That(GC.GetAllocatedBytesForCurrentThread() - before, Is.Zero, type.Name);
            string text = Encoding.UTF8.GetString(tokenizer.DecodeBytes(_tokens.AsSpan(0, length)));
            Assert.That(type.TryParse(text, out T? value, legal), $"{type.Name}: {text}");
            Assert.That(type.Write(value!), Is.EqualTo(text));
        }

        return count;
    }

    private int Walk(TokenConstraint constraint, Random random)
    {
        int state = constraint.Start, length = 0;
        for (; !constraint.MustEnd(state); length++)
        {
            ReadOnlySpan<uint> mask = constraint.Mask(state);
            int token = random.Next(mask.Length * 32);
            while ((mask[token >> 5] >> token & 1) == 0) token = (token + 1) % (mask.Length * 32);
            _tokens[length] = token;
            state = constraint.Advance(state, token);
        }

        return length;
    }

    /// <summary>Leaves some of each member legal.</summary>
    private static LegalActions Restrict(ActionType type, Random random)
    {
        LegalActions legal = new(type);
        foreach (ActionMember member in type.Members)
        {
            if (member.IsNullable) legal.AllowNull(member.Name, random.Next(2) == 0);
            if (random.Next(3) == 0) continue;
            switch (member.Kind)
            {
                case ActionMemberKind.Choice:
                    legal.Allow(member.Name, [.. member.Choices.Where(_ => random.Next(2) == 0).DefaultIfEmpty(member.Choices[0])]);
                    break;
                case ActionMemberKind.Number:
                    long first = random.NextInt64(member.Minimum, (long)member.Maximum + 1);
                    legal.AllowRange(member.Name, (int)first, (int)random.NextInt64(first, (long)member.Maximum + 1));
                    break;
                default:
                    if (random.Next(2) == 0) legal.Allow(member.Name, "Player", "a \"b\"", "é😀");
                    break;
            }
        }

        return legal;
    }
}
