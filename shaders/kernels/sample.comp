#version 460
#extension GL_GOOGLE_include_directive : require
// Chooses the next token of each output row and leaves it on the device for the next step. One workgroup per output; grid (outputs, 1, 1).
//   logits [outputs, stride] f32 read-write (penalties are applied in place)   outputs [n] (row, slot, position, -)
//   samplers [slots] Sampler   tokens [slots, maxContext] u32: what each sequence has read so far   next [slots] u32   results [n] u32
// Order of steps: penalties, top-k, top-p (on probabilities at temperature 1), min-p, temperature, choice.
//   repetition penalty: Keskar et al. 2019 (CTRL); top-p: Holtzman et al. 2020; min-p: Nguyen et al. 2024.
// A threshold is found instead of sorting: logits become order-preserving integers, four passes of 8 bits narrow it down (radix select). Tokens exactly
// at the threshold all stay. Probabilities are summed as integers (units of 2^-30), so the result does not depend on the order of summation.
// temperature 0 is greedy: the largest logit, ties to the lowest id.  Reference: tests/NpcMind.Reference/Sampling.cs
#include "lib/common.glsl"
#include "lib/reduce.glsl"
#include "lib/philox.glsl"
#include "lib/forbidden.glsl"

struct Sampler {
    float temperature;
    uint topK;          // 0: off
    float topP;         // 1: off
    float minP;         // 0: off
    float repetition;   // 1: off
    float frequency;
    float presence;
    uint lastTokens;    // how far back the penalties look
    uint seedLow;
    uint seedHigh;
    uint unused0;
    uint unused1;
};

layout(push_constant) uniform Constants {
    uint vocabulary;
    uint stride;
    uint maxContext;
};
layout(binding = 0) buffer Logits { float logits[]; };
layout(binding = 1) readonly buffer Outputs { uvec4 outputs[]; };
layout(binding = 2) readonly buffer Samplers { Sampler samplers[]; };
layout(binding = 3) readonly buffer Tokens { uint tokens[]; };
layout(binding = 4) writeonly buffer Next { uint next[]; };
layout(binding = 5) writeonly buffer Results { uint results[]; };

const float Unit = 1073741824.0; // 2^30: integer units of probability
shared uint histogram[256];
shared uint found[2];
shared uint segmentSums[256];

uint sortable(float v) {
    uint bits = floatBitsToUint(v);
    return (bits & 0x80000000u) != 0 ? ~bits : bits | 0x80000000u;
}

void penalise(uint base, uvec4 o, Sampler s) {
    if (s.repetition == 1.0 && s.frequency == 0.0 && s.presence == 0.0) return;
    uint end = o.z + 1;
    uint begin = end - min(end, s.lastTokens);
    uint log = o.y * maxContext;
    for (uint i = begin + gl_LocalInvocationID.x; i < end; i += gl_WorkGroupSize.x) {
        uint token = tokens[log + i];
        uint count = 0;
        bool first = true;
        for (uint j = begin; j < end; j++) {
            if (tokens[log + j] != token) continue;
            count++;
            first = first && j >= i;
        }
        if (!first || token >= vocabulary) continue;
        float v = logits[base + token];
        if (v <= Forbidden) continue; // else a penalty below 1 would bring it back
        v = v > 0.0 ? v / s.repetition : v * s.repetition;
        logits[base + token] = v - float(count) * s.frequency - s.presence;
    }
    memoryBarrierBuffer();
    barrier();
}

// Smallest key such that the keys at or above it weigh at least `target`. Weight of a key: 1 (byCount) or its probability in units.
uint threshold(uint base, uint lowest, uint target, bool byCount, float largest, float total) {
    uint prefix = 0;
    for (int shift = 24; shift >= 0; shift -= 8) {
        for (uint i = gl_LocalInvocationID.x; i < 256; i += gl_WorkGroupSize.x) histogram[i] = 0;
        barrier();
        for (uint i = gl_LocalInvocationID.x; i < vocabulary; i += gl_WorkGroupSize.x) {
            float v = logits[base + i];
            uint key = sortable(v);
            bool inside = key >= lowest && (shift == 24 || (key >> (shift + 8)) == (prefix >> (shift + 8)));
            if (inside) {
                uint weight = byCount ? 1u : uint(exp(v - largest) / total * Unit + 0.5);
                if (weight != 0) atomicAdd(histogram[(key >> shift) & 255u], weight);
            }
        }
        barrier();
        if (gl_LocalInvocationID.x == 0) {
            uint above = 0;
            int bin = 255;
            while (bin > 0 && above + histogram[bin] < target) above += histogram[bin--];
            found[0] = prefix | (uint(bin) << shift);
            found[1] = target - min(target, above);
        }
        barrier();
        prefix = found[0];
        target = found[1];
        barrier();
    }
    return max(prefix, lowest);
}

