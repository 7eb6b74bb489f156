#version 460
#extension GL_GOOGLE_include_directive : require
// Chooses the next token of each output and leaves it on the device for the next step: the largest logit (ties to the lowest token), or the
// inverse of the cumulative distribution in order of token id. Where no logit can be chosen the result is NoToken, and the next step reads
// token 0.
// Grid (outputs, 1, 1).
//   units [outputs, chunks] u32: probability of each chunk   next [slots] u32   results [outputs] u32.
//   Reference: tests/NpcMind.Reference/Sampling.cs
#include "lib/common.glsl"
#include "lib/sampling.glsl"
#define StateAccess readonly
#include "lib/sampling_threshold.glsl"
#include "lib/philox.glsl"
layout(binding = 7) uniform usamplerBuffer units;
layout(binding = 8) writeonly buffer Next { uint next[]; };
layout(binding = 9) writeonly buffer Results { uint results[]; };

uint unitsOf(uint o, uint token, uint end, uint lowest, float largest, float total, float temperature) {
    if (token >= end) return 0;
    float v = texelFetch(logits, int(o * quads + token / 4))[token % 4];
    uint key = sortable(v);
    return key < lowest || key > HighestKey ? 0u : uint(exp((v - largest) / temperature) / total * Unit + 0.5);
}

void main() {
    uint o = gl_WorkGroupID.x, lane = gl_LocalInvocationID.x;
    uvec4 outputEntry = outputs[o];
    SamplerSettings s = samplers[outputEntry.y];
    float largest = largestLogit(o);
    float winner = 16777215.0; // tokens are below 2^24
    for (uint i = lane; i < chunks; i += gl_WorkGroupSize.x) {
        uvec2 b = texelFetch(best, int(o * chunks + i)).xy;
        if (uintBitsToFloat(b.x) == largest) winner = min(winner, float(b.y));
    }
    uint chosen = min(uint(-workgroupMax(-winner)), vocabulary - 1);

    if (largest <= Forbidden) chosen = NoToken;
    else if (!isGreedy(s)) {
        uint lowest = keyAfterAll(o, s, largest);
        float total = sumOfChunks(o);
        uint all = 0;
        for (uint i = 0; i < chunks; i++) all += texelFetch(units, int(o * chunks + i)).x;
        uint draw, low;
        umulExtended(philox(uvec2(s.seedLow, s.seedHigh), outputEntry.z), all, draw, low);
        uint chunk = 0;
        for (; chunk + 1 < chunks; chunk++) {
            uint here = texelFetch(units, int(o * chunks + chunk)).x;
            if (draw < here) break;
            draw -= here;
        }

        // Each lane adds a run of the chunk, then all walk the run in which the draw falls.
        uint run = (ChunkTokens + gl_WorkGroupSize.x - 1) / gl_WorkGroupSize.x;
        uint end = min((chunk + 1) * ChunkTokens, vocabulary);
        uint sum = 0;
        for (uint i = 0; i < run; i++) sum += unitsOf(o, chunk * ChunkTokens + lane * run + i, end, lowest, largest, total, s.temperature);
        barrier();
        laneSums[lane] = sum;
        barrier();
        uint owner = 0;
        while ((owner + 1) * run < ChunkTokens && draw >= laneSums[owner]) draw -= laneSums[owner++];
        for (uint i = 0; i < run; i++) {
            uint token = chunk * ChunkTokens + owner * run + i;
            uint weight = unitsOf(o, token, end, lowest, largest, total, s.temperature);
            if (weight == 0) continue;
            chosen = token;
            if (draw < weight) break;
            draw -= weight;
        }
    }
    if (lane == 0) {
        next[outputEntry.y] = chosen == NoToken ? 0u : chosen;
        results[o] = chosen;
    }
}
