// Q8_0: blocks of 32 weights, y = q * d, q a signed byte. Scales of a chunk: (d0|d1).
// Bytes are made unsigned by flipping the sign bit (q + 128) and cut out without shifting; see quant/nibble_codes.glsl.
const uint UnitTexels = Q8_0_UnitTexels;
const uint ScaleWords = Q8_0_ScaleWords;
#include "lib/weights.glsl"
const int ChunkTexels = 4;
const int PartColumns = 32;
const bool Prescaled = true;
const bool HasMinimum = true;
struct Scales { vec2 d; };
Scales fetchScales(uint group, uint chunks, uint chunk, uint row) {
    return Scales(unpackHalf2x16(scaleTexel(group, chunks, chunk, row).x));
}
vec2 factors(Scales s, uint chunk, int part) { return vec2(s.d[part], -128.0 * s.d[part]); }

void fetchCodes(uint group, uint chunks, uint chunk, uint row, out uvec4 words[ChunkTexels]) {
    [[unroll]] for (int i = 0; i < ChunkTexels; i++) words[i] = codeTexel(group, chunks, chunk, i, row) ^ uvec4(0x80808080u);
}

float byteCode(uint word, int place) { return place == 3 ? float(int(word >> 24)) : float(int(word & (255u << (8 * place)))); }
#define code(words, s, chunk, column) byteCode(words[(column) / 16][(column) % 16 / 4], (column) % 4)
vec4 prescale(int blockHalf, uint lane) { return uintBitsToFloat(uvec4(127u, 119u, 111u, 127u) << 23); }

const int CodeOffset = 128;
const int PackedOffset = 0;
#define packedCodes(words, s, chunk, column) (words[(column) / 16][(column) % 16 / 4] ^ 0x80808080u)

float dequantize(uint group, uint units, uint column, uint row) {
    uint word = codeTexel(group, units, column / 64, column % 64 / 16, row)[column % 16 / 4];
    return float(int(word << (24 - 8 * (column % 4))) >> 24)
        * unpackHalf2x16(scaleTexel(group, units, column / 64, row).x)[column / 32 % 2];
}
