// The product of matmul.glsl for many rows of activations that integers.comp made integers of, on cooperative matrices
// (VK_KHR_cooperative_matrix, SPV_KHR_cooperative_matrix): to the bits of lib/integer_product.glsl (docs/decisions/0033). Within the
// PartColumns that share a scale everything is added as integers, in whatever order the device likes; f32 joins these parts, with fma in
// the order of columns, slice by slice.
//
// One workgroup is one subgroup and computes a row group for Tokens rows. A chunk of weights goes through shared memory as bytes, and so
// do the rows' integers. Which elements of a matrix a lane holds is up to the driver, so scales are loaded as matrices, too, with a
// stride of 0: all columns alike, or all rows. Matrices of one type hold the same element at the same index.
//
// Grids as in matmul.glsl. Matrices of MatrixRows x MatrixDepth bytes times MatrixDepth x MatrixColumns; MatrixDepth is at most 32.
#extension GL_KHR_cooperative_matrix : require
#extension GL_KHR_memory_scope_semantics : require
#extension GL_EXT_shader_explicit_arithmetic_types_int8 : require
#pragma use_vulkan_memory_model

#include "lib/matmul_interface.glsl"

layout(binding = 8) uniform usamplerBuffer integers; // as lib/integers.glsl has it

layout(constant_id = 15) const uint MatrixRows = 16;
layout(constant_id = 16) const uint MatrixColumns = 16;
layout(constant_id = 17) const uint MatrixDepth = 32;

const uint IntegerBlockWords = 8 * Digits + IntegerBlockExtraWords;
const uint Blocks = ChunkColumns / IntegerBlock;
const uint Parts = ChunkColumns / PartColumns;
const uint PartDepth = PartColumns > MatrixDepth ? PartColumns : MatrixDepth; // columns of a part in shared memory: others are zeros
const uint PadWords = 4; // so that neighbouring rows lie in different banks
const uint CodeStride = Parts * PartDepth / 4 + PadWords;
const uint DigitStride = Digits * ChunkColumns / 4 + PadWords; // a row's high bytes, then its low ones
const bool AddsMinimum = HasMinimum && CodeOffset == 0;
const uint Passes = Gated > 0 ? 2 : 1;

shared uint entries[Tokens];                        // rows of y
shared uint codeBytes[GroupRows * CodeStride];      // [weight row][part][column], a signed byte each
shared uint digitBytes[Tokens * DigitStride];       // [token][digit][column], a signed byte each
shared float rowScale[Parts * GroupRows];           // [part][weight row]: factors().x
shared float rowMinimum[Parts * GroupRows];         // [part][weight row]: factors().y
shared float tokenScale[Blocks * Tokens];           // [block][token]
shared float tokenSum[Parts * Tokens];              // [part][token]: sum of a part's activations
shared int tokenOffset[Parts * Tokens];             // [part][token]: takes PackedOffset out of a dot product
shared float products[Passes * Tokens * GroupRows]; // [pass][token][weight row]

#define MatrixA coopmat<int8_t, gl_ScopeSubgroup, MatrixRows, MatrixDepth, gl_MatrixUseA>
#define MatrixB coopmat<int8_t, gl_ScopeSubgroup, MatrixDepth, MatrixColumns, gl_MatrixUseB>
#define Integers coopmat<int, gl_ScopeSubgroup, MatrixRows, MatrixColumns, gl_MatrixUseAccumulator>
#define Floats coopmat<float, gl_ScopeSubgroup, MatrixRows, MatrixColumns, gl_MatrixUseAccumulator>
const int ByRows = gl_CooperativeMatrixLayoutRowMajor, ByColumns = gl_CooperativeMatrixLayoutColumnMajor;
const uint RowTiles = GroupRows / MatrixRows, TokenTiles = Tokens / MatrixColumns;

