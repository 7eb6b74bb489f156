// Q5_1: blocks of 32 weights, y = q * d + m. Scales of a chunk: (d0|m0, d1|m1, fifth bits 0, fifth bits 1).
#include "quant/nibbles.glsl"
const uint UnitTexels = Q5_1_UnitTexels;
const uint ScaleWords = Q5_1_ScaleWords;
#include "lib/weights.glsl"
#include "quant/five_bit_codes.glsl"
const bool HasMinimum = true;
struct Scales { uvec2 dm; uvec2 high; };
Scales fetchScales(uint group, uint chunks, uint chunk, uint row) {
    uvec4 s = scaleTexel(group, chunks, chunk, row);
    return Scales(s.xy, s.zw);
}
vec2 factors(Scales s, uint chunk, int part) { return unpackHalf2x16(s.dm[part]); }

const int CodeOffset = 0;
const int PackedOffset = 0;

float dequantize(uint group, uint units, uint column, uint row) {
    uvec4 s = scaleTexel(group, units, column / 64, row);
    vec2 dm = unpackHalf2x16(s[column / 32 % 2]);
    precise float scaled = float(fiveBits(group, units, column, row, s[2 + column / 32 % 2])) * dm.x;
    precise float y = scaled + dm.y;
    return y;
}
