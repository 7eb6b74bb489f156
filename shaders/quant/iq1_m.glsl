// IQ1_M: 256 weights in 16 sub-blocks of 16 with a scale of 3 bits; every 8 weights have a sign of the shift.
// A unit is 3 texels: lower 8 bits of 32 indices, then 4 bits for each: 3 upper index bits, sign. Scale words: four times 16 bits, 4 scales
// and 4 bits of d each.
const uint UnitTexels = IQ1_M_UnitTexels;
const uint ScaleWords = IQ1_M_ScaleWords;
#include "lib/weights.glsl"
#include "quant/iq1_codes.glsl"

uvec2 octet(uint group, uint units, uint unit, uint o, uint row) {
    uint low = (codeTexel(group, units, unit, o / 16, row)[o % 16 / 4] >> (8 * (o % 4))) & 255u;
    uint upper = codeTexel(group, units, unit, 2, row)[o / 8] >> (4 * (o % 8));
    return shiftedEntry(low | ((upper & 7u) << 8), (upper & 8u) != 0);
}

float octetScale(uint group, uint units, uint unit, uint s, uint row) {
    uvec2 words = scaleTexel(group, units, unit, row).xy;
    uint d = ((words.x >> 12) & 15u) | ((words.x >> 28) << 4) | (((words.y >> 12) & 15u) << 8) | ((words.y >> 28) << 12);
    uint scale = ((s < 8 ? words.x : words.y) >> (16 * (s / 4 % 2) + 3 * (s % 4))) & 7u;
    precise float scaled = unpackHalf2x16(d).x * float(2u * scale + 1u);
    return scaled * 0.125;
}
#include "quant/octets.glsl"
