#version 460
#extension GL_GOOGLE_include_directive : require
// One pass of the radix select: adds what the tokens of a chunk weigh to the bins of the next 8 bits of their keys. Passes 0 to 3: tokens
// weigh 1 (top-k); passes 4 to 7: their probability at temperature 1 among what top-k left, in units of 2^-30 (top-p, Holtzman et al.
// 2020). Integers, so no order matters.
// Grid (chunks, outputs, 1).  Reference: tests/NpcMind.Reference/Sampling.cs
#include "lib/common.glsl"
#include "lib/sampling.glsl"
#define StateAccess
#include "lib/sampling_threshold.glsl"
layout(binding = 7) buffer Bins { uint bins[]; };
shared uint chunkBins[HistogramBins];

void main() {
    uint o = gl_WorkGroupID.y, chunk = gl_WorkGroupID.x, lane = gl_LocalInvocationID.x;
    SamplerSettings s = samplers[outputs[o].y];
    bool byCount = pass < KeyPasses;
    if (isGreedy(s) || !(byCount ? usesTopK(s) : usesTopP(s))) return;

    uint lowest = byCount ? sortable(Forbidden) + 1 : keyAfterTopK(o, s);
    uint prefix = 0, target = byCount ? s.topK : max(1u, uint(s.topP * Unit));
    uint shift = 24 - 8 * (pass % KeyPasses);
    if (pass % KeyPasses != 0) {
        uvec2 before = state[o * HistogramPasses + pass - 1];
        uvec2 found = findBin(o * HistogramPasses + pass - 1, before.y);
        prefix = before.x | (found.x << (shift + 8));
        target = found.y;
    }
    if (chunk == 0 && lane == 0) state[o * HistogramPasses + pass] = uvec2(prefix, target);
    uint lowestInside = max(lowest, prefix);
    uint highestInside = pass % KeyPasses == 0 ? HighestKey : min(HighestKey, prefix | ((1u << (shift + 8)) - 1));
    float largest = byCount ? 0.0 : largestLogit(o);
    float total = byCount ? 1.0 : sumOfChunks(o);

    for (uint i = lane; i < HistogramBins; i += gl_WorkGroupSize.x) chunkBins[i] = 0;
    barrier();
    uint end = min((chunk + 1) * ChunkQuads, (vocabulary + 3) / 4);
    for (uint quad = chunk * ChunkQuads + lane; quad < end; quad += gl_WorkGroupSize.x) {
        vec4 v = texelFetch(logits, int(o * quads + quad));
        [[unroll]] for (int i = 0; i < 4; i++) {
            uint key = sortable(v[i]);
            if (key < lowestInside || key > highestInside || quad * 4 + i >= vocabulary) continue;
            uint weight = byCount ? 1u : uint(exp(v[i] - largest) / total * Unit + 0.5);
            if (weight != 0) atomicAdd(chunkBins[(key >> shift) & (HistogramBins - 1u)], weight);
        }
    }
    barrier();
    for (uint i = lane; i < HistogramBins; i += gl_WorkGroupSize.x)
        if (chunkBins[i] != 0) atomicAdd(bins[(o * HistogramPasses + pass) * HistogramBins + i], chunkBins[i]);
}
