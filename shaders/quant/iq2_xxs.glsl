// IQ2_XXS: 256 weights in 8 sub-blocks of 32: y = d * (scale + 1/2) / 4 * (signed entry of the codebook of 256 times 8).
// A unit is 4 texels: 8 bytes per sub-block, 4 indices, then 4 times 7 signs with the scale in the upper 4 bits; d is the unit's scale
// word.
const uint UnitTexels = IQ2_XXS_UnitTexels;
const uint ScaleWords = IQ2_XXS_ScaleWords;
#include "lib/weights.glsl"
#include "quant/codebook.glsl"

uvec2 octet(uint group, uint units, uint unit, uint o, uint row) {
    uvec4 texel = codeTexel(group, units, unit, o / 8, row);
    uvec2 words = o / 4 % 2 == 0 ? texel.xy : texel.zw;
    uvec2 entry = texelFetch(codebook, int((words.x >> (8 * (o % 4))) & 255u)).xy;
    return withSigns(entry, evenSigns((words.y >> (7 * (o % 4))) & 127u));
}

float octetScale(uint group, uint units, uint unit, uint s, uint row) {
    uvec4 texel = codeTexel(group, units, unit, s / 4, row);
    float d = unpackHalf2x16(scaleTexel(group, units, unit, row).x).x;
    precise float scale = d * (0.5 + float((s / 2 % 2 == 0 ? texel.y : texel.w) >> 28));
    return scale * 0.25;
}
#include "quant/octets.glsl"
