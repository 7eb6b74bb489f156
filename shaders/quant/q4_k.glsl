// Q4_K: super-blocks of 256 weights, 8 sub-blocks of 32: y = d * scale * q - dmin * minimum.
// A unit is 9 texels: (d|dmin, 12 bytes of scales), then 128 bytes of codes; each 32 bytes hold 64 weights, the first 32 in the low
// nibbles.
const uint UnitTexels = Q4_K_UnitTexels;
const uint ScaleWords = Q4_K_ScaleWords;
#include "lib/weights.glsl"
#include "quant/k_scales.glsl"
const int ChunkTexels = 2;
const int PartColumns = 32;
const bool Prescaled = true;
void fetchCodes(uint group, uint chunks, uint chunk, uint row, out uvec4 words[ChunkTexels]) {
    words[0] = codeTexel(group, chunks / 4, chunk / 4, 1 + chunk % 4 * 2, row);
    words[1] = codeTexel(group, chunks / 4, chunk / 4, 2 + chunk % 4 * 2, row);
}

float nibbleCode(uint word, int place) { return place == 7 ? float(int(word >> 28)) : float(int(word & (15u << (4 * place)))); }
#define code(words, s, chunk, column) nibbleCode(words[(column) % 32 / 16][(column) % 16 / 4], 2 * ((column) % 4) + (column) / 32)
vec4 prescale(int blockHalf, uint lane) {
    return blockHalf == 0 ? uintBitsToFloat(uvec4(127u, 119u, 111u, 103u) << 23) : uintBitsToFloat(uvec4(123u, 115u, 107u, 127u) << 23);
}

const int CodeOffset = 0;
const int PackedOffset = 0;
#define packedCodes(words, s, chunk, column) ((words[(column) % 32 / 16][(column) % 16 / 4] >> (4 * ((column) / 32))) & 0x0F0F0F0Fu)

float dequantize(uint group, uint units, uint column, uint row) {
    uint unit = column / 256, chunk = column % 256 / 64;
    uvec4 s = codeTexel(group, units, unit, 0, row);
    vec2 d = unpackHalf2x16(s.x);
    uvec2 scale = scaleAndMinimum(s.yzw, column % 256 / 32);
    uint word = codeTexel(group, units, unit, 1 + chunk * 2 + column % 32 / 16, row)[column % 16 / 4];
    precise float q = float(int((word >> (8 * (column % 4) + 4 * (column / 32 % 2))) & 15u));
    precise float scaleStep = d.x * float(int(scale.x));
    precise float scaled = scaleStep * q;
    precise float minimum = d.y * float(int(scale.y));
    precise float y = scaled - minimum;
    return y;
}