// The first column of a part in a chunk, or of the block around it where a matrix is deeper than a part.
uint firstColumn(uint part) { return PartDepth > PartColumns ? part * PartColumns / IntegerBlock * IntegerBlock : part * PartColumns; }

// Puts a chunk of the row group, and of the rows of activations, into shared memory.
void stage(uint group, uint chunk) {
    for (uint row = gl_LocalInvocationIndex; row < GroupRows; row += gl_WorkGroupSize.x) {
        uvec4 words[ChunkTexels];
        Scales blockScale = fetchScales(group, chunks, chunk, row);
        fetchCodes(group, chunks, chunk, row, words);
        [[unroll]] for (int part = 0; part < int(Parts); part++) {
            vec2 f = factors(blockScale, chunk, part);
            rowScale[part * GroupRows + row] = f.x;
            if (AddsMinimum) rowMinimum[part * GroupRows + row] = f.y;
            [[unroll]] for (int w = 0; w < int(PartDepth) / 4; w++) {
                int column = int(firstColumn(part)) + 4 * w;
                uint word = column / PartColumns == part ? packedCodes(words, blockScale, int(chunk), column) : 0u;
                codeBytes[row * CodeStride + part * PartDepth / 4 + w] = word;
            }
        }
    }
    for (uint i = gl_LocalInvocationIndex; i < Tokens * Blocks; i += gl_WorkGroupSize.x) {
        uint t = i / Blocks, block = i % Blocks;
        int at = int(entries[t] / (Experts ? xDivisor : 1) * IntegerBlockWords + (chunk * Blocks + block) * xStride);
        [[unroll]] for (uint w = 0; w < 8 * Digits; w++)
            digitBytes[t * DigitStride + w / 8 * (ChunkColumns / 4) + block * 8 + w % 8] = texelFetch(integers, at + int(w)).x;
        at += int(8 * Digits);
        float scale = uintBitsToFloat(texelFetch(integers, at).x);
        ivec2 halfSums = ivec2(texelFetch(integers, at + 1).x, texelFetch(integers, at + 2).x);
        tokenScale[block * Tokens + t] = scale;
        [[unroll]] for (uint p = 0; p < Parts / Blocks; p++) {
            uint to = (block * Parts / Blocks + p) * Tokens + t;
            int sum = PartColumns == 32 ? halfSums.x + halfSums.y : halfSums[p];
            if (AddsMinimum) tokenSum[to] = PartColumns == 32 ? uintBitsToFloat(texelFetch(integers, at + 3).x) : scale * float(sum);
            if (PackedOffset != 0) tokenOffset[to] = -PackedOffset * sum;
        }
    }
}

