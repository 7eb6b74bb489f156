// IQ2_S: 256 weights in 16 sub-blocks of 16: y = d * (scale + 1/2) / 4 * (signed entry of the codebook of 1,024 times 8).
// A unit is 5 texels: lower 8 bits of 32 indices, 32 bytes of signs, then 8 bytes of upper index bits and 16 scales of 4 bits; d is the
// unit's scale word.
const uint UnitTexels = IQ2_S_UnitTexels;
const uint ScaleWords = IQ2_S_ScaleWords;
#include "lib/weights.glsl"
#include "quant/codebook.glsl"

uvec2 octet(uint group, uint units, uint unit, uint o, uint row) {
    uint low = byteOf(codeTexel(group, units, unit, o / 16, row), o % 16);
    uint signs = byteOf(codeTexel(group, units, unit, 2 + o / 16, row), o % 16);
    uint high = byteOf(codeTexel(group, units, unit, 4, row), o / 4) >> (2 * (o % 4));
    return withSigns(texelFetch(codebook, int(low | ((high & 3u) << 8))).xy, signs);
}

float octetScale(uint group, uint units, uint unit, uint s, uint row) {
    uvec4 texel = codeTexel(group, units, unit, 4, row);
    uint four = (s < 8 ? texel.z : texel.w) >> (4 * (s % 8));
    precise float scale = unpackHalf2x16(scaleTexel(group, units, unit, row).x).x * (0.5 + float(four & 15u));
    return scale * 0.25;
}
#include "quant/octets.glsl"
