#version 460
#extension GL_GOOGLE_include_directive : require
// Chooses `Used` of `Experts` experts per row and weighs them. The largest values win (ties: lowest index): router logits, or with HasBias
// sigmoid(logit) + bias.
//   RouterGateSoftmax: the weight of an expert is its softmax over all experts   RouterGateSigmoid: the sigmoid of its logit
//   Normalizes: the weights of the chosen are divided by their sum. All are multiplied by `scale`.
//   Groups > 1: experts stand in groups of equal size, and only the `groupsUsed` best groups take part. A group ranks by its largest value
//   (softmax, DeepSeek V2) or by the sum of its two largest (sigmoid, DeepSeek V3).
//   Alone: for the only row of a step, whose pairs need no sorting (expert_tiles.comp), order and tiles are made here.
//   logits [rows, stride] f32   bias [experts] f32   chosen [rows, used] u32   weights [rows, used] f32
//   order [used] u32   tiles [used] (expert, first, count, -)
//   One workgroup per row; grid (rows, 1, 1).
// Jiang et al. 2024 (Mixtral), DeepSeek-AI 2024 (DeepSeek-V3).  Reference: tests/NpcMind.Reference/RouterTopK.cs
#include "lib/common.glsl"
#include "lib/reduce.glsl"

layout(constant_id = 1) const uint Gate = RouterGateSoftmax;
layout(constant_id = 2) const bool Normalizes = true;
layout(constant_id = 3) const bool HasBias = false;
layout(constant_id = 4) const uint Groups = 1;
layout(constant_id = 5) const uint Experts = 1;
layout(constant_id = 6) const uint Used = 1;
layout(constant_id = 7) const bool Alone = false;

layout(push_constant) uniform Constants {
    uint stride;
    uint groupsUsed;
    float scale;
};
layout(binding = 0) uniform usamplerBuffer logits; // f32 bits
layout(binding = 1) uniform usamplerBuffer bias;   // f32 bits
layout(binding = 2) writeonly buffer Chosen { uint chosen[]; };
layout(binding = 3) writeonly buffer Weights { float weights[]; };
layout(binding = 4) writeonly buffer Order { uint order[]; };
layout(binding = 5) writeonly buffer Tiles { uvec4 tiles[]; };

const float Lowest = -3.4e38;
const float Taken = -1.0 / 0.0;
const float NoExpert = 65536.0;
shared float ranks[Experts];
shared float groupScores[Groups];
shared uint winners[Used];
shared float gates[Used];

float logit(uint row, uint e) { return uintBitsToFloat(texelFetch(logits, int(row * stride + e)).x); }
float sigmoid(float v) { return 1.0 / (1.0 + exp(-v)); }

// Only the best groups take part.
void takeGroups(uint lane) {
    uint size = Experts / Groups;
    barrier();
    for (uint g = lane; g < Groups; g += gl_WorkGroupSize.x) {
        float best = Lowest, second = Lowest;
        for (uint e = g * size; e < (g + 1) * size; e++) {
            second = max(second, min(best, ranks[e]));
            best = max(best, ranks[e]);
        }
        groupScores[g] = Gate == RouterGateSoftmax ? best : best + second;
    }
    barrier();
    for (uint e = lane; e < Experts; e += gl_WorkGroupSize.x) {
        uint group = e / size, better = 0;
        for (uint g = 0; g < Groups; g++)
            better += groupScores[g] > groupScores[group] || (groupScores[g] == groupScores[group] && g < group) ? 1u : 0u;
        if (better >= groupsUsed) ranks[e] = Taken;
    }
}

void main() {
    uint row = gl_WorkGroupID.x;
    uint lane = gl_LocalInvocationID.x;
    // A lane looks after every WorkgroupSize-th expert, so that rounds wait for nothing but the largest of all lanes.
    for (uint e = lane; e < Experts; e += gl_WorkGroupSize.x) {
        float v = logit(row, e);
        if (HasBias) v = sigmoid(v) + uintBitsToFloat(texelFetch(bias, int(e)).x);
        ranks[e] = v > Lowest ? v : Lowest; // NaN, too
    }
    if (Groups > 1) takeGroups(lane);

    float total = 0.0;
    float largest = 0.0;
    float best = Taken;
    float index = NoExpert;
    bool looks = true;
    for (uint n = 0; n < Used; n++) {
        if (looks) {
            best = Taken;
            index = NoExpert;
            for (uint e = lane; e < Experts; e += gl_WorkGroupSize.x)
                if (ranks[e] > best) {
                    best = ranks[e];
                    index = float(e);
                }
        }
        float top = workgroupMax(best);
        uint winner = min(uint(-workgroupMax(best == top ? -index : -NoExpert)), Experts - 1);
        looks = winner % gl_WorkGroupSize.x == lane;
        if (looks) ranks[winner] = Taken;
        if (HasBias) top = logit(row, winner);
        // The softmax over all experts cancels when the chosen weights are normalised, so exp(logit - largest) is all that is needed.
        if (n == 0) largest = top;
        float gate = Gate == RouterGateSigmoid ? sigmoid(top) : exp(top - largest);
        total += gate;
        if (lane == 0) {
            winners[n] = winner;
            gates[n] = gate;
        }
    }
    if (Gate == RouterGateSoftmax && !Normalizes) {
        float highest = Lowest;
        for (uint e = lane; e < Experts; e += gl_WorkGroupSize.x) highest = max(highest, logit(row, e));
        highest = workgroupMax(highest);
        float all = 0.0;
        for (uint e = lane; e < Experts; e += gl_WorkGroupSize.x) all += exp(logit(row, e) - highest);
        total = workgroupSum(all) * exp(highest - largest);
    }
    if (Gate == RouterGateSigmoid) total = Normalizes ? max(total, 6.1035e-5) : 1.0;
    barrier();
    for (uint n = lane; n < Used; n += gl_WorkGroupSize.x) {
        chosen[row * Used + n] = winners[n];
        weights[row * Used + n] = gates[n] / total * scale;
        if (Alone) {
            order[n] = n;
            tiles[n] = uvec4(winners[n], n, 1, 0);
        }
    }
}
