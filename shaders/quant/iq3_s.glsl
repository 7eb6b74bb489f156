// IQ3_S: 256 weights in 8 sub-blocks of 32: y = d * (2 * scale + 1) * (signed entry of the codebook of 512 times 4).
// A unit is 7 texels: lower 8 bits of 64 indices, 32 bytes of signs, then 8 bytes of upper index bits, 8 scales of 4 bits and d.
const uint UnitTexels = IQ3_S_UnitTexels;
const uint ScaleWords = IQ3_S_ScaleWords;
#include "lib/weights.glsl"
#include "quant/codebook.glsl"

uvec2 octet(uint group, uint units, uint unit, uint o, uint row) {
    uint two = codeTexel(group, units, unit, o / 8, row)[o % 8 / 2] >> (16 * (o % 2));
    uint signs = byteOf(codeTexel(group, units, unit, 4 + o / 16, row), o % 16);
    uint high = byteOf(codeTexel(group, units, unit, 6, row), o / 4) >> (2 * (o % 4));
    uint first = (two & 255u) | ((high & 1u) << 8), second = ((two >> 8) & 255u) | ((high & 2u) << 7);
    return withSigns(uvec2(texelFetch(codebook, int(first)).x, texelFetch(codebook, int(second)).x), signs);
}

float octetScale(uint group, uint units, uint unit, uint s, uint row) {
    uvec4 texel = codeTexel(group, units, unit, 6, row);
    precise float scale = unpackHalf2x16(texel.w).x * float(1u + 2u * ((texel.z >> (4 * (s / 2))) & 15u));
    return scale;
}
#include "quant/octets.glsl"
