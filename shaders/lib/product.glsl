// The columns of matmul.glsl: what lane `clusterLane()` adds up of rows l, 8 + l, 16 + l, 24 + l of a row group, for several rows of x.
// Needs Tokens, Slices, chunks, what activations.glsl needs, and a quant format.
#include "lib/activations.glsl"

#ifndef LANE_ROWS // rows of a lane: all of a row group, unless its last rows are not wanted
#define LANE_ROWS (GroupRows / ClusterLanes)
#endif
const uint LaneRows = LANE_ROWS;
const int StepColumns = 4; // columns decoded together, so that only few sums are live at once

// Adds every Slices-th chunk from `slice` on. xAt: the texel of each row of x that this lane begins with; inverse: of Normalizes.
void addProducts(uint group, uint slice, int xAt[Tokens], float inverse[Tokens], inout float sum[LaneRows][Tokens]) {
    uint lane = clusterLane();
    uint base = clusterBase();
    for (uint chunk = slice; chunk < chunks; chunk += Slices) {
        uvec4 words[LaneRows][ChunkTexels];
        Scales blockScale[LaneRows];
        [[unroll]] for (uint r = 0; r < LaneRows; r++) {
            blockScale[r] = fetchScales(group, chunks, chunk, r * ClusterLanes + lane);
#ifndef PLAIN_CODES
            fetchCodes(group, chunks, chunk, r * ClusterLanes + lane, words[r]);
#endif
        }
        [[unroll]] for (int part = 0; part < int(ChunkColumns) / PartColumns; part++) {
            int blockHalf = part * PartColumns / 32;
            vec4 xs[Tokens];
            float xSum[Tokens];
            [[unroll]] for (uint t = 0; t < Tokens; t++) {
                int at = int(chunk * (ChunkColumns / 4) + blockHalf * 8);
                xs[t] = activations(xAt[t], at, lane, inverse[t]);
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
#ifdef PLAIN_CODES // a whole chunk of them would fill all registers
                if (first % (ChunkTexels * TexelColumns) == 0)
                    [[unroll]] for (uint r = 0; r < LaneRows; r++)
                        fetchCodes(group, chunks, chunk, part * PartColumns + first, r * ClusterLanes + lane, words[r]);
#endif
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
}