void main() {
    uint lane = gl_LocalInvocationIndex;
    uint group = gl_WorkGroupID.x, count = Tokens, first = gl_WorkGroupID.y * Tokens;
    if (Experts) {
        uvec4 tile = tiles[gl_WorkGroupID.y];
        count = tile.z;
        first = tile.y;
        group += tile.x * groupsPerSlab;
        if (count == 0 || group < firstGroup || group >= firstGroup + groups) return;
        group -= firstGroup;
    }
    for (uint t = lane; t < Tokens; t += gl_WorkGroupSize.x) entries[t] = Experts ? order[first + min(t, count - 1)] : first + t;
    barrier();

    uint firstOfSlab = group;
    for (uint pass = 0; pass < Passes; pass++) {
        if (Gated > 0) group = firstOfSlab + pass * upGroups;
        Floats total[RowTiles][TokenTiles];
        for (uint slice = 0; slice < Slices; slice++) {
            Floats sum[RowTiles][TokenTiles];
            [[unroll]] for (uint i = 0; i < RowTiles; i++)
                [[unroll]] for (uint j = 0; j < TokenTiles; j++) sum[i][j] = Floats(0.0);
            for (uint chunk = slice; chunk < chunks; chunk += Slices) {
                stage(group, chunk);
                barrier();
                for (uint part = 0; part < Parts; part++) {
                    uint block = part * PartColumns / IntegerBlock;
                    [[unroll]] for (uint i = 0; i < RowTiles; i++) {
                        Floats f, minimum;
                        coopMatLoad(f, rowScale, part * GroupRows + i * MatrixRows, 0, ByColumns);
                        if (AddsMinimum) coopMatLoad(minimum, rowMinimum, part * GroupRows + i * MatrixRows, 0, ByColumns);
                        [[unroll]] for (uint j = 0; j < TokenTiles; j++) {
                            Integers dots = Integers(0);
                            for (uint d = 0; d < Digits; d++) {
                                dots = dots * 256;
                                for (uint k = 0; k < PartDepth; k += MatrixDepth) {
                                    MatrixA a;
                                    MatrixB b;
                                    coopMatLoad(
                                        a, codeBytes, i * MatrixRows * CodeStride + (part * PartDepth + k) / 4, CodeStride, ByRows);
                                    coopMatLoad(
                                        b, digitBytes, j * MatrixColumns * DigitStride + (d * ChunkColumns + firstColumn(part) + k) / 4,
                                        DigitStride, ByColumns);
                                    dots = coopMatMulAdd(a, b, dots);
                                }
                            }
                            if (PackedOffset != 0) {
                                Integers offset;
                                coopMatLoad(offset, tokenOffset, part * Tokens + j * MatrixColumns, 0, ByRows);
                                dots += offset;
                            }
                            Floats scale, product = Floats(dots);
                            coopMatLoad(scale, tokenScale, block * Tokens + j * MatrixColumns, 0, ByRows);
                            [[unroll]] for (uint e = 0; e < product.length(); e++)
                                sum[i][j][e] = fma(f[e] * scale[e], product[e], sum[i][j][e]);
                            if (AddsMinimum) {
                                Floats activations;
                                coopMatLoad(activations, tokenSum, part * Tokens + j * MatrixColumns, 0, ByRows);
                                [[unroll]] for (uint e = 0; e < activations.length(); e++)
                                    sum[i][j][e] = fma(minimum[e], activations[e], sum[i][j][e]);
                            }
                        }
                    }
                }
                barrier();
            }
            [[unroll]] for (uint i = 0; i < RowTiles; i++)
                [[unroll]] for (uint j = 0; j < TokenTiles; j++) total[i][j] = slice == 0 ? sum[i][j] : total[i][j] + sum[i][j];
        }
        [[unroll]] for (uint i = 0; i < RowTiles; i++)
            [[unroll]] for (uint j = 0; j < TokenTiles; j++)
                coopMatStore(
                    total[i][j], products, (pass * Tokens + j * MatrixColumns) * GroupRows + i * MatrixRows, GroupRows, ByColumns);
    }
    barrier();

    uint firstRow = (Experts ? gl_WorkGroupID.x : firstGroup + firstOfSlab) * GroupRows;
    for (uint quad = lane; quad < count * GroupRows / 4; quad += gl_WorkGroupSize.x) {
        uint t = quad / (GroupRows / 4), row = quad % (GroupRows / 4) * 4;
        vec4 v[Passes];
        [[unroll]] for (uint pass = 0; pass < Passes; pass++)
            [[unroll]] for (uint r = 0; r < 4; r++) {
                v[pass][r] = products[(pass * Tokens + t) * GroupRows + row + r];
                if (HasBias) v[pass][r] += bias[(firstGroup + firstOfSlab + pass * upGroups) * GroupRows + row + r];
            }
        if (Gated > 0) v[0] = activated(v[0], v[Passes - 1], entries[t]);
        uint at = entries[t] * yStride + yOffset + firstRow + row;
        [[unroll]] for (uint r = 0; r < 4; r++) {
            if (firstRow + row + r >= rowLimit) break;
            precise float result = v[0][r] * scale;
            if (Accumulate) result += y[at + r];
            y[at + r] = result;
        }
    }
}
