// Q5_0: blocks of 32 weights, y = (q - 16) * d. Scales of a chunk: (d0|d1, fifth bits 0, fifth bits 1, unused).
#include "quant/nibbles.glsl"
const uint UnitTexels = Q5_0_UnitTexels;
const uint ScaleWords = Q5_0_ScaleWords;
#include "lib/weights.glsl"
#include "quant/five_bit_codes.glsl"
const bool HasMinimum = true;
struct Scales { vec2 d; uvec2 high; };
Scales fetchScales(uint group, uint chunks, uint chunk, uint row) {
    uvec4 s = scaleTexel(group, chunks, chunk, row);
    return Scales(unpackHalf2x16(s.x), s.yz);
}
vec2 factors(Scales s, uint chunk, int part) { return vec2(s.d[part], -16.0 * s.d[part]); }

const int CodeOffset = 16;
const int PackedOffset = 16;

float dequantize(uint group, uint units, uint column, uint row) {
    uvec4 s = scaleTexel(group, units, column / 64, row);
    return float(fiveBits(group, units, column, row, s[1 + column / 32 % 2]) - 16) * unpackHalf2x16(s.x)[column / 32 % 2];
}
