// What the sampler's kernels share (the whole: src/NpcMind.Inference/Kernels/Sampler.cs).
//   logits [outputs, quads] f32 texels of 4   outputs [n] (row, slot, position, masked)   samplers [slots]
//   best [outputs, chunks] (bits of the largest logit of the chunk, its lowest token)
//   histograms [outputs, HistogramPasses, HistogramBins] u32: bins of the digits of keys, KeyPasses passes counting tokens for
//   top-k, then as many adding probabilities for top-p
//   sums [outputs, chunks] u32, bits of an f32: weights of each chunk
// Only finite logits above Forbidden can be chosen: a device or a broken model file can give any bits. An output without one chooses
// NoToken.
// A chunk of ChunkTokens tokens of one output is a workgroup's work. Sums are made per chunk and then over the chunks in order.
#include "lib/reduce.glsl"
#include "lib/forbidden.glsl"
layout(constant_id = 1) const uint ChunkTokens = 2048;
const float Unit = 1073741824.0; // 2^30: integer units of probability
const uint ChunkQuads = ChunkTokens / 4;
const uint HighestKey = 0xFF7FFFFFu; // of the largest finite number: NaNs and infinities have higher keys, or lower ones than Forbidden

layout(push_constant) uniform Constants {
    uint vocabulary;    // tokens that can be chosen; a row can have more logits, which no token has
    uint quads;         // of a row of logits
    uint chunks;
    uint pass;          // which histogram, or which sum
};
layout(binding = 0) uniform samplerBuffer logits;
layout(binding = 1) readonly buffer Outputs { uvec4 outputs[]; };
layout(binding = 2) readonly buffer Samplers { SamplerSettings samplers[]; };

bool isGreedy(SamplerSettings s) { return s.temperature <= 0.0 || s.topK == 1; }
bool usesTopK(SamplerSettings s) { return s.topK > 0 && s.topK < vocabulary; }
bool usesTopP(SamplerSettings s) { return s.topP < 1.0; }

// An integer that orders as the number does.
uint sortable(float v) {
    uint bits = floatBitsToUint(v);
    return (bits & 0x80000000u) != 0 ? ~bits : bits | 0x80000000u;
}
