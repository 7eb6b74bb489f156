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
// Reference: tests/NpcMind.Reference/MatMul.cs
layout(constant_id = 1) const uint Tokens = 1;     // rows of activations per workgroup
layout(constant_id = 2) const uint Slices = 1;     // clusters per workgroup
layout(constant_id = 3) const bool Experts = false;
layout(constant_id = 4) const bool HasBias = false;
layout(constant_id = 5) const bool Accumulate = false; // add to y instead of replacing it

layout(push_constant) uniform Constants {
    uint chunks;        // columns / 64 rounded up
    uint xStride;       // in texels
    uint yStride;
    uint yOffset;
    uint firstGroup;    // of this segment, counted over all experts
    uint groups;        // of this segment
    uint groupsPerSlab; // of one expert
    uint xDivisor;
    float scale;
    uint rowLimit;      // rows of y that are written, of one expert
};
layout(binding = 2) uniform samplerBuffer x;
layout(binding = 3) buffer Y { float y[]; }; // read-write: Accumulate
layout(binding = 4) readonly buffer Bias { float bias[]; };
layout(binding = 5) readonly buffer Tiles { uvec4 tiles[]; };
layout(binding = 6) readonly buffer Order { uint order[]; };

const uint LaneRows = GroupRows / ClusterLanes;
const int StepColumns = 4; // columns decoded together, so that only few sums are live at once
shared float partial[Slices * GroupRows];

void main() {
    uint lane = clusterLane();
    uint base = clusterBase();
    uint slice = clusterIndex();

    // What to compute.
    uint group = gl_WorkGroupID.x;
    uint count = Tokens;
    uint yRow[Tokens];
    int xAt[Tokens];
    if (Experts) {
        uvec4 tile = tiles[gl_WorkGroupID.y];
        count = tile.z;
        group += tile.x * groupsPerSlab;
        if (count == 0 || group < firstGroup || group >= firstGroup + groups) return;
        group -= firstGroup;
        [[unroll]] for (uint t = 0; t < Tokens; t++) {
            yRow[t] = order[tile.y + min(t, count - 1)];
            xAt[t] = int((yRow[t] / xDivisor) * xStride + lane);
        }
    } else {
        [[unroll]] for (uint t = 0; t < Tokens; t++) {
            yRow[t] = gl_WorkGroupID.y * Tokens + t;
            xAt[t] = int(yRow[t] * xStride + lane);
        }
    }

    float sum[LaneRows][Tokens];
    [[unroll]] for (uint r = 0; r < LaneRows; r++)
        [[unroll]] for (uint t = 0; t < Tokens; t++) sum[r][t] = 0.0;

    for (uint chunk = slice; chunk < chunks; chunk += Slices) {
        uvec4 words[LaneRows][ChunkTexels];
        Scales blockScale[LaneRows];
        [[unroll]] for (uint r = 0; r < LaneRows; r++) {
            blockScale[r] = fetchScales(group, chunks, chunk, r * ClusterLanes + lane);
            fetchCodes(group, chunks, chunk, r * ClusterLanes + lane, words[r]);
        }
        [[unroll]] for (int part = 0; part < int(ChunkColumns) / PartColumns; part++) {
            int blockHalf = part * PartColumns / 32;
            vec4 xs[Tokens];
            float xSum[Tokens];
            [[unroll]] for (uint t = 0; t < Tokens; t++) {
                xs[t] = texelFetch(x, xAt[t] + int(chunk * (ChunkColumns / 4) + blockHalf * 8));
                if (HasMinimum) {
                    float s = (xs[t].x + xs[t].y) + (xs[t].z + xs[t].w);
                    if (PartColumns == 32) {
                        xSum[t] = clusterSum(s);
                    } else {
                        s += subgroupShuffleXor(s, 1u);
                        s += subgroupShuffleXor(s, 2u);
                        xSum[t] = subgroupShuffle(s, base + uint(part % 2) * 4);
                    }
                }
                if (Prescaled) xs[t] *= prescale(blockHalf, lane);
            }
            float dotProducts[LaneRows][Tokens];
            [[unroll]] for (uint r = 0; r < LaneRows; r++)
                [[unroll]] for (uint t = 0; t < Tokens; t++) dotProducts[r][t] = 0.0;
            [[unroll]] for (int first = 0; first < PartColumns; first += StepColumns) {
                float q[LaneRows][StepColumns];
                [[unroll]] for (int j = 0; j < StepColumns; j++)
                    [[unroll]] for (uint r = 0; r < LaneRows; r++)
                        q[r][j] = code(words[r], blockScale[r], int(chunk), part * PartColumns + first + j);
                [[unroll]] for (uint t = 0; t < Tokens; t++)
                    [[unroll]] for (int j = 0; j < StepColumns; j++) {
                        int column = (part * PartColumns + first + j) % 32;
                        float v = subgroupShuffle(xs[t][column % 4], base + uint(column / 4));
                        [[unroll]] for (uint r = 0; r < LaneRows; r++) dotProducts[r][t] = fma(q[r][j], v, dotProducts[r][t]);
                    }
            }
            [[unroll]] for (uint r = 0; r < LaneRows; r++) {
                vec2 f = factors(blockScale[r], chunk, part);
                [[unroll]] for (uint t = 0; t < Tokens; t++) {
                    sum[r][t] = fma(f.x, dotProducts[r][t], sum[r][t]);
                    if (HasMinimum) sum[r][t] = fma(f.y, xSum[t], sum[r][t]);
                }
            }
        }
    }

    if (Slices > 1) {
        [[unroll]] for (uint t = 0; t < Tokens; t++) {
            barrier();
            [[unroll]] for (uint r = 0; r < LaneRows; r++) partial[slice * GroupRows + r * ClusterLanes + lane] = sum[r][t];
            barrier();
            if (slice == 0)
                [[unroll]] for (uint r = 0; r < LaneRows; r++)
                    for (uint s = 1; s < Slices; s++) sum[r][t] += partial[s * GroupRows + r * ClusterLanes + lane];
        }
        if (slice != 0) return;
    }

    uint row = (Experts ? gl_WorkGroupID.x : firstGroup + group) * GroupRows + lane;
    uint biasAt = (firstGroup + group) * GroupRows + lane;
    [[unroll]] for (uint t = 0; t < Tokens; t++) {
        if (t >= count) break;
        uint at = yRow[t] * yStride + yOffset + row;
        [[unroll]] for (uint r = 0; r < LaneRows; r++) {
            float v = sum[r][t];
            if (HasBias) v += bias[biasAt + r * ClusterLanes];
            v *= scale;
            if (Accumulate && row + r * ClusterLanes < rowLimit) v += y[at + r * ClusterLanes];
            if (row + r * ClusterLanes < rowLimit) y[at + r * ClusterLanes] = v;
        }
    }
}
