// F16: a chunk of 64 columns is 8 texels of 8 numbers.
const uint UnitTexels = F16_UnitTexels;
const uint ScaleWords = F16_ScaleWords;
#include "lib/weights.glsl"
const int TexelColumns = 8;
const int ChunkTexels = 2;
float decoded(uvec4 texel, int column) { return unpackHalf2x16(texel[column % 8 / 2])[column % 2]; }
#define code(words, s, chunk, column) decoded(words[(column) / 8 % ChunkTexels], column)
#include "quant/plain_codes.glsl"

float dequantize(uint group, uint units, uint column, uint row) {
    return unpackHalf2x16(codeTexel(group, units, column / 64, column % 64 / 8, row)[column % 8 / 2])[column % 2];
}
