// Q5_K: super-blocks of 256 weights, 8 sub-blocks of 32: y = d * scale * q - dmin * minimum.
// A unit is 11 texels: (d|dmin, 12 bytes of scales), 32 bytes of fifth bits (bit s of byte l belongs to weight l of sub-block s), 128 bytes
// of nibbles as in Q4_K.
const uint UnitTexels = Q5_K_UnitTexels;
const uint ScaleWords = Q5_K_ScaleWords;
#include "lib/weights.glsl"
#include "quant/k_scales.glsl"
const int ChunkTexels = 4;
const int PartColumns = 32;
const bool Prescaled = false;
void fetchCodes(uint group, uint chunks, uint chunk, uint row, out uvec4 words[ChunkTexels]) {
    words[0] = codeTexel(group, chunks / 4, chunk / 4, 3 + chunk % 4 * 2, row);
    words[1] = codeTexel(group, chunks / 4, chunk / 4, 4 + chunk % 4 * 2, row);
    words[2] = codeTexel(group, chunks / 4, chunk / 4, 1, row) >> (chunk % 4 * 2);
    words[3] = codeTexel(group, chunks / 4, chunk / 4, 2, row) >> (chunk % 4 * 2);
}

float fiveBitCode(uint word, uint high, int byteIndex, int blockHalf) {
    return float(int(((word >> (8 * byteIndex + 4 * blockHalf)) & 15u) | (((high >> (8 * byteIndex + blockHalf)) & 1u) << 4)));
}
#define code(words, s, chunk, column) fiveBitCode(words[(column) % 32 / 16][(column) % 16 / 4], \
    words[2 + (column) % 32 / 16][(column) % 16 / 4], (column) % 4, (column) / 32)
vec4 prescale(int blockHalf, uint lane) { return vec4(1.0); }

const int CodeOffset = 0;
const int PackedOffset = 0;
#define packedCodes(words, s, chunk, column) \
    (((words[(column) % 32 / 16][(column) % 16 / 4] >> (4 * ((column) / 32))) & 0x0F0F0F0Fu) \
    | (((words[2 + (column) % 32 / 16][(column) % 16 / 4] >> ((column) / 32)) & 0x01010101u) << 4))

float dequantize(uint group, uint units, uint column, uint row) {
    uint unit = column / 256, chunk = column % 256 / 64, l = column % 32;
    uvec4 s = codeTexel(group, units, unit, 0, row);
    vec2 d = unpackHalf2x16(s.x);
    uvec2 scale = scaleAndMinimum(s.yzw, column % 256 / 32);
    uint word = codeTexel(group, units, unit, 3 + chunk * 2 + l / 16, row)[l % 16 / 4];
    uint high = codeTexel(group, units, unit, 1 + l / 16, row)[l % 16 / 4];
    uint low = (word >> (8 * (l % 4) + 4 * (column / 32 % 2))) & 15u;
    precise float q = float(int(low | (((high >> (8 * (l % 4) + column % 256 / 32)) & 1u) << 4)));
    precise float scaleStep = d.x * float(int(scale.x));
    precise float scaled = scaleStep * q;
    precise float minimum = d.y * float(int(scale.y));
    precise float y = scaled - minimum;
    return y;
}
