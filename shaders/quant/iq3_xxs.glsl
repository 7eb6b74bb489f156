// IQ3_XXS: 256 weights in 8 sub-blocks of 32: y = d * (scale + 1/2) / 2 * (signed entry of the codebook of 256 times 4).
// A unit is 6 texels: 64 indices, then 4 bytes per sub-block: 4 times 7 signs with the scale in the upper 4 bits; d is the unit's scale
// word.
const uint UnitTexels = IQ3_XXS_UnitTexels;
const uint ScaleWords = IQ3_XXS_ScaleWords;
#include "lib/weights.glsl"
#include "quant/codebook.glsl"

uvec2 octet(uint group, uint units, uint unit, uint o, uint row) {
    uint two = codeTexel(group, units, unit, o / 8, row)[o % 8 / 2] >> (16 * (o % 2));
    uint signs = codeTexel(group, units, unit, 4 + o / 16, row)[o / 4 % 4] >> (7 * (o % 4));
    uvec2 entry = uvec2(texelFetch(codebook, int(two & 255u)).x, texelFetch(codebook, int((two >> 8) & 255u)).x);
    return withSigns(entry, evenSigns(signs & 127u));
}

float octetScale(uint group, uint units, uint unit, uint s, uint row) {
    uint word = codeTexel(group, units, unit, 4 + s / 8, row)[s / 2 % 4];
    precise float scale = unpackHalf2x16(scaleTexel(group, units, unit, row).x).x * (0.5 + float(word >> 28));
    return scale * 0.5;
}
#include "quant/octets.glsl"
