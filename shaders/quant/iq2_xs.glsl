// IQ2_XS: 256 weights in 16 sub-blocks of 16: y = d * (scale + 1/2) / 4 * (signed entry of the codebook of 512 times 8).
// A unit is 5 texels: 32 times 16 bits (9 of index, 7 of signs), then 16 scales of 4 bits and d.
const uint UnitTexels = IQ2_XS_UnitTexels;
const uint ScaleWords = IQ2_XS_ScaleWords;
#include "lib/weights.glsl"
#include "quant/codebook.glsl"

uvec2 octet(uint group, uint units, uint unit, uint o, uint row) {
    uint both = codeTexel(group, units, unit, o / 8, row)[o % 8 / 2] >> (16 * (o % 2));
    return withSigns(texelFetch(codebook, int(both & 511u)).xy, evenSigns((both >> 9) & 127u));
}

float octetScale(uint group, uint units, uint unit, uint s, uint row) {
    uvec4 texel = codeTexel(group, units, unit, 4, row);
    uint four = (s < 8 ? texel.x : texel.y) >> (4 * (s % 8));
    precise float scale = unpackHalf2x16(texel.z).x * (0.5 + float(four & 15u));
    return scale * 0.25;
}
#include "quant/octets.glsl"
