// IQ4_XS: super-blocks of 256 weights, 8 sub-blocks of 32: y = d * (scale - 32) * value[q], scale of 6 bits.
// A unit is 8 texels of nibbles, one per sub-block; scale words: (d | upper bit pairs of the scales, lower nibbles of the scales).
const uint UnitTexels = IQ4_XS_UnitTexels;
const int ChunkTexels = 2;
const int PartColumns = 32;
const uint ScaleWords = IQ4_XS_ScaleWords;
#include "lib/weights.glsl"
#include "quant/iq4_values.glsl"
#include "quant/table_codes.glsl"
struct Scales { uvec2 words; };
Scales fetchScales(uint group, uint chunks, uint chunk, uint row) {
    return Scales(scaleTexel(group, chunks / 4, chunk / 4, row).xy);
}

float subBlockScale(uvec2 words, uint subBlock) {
    uint scale = ((words.y >> (4 * subBlock)) & 15u) | (((words.x >> (16 + 2 * subBlock)) & 3u) << 4);
    precise float scaled = unpackHalf2x16(words.x).x * float(int(scale) - 32);
    return scaled;
}
vec2 factors(Scales s, uint chunk, int part) { return vec2(subBlockScale(s.words, chunk % 4 * 2 + part), 0.0); }
void fetchCodes(uint group, uint chunks, uint chunk, uint row, out uvec4 words[ChunkTexels]) {
    words[0] = codeTexel(group, chunks / 4, chunk / 4, chunk % 4 * 2, row);
    words[1] = codeTexel(group, chunks / 4, chunk / 4, chunk % 4 * 2 + 1, row);
}

float dequantize(uint group, uint units, uint column, uint row) {
    uvec4 block = codeTexel(group, units, column / 256, column % 256 / 32, row);
    float scale = subBlockScale(scaleTexel(group, units, column / 256, row).xy, column % 256 / 32);
    precise float y = scale * tableCode(block, int(column % 32));
    return y;
}
