// Q4_0: blocks of 32 weights, y = (q - 8) * d. Scales of a chunk: (d0|d1).
#include "quant/nibbles.glsl"
const uint UnitTexels = Q4_0_UnitTexels;
const uint ScaleWords = Q4_0_ScaleWords;
#include "lib/weights.glsl"
#include "quant/nibble_codes.glsl"
const bool HasMinimum = true;
struct Scales { vec2 d; };
Scales fetchScales(uint group, uint chunks, uint chunk, uint row) {
    return Scales(unpackHalf2x16(scaleTexel(group, chunks, chunk, row).x));
}
vec2 factors(Scales s, uint chunk, int part) { return vec2(s.d[part], -8.0 * s.d[part]); }

const int CodeOffset = 8;
const int PackedOffset = 8;

float dequantize(uint group, uint units, uint column, uint row) {
    return float(nibble(group, units, column, row) - 8) * unpackHalf2x16(scaleTexel(group, units, column / 64, row).x)[column / 32 % 2];
}
