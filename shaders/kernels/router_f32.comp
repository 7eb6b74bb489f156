#version 460
#extension GL_GOOGLE_include_directive : require
// A router of at most 64 experts in one dispatch: logits = W norm(x) + bias as in bodies/matmul.glsl, and the choice among them by the rule
// of router_top_k.comp, whose Gate, Normalizes (here NormalizesWeights), HasBias (SelectsWithBias) and Alone are meant.
//   codes, scales: W, Groups row groups   x [rows, xStride] f32 texels of 4   norm [columns] f32 texels of 4
//   bias [32 * Groups] f32 bits, of the logits   selectionBias [experts] f32 bits
//   chosen [rows, Used] u32   weights [rows, Used] f32   order [Used] u32   tiles [Used] (expert, first, count, -)
// Grid (1, rows / Tokens rounded up, 1).
// Reference: tests/NpcMind.Reference/RouterTopK.cs
#include "lib/common.glsl"
#include "lib/cluster.glsl"
#include "lib/reduce.glsl"
#include "quant/f32.glsl"

layout(constant_id = 1) const uint Tokens = 1;
layout(constant_id = 2) const uint Slices = 1;
layout(constant_id = 3) const bool Normalizes = false;
layout(constant_id = 4) const bool HasBias = false;
layout(constant_id = 5) const uint Gate = RouterGateSoftmax;
layout(constant_id = 6) const bool NormalizesWeights = true;
layout(constant_id = 7) const bool SelectsWithBias = false;
layout(constant_id = 8) const uint Experts = 1;
layout(constant_id = 9) const uint Used = 1;
layout(constant_id = 10) const bool Alone = false;
layout(constant_id = 11) const uint Groups = 1; // 1 or 2

layout(push_constant) uniform Constants {
    uint chunks;
    uint xStride;
    uint dim;
    float epsilon;
    float scale;
};
layout(binding = 2) uniform samplerBuffer x;
layout(binding = 3) uniform samplerBuffer norm;
layout(binding = 4) uniform usamplerBuffer bias;
layout(binding = 5) uniform usamplerBuffer selectionBias;
layout(binding = 6) writeonly buffer Chosen { uint chosen[]; };
layout(binding = 7) writeonly buffer Weights { float weights[]; };
layout(binding = 8) writeonly buffer Order { uint order[]; };
layout(binding = 9) writeonly buffer Tiles { uvec4 tiles[]; };
shared float partial[Slices * GroupRows];
const uint MatrixRows = Groups * GroupRows;
shared float rowLogits[Tokens * MatrixRows];

#define LANE_ROWS (Groups > 1 ? GroupRows / ClusterLanes : (Experts + ClusterLanes - 1) / ClusterLanes)
#include "lib/product.glsl"

const uint LaneExperts = Groups * LaneRows;
const float Lowest = -3.4e38;
const float Taken = -1.0 / 0.0;

float sigmoid(float v) { return 1.0 / (1.0 + exp(-v)); }

