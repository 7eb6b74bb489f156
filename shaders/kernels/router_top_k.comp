#version 460
#extension GL_GOOGLE_include_directive : require
// Chooses `used` of `experts` experts per row and weighs them. The largest values win (ties: lowest index): router logits, or with HasBias
// sigmoid(logit) + bias.
//   RouterGateSoftmax: the weight of an expert is its softmax over all experts   RouterGateSigmoid: the sigmoid of its logit
//   Normalizes: the weights of the chosen are divided by their sum. All are multiplied by `scale`.
//   Groups > 1: experts stand in groups of equal size, and only the `groupsUsed` best groups take part. A group ranks by its largest value
//   (softmax, DeepSeek V2) or by the sum of its two largest (sigmoid, DeepSeek V3).
//   logits [rows, stride] f32   chosen [rows, used] u32   weights [rows, used] f32   bias [experts] f32.
//   One workgroup per row; grid (rows, 1, 1).
// Jiang et al. 2024 (Mixtral), DeepSeek-AI 2024 (DeepSeek-V3).  Reference: tests/NpcMind.Reference/RouterTopK.cs
#include "lib/common.glsl"
#include "lib/reduce.glsl"

layout(constant_id = 1) const uint Gate = 0;
layout(constant_id = 2) const bool Normalizes = true;
layout(constant_id = 3) const bool HasBias = false;
layout(constant_id = 4) const uint Groups = 1;

layout(push_constant) uniform Constants {
    uint experts;
    uint used;
    uint stride;
    uint groupsUsed;
    float scale;
};
layout(binding = 0) readonly buffer Logits { float logits[]; };
layout(binding = 1) buffer Chosen { uint chosen[]; };      // read-write: earlier choices of this row are excluded
layout(binding = 2) buffer Weights { float weights[]; };   // read-write: normalised at the end
layout(binding = 3) readonly buffer Bias { float bias[]; };

const float Lowest = -3.4e38;
shared float groupScores[Groups];

float sigmoid(float v) { return 1.0 / (1.0 + exp(-v)); }
float ranking(uint row, uint e) { return HasBias ? sigmoid(logits[row * stride + e]) + bias[e] : logits[row * stride + e]; }

void scoreGroups(uint row, uint lane) {
    uint size = experts / Groups;
    for (uint g = lane; g < Groups; g += gl_WorkGroupSize.x) {
        float best = Lowest, second = Lowest;
        for (uint e = g * size; e < (g + 1) * size; e++) {
            float v = ranking(row, e);
            second = max(second, min(best, v));
            best = max(best, v);
        }
        groupScores[g] = Gate == RouterGateSoftmax ? best : best + second;
    }
    barrier();
}

bool takesPart(uint e) {
    if (Groups == 1) return true;
    uint group = e / (experts / Groups), better = 0;
    for (uint g = 0; g < Groups; g++)
        better += groupScores[g] > groupScores[group] || (groupScores[g] == groupScores[group] && g < group) ? 1u : 0u;
    return better < groupsUsed;
}

void main() {
    uint row = gl_WorkGroupID.x;
    uint lane = gl_LocalInvocationID.x;
    if (Groups > 1) scoreGroups(row, lane);
    float total = 0.0;
    float largest = 0.0;
    for (uint n = 0; n < used; n++) {
        // The softmax over all experts cancels when the chosen weights are normalised, so exp(logit - largest) is all that is needed.
        float best = Lowest;
        uint index = 0xFFFFFFFFu;
        for (uint e = lane; e < experts; e += gl_WorkGroupSize.x) {
            bool taken = !takesPart(e);
            for (uint j = 0; j < n; j++) taken = taken || chosen[row * used + j] == e;
            float v = ranking(row, e);
            if (!taken && (v > best || index == 0xFFFFFFFFu)) {
                best = v;
                index = e;
            }
        }
        float top = workgroupMax(index == 0xFFFFFFFFu ? Lowest : best);
        float candidate = index != 0xFFFFFFFFu && best == top ? float(index) : 65536.0;
        uint winner = min(uint(-workgroupMax(-candidate)), experts - 1);
        if (HasBias) top = logits[row * stride + winner];
        if (n == 0) largest = top;
        float weight = Gate == RouterGateSigmoid ? sigmoid(top) : exp(top - largest);
        total += weight;
        barrier();
        if (lane == 0) {
            chosen[row * used + n] = winner;
            weights[row * used + n] = weight;
        }
        memoryBarrierBuffer();
        barrier();
    }
    if (Gate == RouterGateSoftmax && !Normalizes) {
        float highest = Lowest;
        for (uint e = lane; e < experts; e += gl_WorkGroupSize.x) highest = max(highest, logits[row * stride + e]);
        highest = workgroupMax(highest);
        float all = 0.0;
        for (uint e = lane; e < experts; e += gl_WorkGroupSize.x) all += exp(logits[row * stride + e] - highest);
        total = workgroupSum(all) * exp(highest - largest);
    }
    if (Gate == RouterGateSigmoid) total = Normalizes ? max(total, 6.1035e-5) : 1.0;
    for (uint n = lane; n < used; n += gl_WorkGroupSize.x) weights[row * used + n] = weights[row * used + n] / total * scale;
}
