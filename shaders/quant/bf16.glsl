// BF16: a chunk of 64 columns is 8 texels of 8 numbers, each the upper half of an f32.
const uint UnitTexels = BF16_UnitTexels;
const uint ScaleWords = BF16_ScaleWords;
#include "lib/weights.glsl"
const int TexelColumns = 8;
const int ChunkTexels = 2;
float decoded(uvec4 texel, int column) {
    uint word = texel[column % 8 / 2];
    return uintBitsToFloat(column % 2 == 0 ? word << 16 : word & 0xFFFF0000u);
}
#define code(words, s, chunk, column) decoded(words[(column) / 8 % ChunkTexels], column)
#include "quant/plain_codes.glsl"

float dequantize(uint group, uint units, uint column, uint row) {
    uint word = codeTexel(group, units, column / 64, column % 64 / 8, row)[column % 8 / 2];
    return uintBitsToFloat(column % 2 == 0 ? word << 16 : word & 0xFFFF0000u);
}
