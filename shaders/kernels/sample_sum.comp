#version 460
#extension GL_GOOGLE_include_directive : require
// Sums over a chunk. Pass 0: exp(logit - largest) of what top-k left, for top-p. Pass 1: exp((logit - largest) / temperature) of what is
// left in the end. Pass 2: the probabilities that follow from pass 1, in units of 2^-30.
//   result [outputs, chunks] u32: bits of an f32, or units.  Grid (chunks, outputs, 1).  Reference: tests/NpcMind.Reference/Sampling.cs
#include "lib/common.glsl"
#include "lib/sampling.glsl"
#define StateAccess readonly
#include "lib/sampling_threshold.glsl"
layout(binding = 7) writeonly buffer Result { uint result[]; };

void main() {
    uint o = gl_WorkGroupID.y, chunk = gl_WorkGroupID.x;
    SamplerSettings s = samplers[outputs[o].y];
    if (isGreedy(s) || (pass == 0 && !usesTopP(s))) return;
    float largest = largestLogit(o);
    uint lowest = pass == 0 ? keyAfterTopK(o, s) : keyAfterAll(o, s, largest);
    float temperature = pass == 0 ? 1.0 : s.temperature;
    float total = pass == 2 ? sumOfChunks(o) : 1.0;

    uint end = min((chunk + 1) * ChunkQuads, (vocabulary + 3) / 4);
    vec4 weights = vec4(0.0);
    uint units = 0;
    for (uint quad = chunk * ChunkQuads + gl_LocalInvocationID.x; quad < end; quad += gl_WorkGroupSize.x) {
        vec4 v = texelFetch(logits, int(o * quads + quad));
        [[unroll]] for (int i = 0; i < 4; i++) {
            uint key = sortable(v[i]);
            if (key < lowest || key > HighestKey || quad * 4 + i >= vocabulary) continue;
            float weight = exp((v[i] - largest) / temperature);
            if (pass == 2) units += uint(weight / total * Unit + 0.5);
            else weights[i] += weight;
        }
    }
    float sum = workgroupSum((weights.x + weights.y) + (weights.z + weights.w));
    uint all = workgroupSum(units);
    if (gl_LocalInvocationID.x == 0) result[o * chunks + chunk] = pass == 2 ? all : floatBitsToUint(sum);
}
