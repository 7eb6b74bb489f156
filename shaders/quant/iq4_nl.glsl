// IQ4_NL: blocks of 32 weights, y = d * value[q]. Scales of a chunk: (d0|d1).
#include "quant/nibbles.glsl"
const uint UnitTexels = IQ4_NL_UnitTexels;
const uint ScaleWords = IQ4_NL_ScaleWords;
#include "lib/weights.glsl"
#include "quant/iq4_values.glsl"
#include "quant/table_codes.glsl"
struct Scales { vec2 d; };
Scales fetchScales(uint group, uint chunks, uint chunk, uint row) {
    return Scales(unpackHalf2x16(scaleTexel(group, chunks, chunk, row).x));
}
vec2 factors(Scales s, uint chunk, int part) { return vec2(s.d[part], 0.0); }
void fetchCodes(uint group, uint chunks, uint chunk, uint row, out uvec4 words[ChunkTexels]) {
    words[0] = codeTexel(group, chunks, chunk, 0, row);
    words[1] = codeTexel(group, chunks, chunk, 1, row);
}

float dequantize(uint group, uint units, uint column, uint row) {
    uvec4 block = codeTexel(group, units, column / 64, column / 32 % 2, row);
    return unpackHalf2x16(scaleTexel(group, units, column / 64, row).x)[column / 32 % 2] * tableCode(block, int(column % 32));
}
