// F32: a chunk of 64 columns is 16 texels of 4 numbers.
const uint UnitTexels = F32_UnitTexels;
const uint ScaleWords = F32_ScaleWords;
#include "lib/weights.glsl"
const int TexelColumns = 4;
const int ChunkTexels = 2;
float decoded(uvec4 texel, int column) { return uintBitsToFloat(texel[column % 4]); }
#define code(words, s, chunk, column) decoded(words[(column) / 4 % ChunkTexels], column)
#include "quant/plain_codes.glsl"

float dequantize(uint group, uint units, uint column, uint row) {
    return uintBitsToFloat(codeTexel(group, units, column / 64, column % 64 / 4, row)[column % 4]);
}
