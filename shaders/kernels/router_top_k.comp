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
#extension GL_KHR_shader_subgroup_ballot : require
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
const uint LaneUsed = (Used + gl_WorkGroupSize.x - 1) / gl_WorkGroupSize.x;
const uint LaneExperts = (Experts + gl_WorkGroupSize.x - 1) / gl_WorkGroupSize.x;
shared float ranks[Experts];
shared float groupScores[Groups];

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
    barrier();
}

// The lowest number of those experts that rank highest. A lane looks after every WorkgroupSize-th expert.
uint first(float rank[LaneExperts], float top) {
    uint lane = gl_LocalInvocationID.x;
    if (isOneSubgroup()) {
        uint winner = Experts - 1;
        [[unroll]] for (int i = int(LaneExperts) - 1; i >= 0; i--) {
            uvec4 best = subgroupBallot(rank[i] == top);
            if (subgroupBallotBitCount(best) > 0) winner = i * gl_WorkGroupSize.x + subgroupBallotFindLSB(best);
        }
        return winner;
    }
    float index = -NoExpert;
    [[unroll]] for (uint i = 0; i < LaneExperts; i++)
        if (rank[i] == top) index = max(index, -float(i * gl_WorkGroupSize.x + lane));
    return min(uint(-workgroupMax(index)), Experts - 1);
}

void main() {
    uint row = gl_WorkGroupID.x;
    uint lane = gl_LocalInvocationID.x;
    float rank[LaneExperts];
    [[unroll]] for (uint i = 0; i < LaneExperts; i++) {
        uint e = i * gl_WorkGroupSize.x + lane;
        float v = logit(row, min(e, Experts - 1));
        if (HasBias) v = sigmoid(v) + uintBitsToFloat(texelFetch(bias, int(min(e, Experts - 1))).x);
        rank[i] = e >= Experts ? Taken : v > Lowest ? v : Lowest; // NaN, too
        if (Groups > 1 && e < Experts) ranks[e] = rank[i];
    }
    if (Groups > 1) {
        takeGroups(lane);
        [[unroll]] for (uint i = 0; i < LaneExperts; i++) {
            uint e = i * gl_WorkGroupSize.x + lane;
            if (e < Experts) rank[i] = ranks[e];
        }
    }

    float total = 0.0;
    float largest = 0.0;
    float gates[LaneUsed];
    uint winners[LaneUsed];
    for (uint n = 0; n < Used; n++) {
        float best = rank[0];
        [[unroll]] for (uint i = 1; i < LaneExperts; i++) best = max(best, rank[i]);
        float top = workgroupMax(best);
        uint winner = first(rank, top);
        [[unroll]] for (uint i = 0; i < LaneExperts; i++)
            if (i * gl_WorkGroupSize.x + lane == winner) rank[i] = Taken;
        if (HasBias) top = logit(row, winner);
        // The softmax over all experts cancels when the chosen weights are normalised, so exp(logit - largest) is all that is needed.
        if (n == 0) largest = top;
        float gate = Gate == RouterGateSigmoid ? sigmoid(top) : exp(top - largest);
        total += gate;
        if (n % gl_WorkGroupSize.x == lane) {
            winners[n / gl_WorkGroupSize.x] = winner;
            gates[n / gl_WorkGroupSize.x] = gate;
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
    [[unroll]] for (uint i = 0; i < LaneUsed; i++) {
        uint n = i * gl_WorkGroupSize.x + lane;
        if (n >= Used) break;
        chosen[row * Used + n] = winners[i];
        weights[row * Used + n] = gates[i] / total * scale;
        if (Alone) {
            order[n] = n;
            tiles[n] = uvec4(winners[i], n, 1, 0);
        }
    }
}