// The choice for a row whose logits the lanes of a cluster hold: lane l those of experts l, 8 + l, 16 + l ...
void choose(uint row, float logits[LaneExperts]) {
    uint lane = clusterLane();
    float rank[LaneExperts];
    [[unroll]] for (uint r = 0; r < LaneExperts; r++) {
        uint e = r * ClusterLanes + lane;
        float v = logits[r];
        if (SelectsWithBias) v = sigmoid(v) + uintBitsToFloat(texelFetch(selectionBias, int(min(e, Experts - 1))).x);
        rank[r] = e >= Experts ? Taken : v > Lowest ? v : Lowest; // NaN, too
    }
    float total = 0.0;
    float largest = 0.0;
    float gates[Used];
    uint winners[Used];
    for (uint n = 0; n < Used; n++) {
        float best = Taken;
        uint index = 0xFFFFu;
        [[unroll]] for (uint r = 0; r < LaneExperts; r++)
            if (rank[r] > best) {
                best = rank[r];
                index = r * ClusterLanes + lane;
            }
        float top = clusterMax(best);
        uint winner = min(uint(-clusterMax(best == top ? -float(index) : -65536.0)), Experts - 1);
        float logit = 0.0;
        [[unroll]] for (uint r = 0; r < LaneExperts; r++)
            if (r * ClusterLanes + lane == winner) {
                rank[r] = Taken;
                logit = logits[r];
            }
        top = subgroupShuffle(logit, clusterBase() + winner % ClusterLanes);
        // The softmax over all experts cancels when the chosen weights are normalised, so exp(logit - largest) is all that is needed.
        if (n == 0) largest = top;
        float gate = Gate == RouterGateSigmoid ? sigmoid(top) : exp(top - largest);
        total += gate;
        gates[n] = gate;
        winners[n] = winner;
    }
    if (Gate == RouterGateSoftmax && !NormalizesWeights) {
        float highest = Lowest;
        float all = 0.0;
        [[unroll]] for (uint r = 0; r < LaneExperts; r++)
            if (r * ClusterLanes + lane < Experts) highest = max(highest, logits[r]);
        highest = clusterMax(highest);
        [[unroll]] for (uint r = 0; r < LaneExperts; r++)
            if (r * ClusterLanes + lane < Experts) all += exp(logits[r] - highest);
        total = clusterSum(all) * exp(highest - largest);
    }
    if (Gate == RouterGateSigmoid) total = NormalizesWeights ? max(total, 6.1035e-5) : 1.0;
    for (uint n = 0; n < Used; n++) {
        if (n % ClusterLanes != lane) continue;
        chosen[row * Used + n] = winners[n];
        weights[row * Used + n] = gates[n] / total * scale;
        if (Alone) {
            order[n] = n;
            tiles[n] = uvec4(winners[n], n, 1, 0);
        }
    }
}

// The logits of a row group.
void addGroup(uint group, uint slice, int xAt[Tokens], float inverse[Tokens]) {
    uint lane = clusterLane();
    float sum[LaneRows][Tokens];
    [[unroll]] for (uint r = 0; r < LaneRows; r++)
        [[unroll]] for (uint t = 0; t < Tokens; t++) sum[r][t] = 0.0;
    addProducts(group, slice, xAt, inverse, sum);
    [[unroll]] for (uint t = 0; t < Tokens; t++) {
        if (Slices > 1) {
            barrier();
            [[unroll]] for (uint r = 0; r < LaneRows; r++) partial[slice * GroupRows + r * ClusterLanes + lane] = sum[r][t];
            barrier();
        }
        if (slice == 0) {
            [[unroll]] for (uint r = 0; r < LaneRows; r++) {
                uint e = r * ClusterLanes + lane;
                for (uint s = 1; s < Slices; s++) sum[r][t] += partial[s * GroupRows + e];
                e += group * GroupRows;
                if (HasBias) sum[r][t] += uintBitsToFloat(texelFetch(bias, int(e)).x);
                rowLogits[t * MatrixRows + e] = sum[r][t];
            }
        }
    }
}

void main() {
    uint lane = clusterLane();
    uint slice = clusterIndex();
    int xAt[Tokens];
    float inverse[Tokens];
    [[unroll]] for (uint t = 0; t < Tokens; t++) {
        xAt[t] = int((gl_WorkGroupID.y * Tokens + t) * xStride + lane);
        if (Normalizes) inverse[t] = inverseRms(uint(xAt[t]) - lane);
    }
    addGroup(0, slice, xAt, inverse);
    if (Groups > 1) addGroup(1, slice, xAt, inverse); // a loop of one turn would stay one
    // Each cluster chooses for every Slices-th row.
    barrier();
    for (uint t = slice; t < Tokens; t += Slices) {
        float logits[LaneExperts];
        [[unroll]] for (uint r = 0; r < LaneExperts; r++) logits[r] = rowLogits[t * MatrixRows + r * ClusterLanes + lane];
        choose(gl_WorkGroupID.y * Tokens + t, logits);
    }
}
