using NpcMind.Reference;
using NUnit.Framework;

namespace NpcMind.Tests.Gguf;

/// <summary>The reference forward pass against logits of transformers: what the GPU is tested against must itself be right.</summary>
internal sealed class ReferenceModelTests
{
    // Another implementation in binary32 reaches 1e-13 to 1.5e-11 on these cases (case.json, "check").
    private const double Tolerance = 5e-11;

    [TestCase("llama_head_dim")]
    [TestCase("mixtral_8x2")]
    [TestCase("quant_llama_q4_k_m")]
    public void Forward_CommittedCase_AgreesWithTransformers(string name) =>
        Check(new GoldenCase(TestData.Golden("architectures", name)));

    [Category("Shared")]
    [TestCase("llama_gqa")]
    [TestCase("llama_tied_bias")]
    [TestCase("llama_split")]
    [TestCase("llama_gguf_v2")]
    [TestCase("llama3_rope8")]
    [TestCase("llama3_rope32")]
    [TestCase("llama_linear_rope")]
    [TestCase("llama_fused_qkv")]
    [TestCase("llama_bf16")]
    [TestCase("llama_f32")]
    [TestCase("llama_long")]
    [TestCase("mistral")]
    [TestCase("mixtral_4x1")]
    [TestCase("quant_llama_q4_0")]
    [TestCase("quant_llama_q5_0")]
    [TestCase("quant_llama_q8_0")]
    [TestCase("quant_llama_q5_k")]
    [TestCase("quant_mixtral_q4_1")]
    [TestCase("quant_mixtral_q5_1")]
    [TestCase("quant_mixtral_q4_k")]
    [TestCase("quant_mixtral_q6_k")]
    public void Forward_SharedCases_AgreeWithTransformers(string name) =>
        Check(new GoldenCase(TestData.Shared("golden", "architectures", name)));

    private static void Check(GoldenCase golden)
    {
        LlamaReference model = LlamaReference.Open(golden.Model);
        GoldenCase.Sequence[] sequences = [.. golden.Sequences];
        for (int s = 0; s < sequences.Length; s++)
        {
            LlamaOutput output = model.Forward(sequences[s].Ids);
            double nmse = TestData.Nmse(sequences[s].Pick(output.Logits), sequences[s].Logits);
            TestContext.Out.WriteLine($"sequence {s}: NMSE {nmse:E2}");
            Assert.That(nmse, Is.LessThan(Tolerance), $"logits of sequence {s}");
            if (s == 0) golden.CheckResiduals(output.Residuals, model.Config.Embedding, Tolerance);
        }

        int[] prompt = sequences[0].Ids[..golden.PromptLength];
        int count = Math.Min(golden.Greedy.Length, prompt.Length > 100 ? 2 : 12);
        Assert.That(model.Greedy(prompt, count), Is.EqualTo(golden.Greedy[..count]), "greedy continuation");
    }
}
