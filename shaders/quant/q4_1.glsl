// Q4_1: blocks of 32 weights, y = q * d + m. Scales of a chunk: (d0|m0, d1|m1).
#include "quant/nibbles.glsl"
const uint UnitTexels = Q4_1_UnitTexels;
const uint ScaleWords = Q4_1_ScaleWords;
#include "lib/weights.glsl"
#include "quant/nibble_codes.glsl"
const bool HasMinimum = true;
struct Scales { uvec2 dm; };
Scales fetchScales(uint group, uint chunks, uint chunk, uint row) { return Scales(scaleTexel(group, chunks, chunk, row).xy); }
vec2 factors(Scales s, uint chunk, int part) { return unpackHalf2x16(s.dm[part]); }

const int CodeOffset = 0;
const int PackedOffset = 0;

float dequantize(uint group, uint units, uint column, uint row) {
    vec2 dm = unpackHalf2x16(scaleTexel(group, units, column / 64, row)[column / 32 % 2]);
    precise float scaled = float(nibble(group, units, column, row)) * dm.x;
    precise float y = scaled + dm.y;
    return y;
}
