// y[t, row] (+)= scale * (bias[row] + sum over columns of W[row, column] * x[t, column])
// Matrix times one or more rows of activations.
//
//   codes, scales   W in row groups of 32, interleaved (src/NpcMind.Inference/Model/WeightLayout.cs)
//   x [rows, xStride] f32 as texels of 4; columns beyond the width are 0      y [rows, yStride] f32, from column yOffset
//   bias [groups of all experts * 32] f32 if HasBias     tiles, order: only if Experts, see below
//
// One cluster of 8 lanes computes one row group: lane l has rows l, 8+l, 16+l, 24+l of it. Each lane holds 4 of every 32 activations and
// hands them round by shuffle, so weights and activations are read once and nothing passes through shared memory. A quant format is
// applied to whole blocks:
// sum((d * q + m) * x) = d * sum(q * x) + m * sum(x). The clusters of a workgroup (Slices) share the columns; their sums are added in
// order. The order of additions does not depend on Tokens: a row computed alone equals the same row computed among others, bit for bit.
//
// Dense:   grid (row groups of the segment, rows / Tokens rounded up, 1).
// Experts: grid (row groups of one expert, tiles, 1). tiles[i] = (expert, first, count, -) names `count` entries of order[]; entry
// p = row * used + choice reads
//          activation row p / xDivisor and writes row p of y. A tile of count 0 does nothing. The choice never visits the host.
//
// What stands before and after a product can be part of the dispatch:
//   Normalizes: x is divided by its root mean square and multiplied by `norm` first (rms_norm.comp; Zhang & Sennrich 2019)
//   Gated: 1 + form. W holds gates, then, upGroups row groups further, what they gate: y = gated(gate, up) (lib/gated_activation.glsl)
//     WeighsInput: gate and up are multiplied by weights[entry] first   GatesOutput: y by sigmoid(weights[row * weightStride])
//   Combined: the experts of a step's only row. y += scale * sum over n of weights[n] * (W of expert n, x[n]), in order of choice; grid
//     (row groups of one expert, 1, 1). ExpertClusters of them are computed at a time: one, or all. Unweighed without Weighted.
//
// Reference: tests/NpcMind.Reference/MatMul.cs
#ifdef INTEGER_MATRIX
#include "bodies/matmul_matrix.glsl"
#elif defined(INTEGER_LANES)
#include "bodies/matmul_lanes.glsl"
#else
#include "lib/reduce.glsl"
#include "lib/matmul_interface.glsl"

layout(constant_id = 6) const bool Normalizes = false;
layout(constant_id = 10) const uint Combined = 0;
layout(constant_id = 11) const uint ExpertClusters = 1;
layout(constant_id = 12) const bool Weighted = true;
layout(constant_id = 14) const bool ReadsIntegers = false; // from `integers`, made by integers.comp, instead of x
layout(binding = 8) uniform usamplerBuffer integers; // as lib/integers.glsl has it

const uint Passes = Gated > 0 ? 2 : Combined > 0 ? Combined / ExpertClusters : 1;
shared float partial[Slices * ExpertClusters * GroupRows];

#include "lib/product.glsl"
#ifndef PLAIN_CODES
#include "lib/integer_product.glsl"
#endif

// Where a row of x begins.
uint rowAt(uint row) {
#ifndef PLAIN_CODES
    if (ReadsIntegers) return row * IntegerBlockWords;
#endif
    return row * xStride;
}

vec4 lanes(float sum[LaneRows][Tokens], uint t) { return vec4(sum[0][t], sum[1][t], sum[2][t], sum[3][t]); }

