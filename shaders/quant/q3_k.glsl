// Q3_K: super-blocks of 256 weights, 16 sub-blocks of 16: y = d * (scale - 32) * (q - 4), scale of 6 bits.
// A unit is 7 texels: 32 bytes of third bits (bit s of byte l belongs to weight 32 s + l), 64 bytes of bit pairs, 12 bytes of scales, d.
const uint UnitTexels = Q3_K_UnitTexels;
const uint ScaleWords = Q3_K_ScaleWords;
#include "lib/weights.glsl"
const uint PairTexel = 2;
#include "quant/bit_pairs.glsl"
const int ChunkTexels = 4;
const int PartColumns = 16;
const bool Prescaled = false;
const bool HasMinimum = true;
struct Scales { uvec4 words; };
Scales fetchScales(uint group, uint chunks, uint chunk, uint row) { return Scales(codeTexel(group, chunks / 4, chunk / 4, 6, row)); }

// Scale of sub-block 4 * chunk + part: its low nibble stands in the first 8 bytes, its upper two bits in the last 4.
float subBlockScale(uvec4 words, uint chunk, uint part) {
    uint low = ((chunk % 2 == 0 ? words.x : words.y) >> (8 * part + chunk / 2 * 4)) & 15u;
    uint high = (words.z >> (8 * part + 2 * chunk)) & 3u;
    precise float scaled = unpackHalf2x16(words.w).x * float(int(low | (high << 4)) - 32);
    return scaled;
}

vec2 factors(Scales s, uint chunk, int part) {
    float scale = subBlockScale(s.words, chunk % 4, uint(part));
    return vec2(scale, -4.0 * scale);
}

void fetchCodes(uint group, uint chunks, uint chunk, uint row, out uvec4 words[ChunkTexels]) {
    fetchPairs(group, chunks, chunk, row, words[0], words[1]);
    words[2] = codeTexel(group, chunks / 4, chunk / 4, 0, row) >> (chunk % 4 * 2);
    words[3] = codeTexel(group, chunks / 4, chunk / 4, 1, row) >> (chunk % 4 * 2);
}

float threeBitCode(uint pairs, uint third, int byteShift, int blockHalf) {
    return float(int(((pairs >> (byteShift + 2 * blockHalf)) & 3u) | (((third >> (byteShift + blockHalf)) & 1u) << 2)));
}
#define code(words, s, chunk, column) threeBitCode( \
    words[(column) % 32 / 16][(column) % 16 / 4], words[2 + (column) % 32 / 16][(column) % 16 / 4], 8 * ((column) % 4), (column) / 32)
vec4 prescale(int blockHalf, uint lane) { return vec4(1.0); }

const int CodeOffset = 4;
const int PackedOffset = 4;
#define packedCodes(words, s, chunk, column) (((words[(column) % 32 / 16][(column) % 16 / 4] >> (2 * ((column) / 32))) & 0x03030303u) \
    | (((words[2 + (column) % 32 / 16][(column) % 16 / 4] >> ((column) / 32)) & 0x01010101u) << 2))

float dequantize(uint group, uint units, uint column, uint row) {
    uint unit = column / 256, e = column % 256, l = e % 32;
    uint third = codeTexel(group, units, unit, l / 16, row)[l % 16 / 4] >> (8 * (l % 4) + e / 32);
    int q = int(bitPair(group, units, column, row) | ((third & 1u) << 2)) - 4;
    precise float y = subBlockScale(codeTexel(group, units, unit, 6, row), e / 64, e / 16 % 4) * float(q);
    return y;
}