void finish(uint o, uint slot, uint token) {
    next[slot] = token;
    results[o] = token;
}

void main() {
    uint o = gl_WorkGroupID.x;
    uvec4 where = outputs[o];
    Sampler s = samplers[where.y];
    uint lane = gl_LocalInvocationID.x;
    uint base = o * stride;
    penalise(base, where, s);

    float best = -3.4e38;
    uint bestIndex = 0xFFFFFFu;
    for (uint i = lane; i < vocabulary; i += gl_WorkGroupSize.x) {
        float v = logits[base + i];
        if (v > best || bestIndex == 0xFFFFFFu) {
            best = v;
            bestIndex = i;
        }
    }
    float largest = workgroupMax(best);
    if (s.temperature <= 0.0 || s.topK == 1) {
        uint winner = uint(-workgroupMax(-(best == largest ? float(bestIndex) : 16777215.0)));
        if (lane == 0) finish(o, where.y, min(winner, vocabulary - 1));
        return;
    }

    uint lowest = sortable(Forbidden) + 1;
    if (s.topK > 0 && s.topK < vocabulary) lowest = threshold(base, lowest, s.topK, true, largest, 1.0);
    if (s.topP < 1.0) {
        float sum = 0.0;
        for (uint i = lane; i < vocabulary; i += gl_WorkGroupSize.x)
            if (sortable(logits[base + i]) >= lowest) sum += exp(logits[base + i] - largest);
        float total = workgroupSum(sum);
        lowest = threshold(base, lowest, max(1u, uint(s.topP * Unit)), false, largest, total);
    }
    if (s.minP > 0.0) lowest = max(lowest, sortable(largest + log(s.minP)));
    lowest = min(lowest, sortable(largest));

    float sum = 0.0;
    for (uint i = lane; i < vocabulary; i += gl_WorkGroupSize.x)
        if (sortable(logits[base + i]) >= lowest) sum += exp((logits[base + i] - largest) / s.temperature);
    float total = workgroupSum(sum);

    // Inverse of the cumulative distribution in order of token id: each lane sums a contiguous segment, then one lane walks.
    uint segment = (vocabulary + gl_WorkGroupSize.x - 1) / gl_WorkGroupSize.x;
    uint begin = min(lane * segment, vocabulary);
    uint end = min(begin + segment, vocabulary);
    uint units = 0;
    for (uint i = begin; i < end; i++)
        if (sortable(logits[base + i]) >= lowest) units += uint(exp((logits[base + i] - largest) / s.temperature) / total * Unit + 0.5);
    barrier();
    segmentSums[lane] = units;
    barrier();
    if (lane != 0) return;
    uint all = 0;
    for (uint i = 0; i < gl_WorkGroupSize.x; i++) all += segmentSums[i];
    uint draw, low;
    umulExtended(philox(uvec2(s.seedLow, s.seedHigh), where.z), all, draw, low);
    uint owner = 0;
    while (owner + 1 < gl_WorkGroupSize.x && draw >= segmentSums[owner]) draw -= segmentSums[owner++];
    uint chosen = bestIndex;
    for (uint i = owner * segment; i < min((owner + 1) * segment, vocabulary); i++) {
        if (sortable(logits[base + i]) < lowest) continue;
        uint weight = uint(exp((logits[base + i] - largest) / s.temperature) / total * Unit + 0.5);
        if (weight == 0) continue;
        chosen = i;
        if (draw < weight) break;
        draw -= weight;
    }
    finish(o, where.y, min(chosen, vocabulary - 1));
}