void main() {
    uint lane = clusterLane();
    uint cluster = clusterIndex();
    uint slice = cluster % Slices;

    // What to compute.
    uint group = gl_WorkGroupID.x;
    uint count = Tokens;
    uint yRow[Tokens];
    int xAt[Tokens];
    if (Combined > 0) {
        yRow[0] = 0;
        xAt[0] = 0;
    } else if (Experts) {
        uvec4 tile = tiles[gl_WorkGroupID.y];
        count = tile.z;
        group += tile.x * groupsPerSlab;
        if (count == 0 || group < firstGroup || group >= firstGroup + groups) return;
        group -= firstGroup;
        [[unroll]] for (uint t = 0; t < Tokens; t++) {
            yRow[t] = order[tile.y + min(t, count - 1)];
            xAt[t] = int(rowAt(yRow[t] / xDivisor) + lane);
        }
    } else {
        [[unroll]] for (uint t = 0; t < Tokens; t++) {
            yRow[t] = gl_WorkGroupID.y * Tokens + t;
            xAt[t] = int(rowAt(yRow[t]) + lane);
        }
    }

    float inverse[Tokens];
    if (Normalizes)
        [[unroll]] for (uint t = 0; t < Tokens; t++) inverse[t] = inverseRms(uint(xAt[t]) - lane);

    float gate[LaneRows][Tokens];
    vec4 combined = vec4(0.0);
    float sum[LaneRows][Tokens];
    uint firstOfSlab = group;
    for (uint pass = 0; pass < Passes; pass++) {
        uint choice = ExpertClusters == 1 ? pass : cluster / Slices;
        if (Gated > 0) group = firstOfSlab + pass * upGroups;
        if (Combined > 0) {
            group = firstOfSlab + tiles[choice].x * groupsPerSlab;
            xAt[0] = int(rowAt(choice) + lane);
        }

        [[unroll]] for (uint r = 0; r < LaneRows; r++)
            [[unroll]] for (uint t = 0; t < Tokens; t++) sum[r][t] = 0.0;

#if defined(INTEGER_DOT)
        addIntegerProducts(group, slice, xAt, inverse, sum);
#elif defined(PLAIN_CODES)
        addProducts(group, slice, xAt, inverse, sum);
#else
        if (Digits == 0) addProducts(group, slice, xAt, inverse, sum);
        else addIntegerProducts(group, slice, xAt, inverse, sum);
#endif
        if (Slices > 1) {
            [[unroll]] for (uint t = 0; t < Tokens; t++) {
                barrier();
                [[unroll]] for (uint r = 0; r < LaneRows; r++) partial[cluster * GroupRows + r * ClusterLanes + lane] = sum[r][t];
                barrier();
                if (slice == 0)
                    [[unroll]] for (uint r = 0; r < LaneRows; r++)
                        for (uint s = 1; s < Slices; s++) sum[r][t] += partial[(cluster + s) * GroupRows + r * ClusterLanes + lane];
            }
        }
        if (HasBias) {
            uint biasAt = (firstGroup + group) * GroupRows + lane;
            [[unroll]] for (uint r = 0; r < LaneRows; r++)
                [[unroll]] for (uint t = 0; t < Tokens; t++) sum[r][t] += bias[biasAt + r * ClusterLanes];
        }
        if (Gated > 0 && pass == 0) gate = sum;
        if (Combined > 0 && ExpertClusters == 1) combined = fma(vec4(Weighted ? weight(choice) : 1.0), lanes(sum, 0), combined);
    }

    if (Combined > 0 && ExpertClusters > 1) {
        barrier();
        if (slice == 0)
            [[unroll]] for (uint r = 0; r < LaneRows; r++) partial[cluster * GroupRows + r * ClusterLanes + lane] = sum[r][0];
        barrier();
        for (uint n = 0; n < Combined; n++) {
            vec4 product;
            [[unroll]] for (uint r = 0; r < LaneRows; r++) product[r] = partial[n * Slices * GroupRows + r * ClusterLanes + lane];
            combined = fma(vec4(Weighted ? weight(n) : 1.0), product, combined);
        }
    }
    if (cluster != 0) return;

    uint row = (Experts || Combined > 0 ? gl_WorkGroupID.x : firstGroup + firstOfSlab) * GroupRows + lane;
    [[unroll]] for (uint t = 0; t < Tokens; t++) {
        if (t >= count) break;
        vec4 v = Combined > 0 ? combined : lanes(sum, t);
        if (Gated > 0) v = activated(lanes(gate, t), v, yRow[t]);
        uint at = yRow[t] * yStride + yOffset + row;
        [[unroll]] for (uint r = 0; r < LaneRows; r++) {
            if (row + r * ClusterLanes >= rowLimit) break;
            precise float result = v[r] * scale;
            if (Accumulate) result += y[at + r * ClusterLanes];
            y[at + r * ClusterLanes] = result;
        }
    }
}
#endif
