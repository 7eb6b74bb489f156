// The product of matmul.glsl for many rows of activations that integers.comp made integers of, a weight row a lane: to the bits of
// lib/integer_product.glsl (docs/decisions/0034). All lanes of a subgroup read the same integers, by addresses that do not depend on the
// lane, so that GPUs with a scalar unit load them once for all lanes; nothing is shuffled, and nothing passes through shared memory but
// finished sums.
//
// One workgroup computes a row group for Tokens rows, with GroupRows lanes for each slice. A lane holds a sum for every row of
// activations. At the end slices share these rows, and each adds up, in order, what all slices have of its own.
//
// Grids as in matmul.glsl. A subgroup is not larger than GroupRows. Slices divides Tokens.
#extension GL_KHR_shader_subgroup_ballot : require
#include "lib/matmul_interface.glsl"
#include "lib/signed_dot.glsl"

layout(binding = 8) readonly buffer Integers { uvec4 integers[]; }; // as lib/integers.glsl has it

const uint BlockTexels = (8 * Digits + IntegerBlockExtraWords) / 4;
const int Parts = int(ChunkColumns) / PartColumns, BlockParts = int(IntegerBlock) / PartColumns;
const bool AddsMinimum = HasMinimum && CodeOffset == 0;
const uint Passes = Gated > 0 ? 2 : 1;
const uint Rounds = Tokens / Slices; // rows of activations that a slice adds up
const uint MostTexels = 1u << 27;    // of integers: said so that compilers know that addresses do not overflow

shared float partial[Slices > 1 ? Slices * Slices * GroupRows : 1]; // [slice][row of activations in this round][weight row]

// Adds every Slices-th chunk from `slice` on. xAt: the texel at which each row of integers begins.
void addIntegerProducts(uint group, uint slice, uint row, uint xAt[Tokens], inout float sum[Tokens]) {
    for (uint chunk = slice; chunk < chunks; chunk += Slices) {
        uvec4 words[ChunkTexels];
        Scales blockScale = fetchScales(group, chunks, chunk, row);
        fetchCodes(group, chunks, chunk, row, words);
        vec2 f[Parts];
        [[unroll]] for (int part = 0; part < Parts; part++) f[part] = factors(blockScale, chunk, part);
        uint q[ChunkColumns / 4];
        [[unroll]] for (int c = 0; c < int(ChunkColumns); c += 4) q[c / 4] = packedCodes(words, blockScale, int(chunk), c);
        [[unroll]] for (int block = 0; block < Parts / BlockParts; block++) {
            uint blockAt = (chunk * (ChunkColumns / IntegerBlock) + block) * (xStride / 4);
            uint firstAt = (blockAt + xAt[0]) % MostTexels;
            [[unroll]] for (uint t = 0; t < Tokens; t++) {
                uint at = Experts ? (blockAt + xAt[t]) % MostTexels : firstAt + t * BlockTexels;
                uvec4 extra = integers[at + BlockTexels - 1];
                float xScale = uintBitsToFloat(extra.x);
                [[unroll]] for (int p = 0; p < BlockParts; p++) {
                    int part = block * BlockParts + p, dots = 0;
                    [[unroll]] for (uint d = 0; d < Digits; d++) {
                        dots *= 256;
                        [[unroll]] for (int w = 0; w < PartColumns / 4; w++) {
                            int word = p * PartColumns / 4 + w;
                            dots += signedDot(q[part * PartColumns / 4 + w], integers[at + 2 * d + word / 4][word % 4], 0);
                        }
                    }
                    int whole = int(BlockParts == 1 ? extra.y + extra.z : extra[1 + p]);
                    if (PackedOffset != 0) dots -= PackedOffset * whole;
                    sum[t] = fma(f[part].x * xScale, float(dots), sum[t]);
                    if (AddsMinimum)
                        sum[t] = fma(f[part].y, BlockParts == 1 ? uintBitsToFloat(extra.w) : xScale * float(whole), sum[t]);
                }
            }
        }
    }
}

void main() {
    uint slice = subgroupBroadcastFirst(gl_LocalInvocationIndex / GroupRows), row = gl_LocalInvocationIndex % GroupRows;
    uint group = gl_WorkGroupID.x, count = Tokens, first = gl_WorkGroupID.y * Tokens;
    if (Experts) {
        uvec4 tile = tiles[gl_WorkGroupID.y];
        count = tile.z;
        first = tile.y;
        group += tile.x * groupsPerSlab;
        if (count == 0 || group < firstGroup || group >= firstGroup + groups) return;
        group -= firstGroup;
    }
    uint xAt[Tokens];
    [[unroll]] for (uint t = 0; t < Tokens; t++)
        xAt[t] = (Experts ? order[first + min(t, count - 1)] / xDivisor : first + t) * BlockTexels;

    uint firstOfSlab = group;
    float v[Passes][Rounds];
    [[unroll]] for (uint pass = 0; pass < Passes; pass++) {
        if (Gated > 0) group = firstOfSlab + pass * upGroups;
        float sum[Tokens];
        [[unroll]] for (uint t = 0; t < Tokens; t++) sum[t] = 0.0;
        addIntegerProducts(group, slice, row, xAt, sum);
        [[unroll]] for (uint i = 0; i < Rounds; i++) {
            v[pass][i] = sum[i];
            if (Slices > 1) {
                barrier();
                [[unroll]] for (uint s = 0; s < Slices; s++) partial[(slice * Slices + s) * GroupRows + row] = sum[i * Slices + s];
                barrier();
                v[pass][i] = partial[slice * GroupRows + row];
                for (uint s = 1; s < Slices; s++) v[pass][i] += partial[(s * Slices + slice) * GroupRows + row];
            }
            if (HasBias) v[pass][i] += bias[(firstGroup + group) * GroupRows + row];
        }
    }

    uint column = (Experts ? gl_WorkGroupID.x : firstGroup + firstOfSlab) * GroupRows + row;
    if (column >= rowLimit) return;
    [[unroll]] for (uint i = 0; i < Rounds; i++) {
        uint t = i * Slices + slice;
        if (t >= count) break;
        uint entry = Experts ? order[first + t] : first + t;
        if (Gated > 0) v[0][i] = activated(vec4(v[0][i]), vec4(v[Passes - 1][i]), entry).x;
        uint at = entry * yStride + yOffset + column;
        precise float result = v[0][i] * scale;
        if (Accumulate) result += y[at];
        y[at] = result;
    }
}
