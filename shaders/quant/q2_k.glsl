// Q2_K: super-blocks of 256 weights, 16 sub-blocks of 16: y = d * scale * q - dmin * minimum, scale and minimum of 4 bits.
// A unit is 5 texels: 16 bytes (scale in the low nibble, minimum in the high one), then 64 bytes of bit pairs; (d|dmin) is the unit's scale
// word.
const uint UnitTexels = Q2_K_UnitTexels;
const uint ScaleWords = Q2_K_ScaleWords;
#include "lib/weights.glsl"
const uint PairTexel = 1;
#include "quant/bit_pairs.glsl"
const int ChunkTexels = 2;
const int PartColumns = 16;
const bool Prescaled = false;
const bool HasMinimum = true;
struct Scales { vec2 d; uint four; };

Scales fetchScales(uint group, uint chunks, uint chunk, uint row) {
    vec2 d = unpackHalf2x16(scaleTexel(group, chunks / 4, chunk / 4, row).x);
    return Scales(d, codeTexel(group, chunks / 4, chunk / 4, 0, row)[chunk % 4]);
}

vec2 factors(Scales s, uint chunk, int part) {
    uint both = s.four >> (8 * part);
    return s.d * vec2(float(int(both & 15u)), -float(int((both >> 4) & 15u)));
}
void fetchCodes(uint group, uint chunks, uint chunk, uint row, out uvec4 words[ChunkTexels]) {
    fetchPairs(group, chunks, chunk, row, words[0], words[1]);
}

float pairCode(uint word, int shift) { return float(int((word >> shift) & 3u)); }
#define code(words, s, chunk, column) pairCode(words[(column) % 32 / 16][(column) % 16 / 4], 8 * ((column) % 4) + 2 * ((column) / 32))
vec4 prescale(int blockHalf, uint lane) { return vec4(1.0); }

const int CodeOffset = 0;
const int PackedOffset = 0;
#define packedCodes(words, s, chunk, column) ((words[(column) % 32 / 16][(column) % 16 / 4] >> (2 * ((column) / 32))) & 0x03030303u)

float dequantize(uint group, uint units, uint column, uint row) {
    vec2 d = unpackHalf2x16(scaleTexel(group, units, column / 256, row).x);
    uint part = column % 256 / 16;
    uint both = codeTexel(group, units, column / 256, 0, row)[part / 4] >> (8 * (part % 4));
    precise float scale = d.x * float(int(both & 15u));
    precise float minimum = d.y * float(int((both >> 4) & 15u));
    precise float scaled = scale * float(int(bitPair(group, units, column, row)));
    precise float y = scaled - minimum;
    return y;
}
