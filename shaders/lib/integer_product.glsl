// As addProducts of product.glsl, with activations as integers of Digits bytes (docs/decisions/0028): a block of 32 of them is scale * n,
// and n times the integers that weights are made of is added up in integers, where the order does not matter. Only blocks are added in f32.
// Two forms give the same bits. INTEGER_DOT multiplies four bytes at a time; without it integers are carried in f32, where every sum of a
// block is below 2^24 and so exact.
//
// What a format supplies beside what product.glsl needs: CodeOffset, by which code() is larger than the integer that factors().x scales
// (0 for formats with a minimum of their own); packedCodes(words, scales, chunk, column), the codes of four columns as bytes, and
// PackedOffset, by which these are larger.
#ifdef INTEGER_DOT
#include "lib/signed_dot.glsl"
const int Offset = PackedOffset;
#else
const int Offset = CodeOffset;
#endif

#include "lib/integers.glsl"

void addIntegerProducts(uint group, uint slice, int xAt[Tokens], float inverse[Tokens], inout float sum[LaneRows][Tokens]) {
    uint lane = clusterLane();
    uint base = clusterBase();
    const bool AddsMinimum = HasMinimum && CodeOffset == 0, NeedsSums = AddsMinimum || Offset != 0;
    for (uint chunk = slice; chunk < chunks; chunk += Slices) {
        uvec4 words[LaneRows][ChunkTexels];
        Scales blockScale[LaneRows];
        [[unroll]] for (uint r = 0; r < LaneRows; r++) {
            blockScale[r] = fetchScales(group, chunks, chunk, r * ClusterLanes + lane);
            fetchCodes(group, chunks, chunk, r * ClusterLanes + lane, words[r]);
        }
        float xScale[Tokens];
        ivec2 halfSums[Tokens]; // of 16 integers each
        float scaledSum[Tokens]; // both, times the scale
#ifdef INTEGER_DOT
        uint digits[Tokens][2];
#else
        vec4 digits[Tokens][2];
#endif
        [[unroll]] for (int part = 0; part < int(ChunkColumns) / PartColumns; part++) {
            int blockHalf = part * PartColumns / 32;
            if (part * PartColumns % 32 == 0) [[unroll]] for (uint t = 0; t < Tokens; t++) {
                uint packed[2];
                if (ReadsIntegers) {
                    int at = xAt[t] + int((chunk * 2 + blockHalf) * xStride), end = at - int(lane) + int(8 * Digits);
                    [[unroll]] for (uint d = 0; d < Digits; d++) packed[d] = texelFetch(integers, at + int(8 * d)).x;
                    xScale[t] = uintBitsToFloat(texelFetch(integers, end).x);
                    if (NeedsSums) halfSums[t] = ivec2(texelFetch(integers, end + 1).x, texelFetch(integers, end + 2).x);
                    scaledSum[t] = uintBitsToFloat(texelFetch(integers, end + 3).x);
                } else {
                    int at = int(chunk * (ChunkColumns / 4) + blockHalf * 8);
                    ivec4 n = toIntegers(activations(xAt[t], at, lane, inverse[t]), xScale[t]);
                    packed[0] = bytes(highDigits(n));
                    packed[1] = bytes(n);
                    if (NeedsSums) {
                        int s = halfSum(n);
                        halfSums[t] = ivec2(subgroupShuffle(s, base), subgroupShuffle(s, base + 4));
                        scaledSum[t] = xScale[t] * float(halfSums[t].x + halfSums[t].y);
                    }
                }
#ifdef INTEGER_DOT
                digits[t] = packed;
#else
                [[unroll]] for (uint d = 0; d < Digits; d++) {
                    digits[t][d] = signedBytes(packed[d]);
                    if (Prescaled) digits[t][d] *= prescale(blockHalf, lane);
                }
#endif
            }
            int dots[LaneRows][Tokens];
            [[unroll]] for (uint r = 0; r < LaneRows; r++)
                [[unroll]] for (uint t = 0; t < Tokens; t++) dots[r][t] = 0;
#ifdef INTEGER_DOT
            [[unroll]] for (uint d = 0; d < Digits; d++) {
                if (d > 0)
                    [[unroll]] for (uint r = 0; r < LaneRows; r++)
                        [[unroll]] for (uint t = 0; t < Tokens; t++) dots[r][t] *= 256;
                [[unroll]] for (int first = 0; first < PartColumns; first += 4) {
                    int column = part * PartColumns + first;
                    uint q[LaneRows];
                    [[unroll]] for (uint r = 0; r < LaneRows; r++) q[r] = packedCodes(words[r], blockScale[r], int(chunk), column);
                    [[unroll]] for (uint t = 0; t < Tokens; t++) {
                        uint v = subgroupShuffle(digits[t][d], base + uint(column % 32 / 4));
                        [[unroll]] for (uint r = 0; r < LaneRows; r++) dots[r][t] += signedDot(q[r], v, 0);
                    }
                }
            }
#else
            float productSum[LaneRows][Tokens][2];
            [[unroll]] for (uint r = 0; r < LaneRows; r++)
                [[unroll]] for (uint t = 0; t < Tokens; t++)
                    [[unroll]] for (uint d = 0; d < Digits; d++) productSum[r][t][d] = 0.0;
            [[unroll]] for (int first = 0; first < PartColumns; first++) {
                int column = part * PartColumns + first;
                float q[LaneRows];
                [[unroll]] for (uint r = 0; r < LaneRows; r++) q[r] = code(words[r], blockScale[r], int(chunk), column);
                [[unroll]] for (uint t = 0; t < Tokens; t++)
                    [[unroll]] for (uint d = 0; d < Digits; d++) {
                        float v = subgroupShuffle(digits[t][d][column % 4], base + uint(column % 32 / 4));
                        [[unroll]] for (uint r = 0; r < LaneRows; r++) productSum[r][t][d] = fma(q[r], v, productSum[r][t][d]);
                    }
            }
            [[unroll]] for (uint r = 0; r < LaneRows; r++)
                [[unroll]] for (uint t = 0; t < Tokens; t++)
                    [[unroll]] for (uint d = 0; d < Digits; d++) dots[r][t] = dots[r][t] * 256 + int(productSum[r][t][d]);
#endif
            [[unroll]] for (uint r = 0; r < LaneRows; r++) {
                vec2 f = factors(blockScale[r], chunk, part);
                [[unroll]] for (uint t = 0; t < Tokens; t++) {
                    if (Offset != 0) dots[r][t] -= Offset * (PartColumns == 32 ? halfSums[t].x + halfSums[t].y : halfSums[t][part % 2]);
                    sum[r][t] = fma(f.x * xScale[t], float(dots[r][t]), sum[r][t]);
                    if (AddsMinimum)
                        sum[r][t] = fma(f.y, PartColumns == 32 ? scaledSum[t] : xScale[t] * float(halfSums[t][part % 2]), sum[r][t]);
                }
            }
        }
    }
}
