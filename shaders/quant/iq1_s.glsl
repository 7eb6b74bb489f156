// IQ1_S: 256 weights in 8 sub-blocks of 32 with a scale of 3 bits and one sign of the shift.
// A unit is 3 texels: lower 8 bits of 32 indices, then 16 bits per sub-block: 4 times 3 upper index bits, scale, sign; d is the unit's
// scale word.
const uint UnitTexels = IQ1_S_UnitTexels;
const uint ScaleWords = IQ1_S_ScaleWords;
#include "lib/weights.glsl"
#include "quant/iq1_codes.glsl"

uint subBlock(uint group, uint units, uint unit, uint i, uint row) {
    return codeTexel(group, units, unit, 2, row)[i / 2] >> (16 * (i % 2));
}

uvec2 octet(uint group, uint units, uint unit, uint o, uint row) {
    uint low = (codeTexel(group, units, unit, o / 16, row)[o % 16 / 4] >> (8 * (o % 4))) & 255u;
    uint upper = subBlock(group, units, unit, o / 4, row);
    return shiftedEntry(low | (((upper >> (3 * (o % 4))) & 7u) << 8), (upper & 0x8000u) != 0);
}

float octetScale(uint group, uint units, uint unit, uint s, uint row) {
    uint scale = (subBlock(group, units, unit, s / 2, row) >> 12) & 7u;
    precise float scaled = unpackHalf2x16(scaleTexel(group, units, unit, row).x).x * float(2u * scale + 1u);
    return scaled * 0.125;
}
#include "quant/octets.glsl"
