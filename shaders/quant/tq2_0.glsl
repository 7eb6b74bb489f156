// TQ2_0: blocks of 256 ternary weights, y = (q - 1) * d. A unit is 4 texels of bit pairs; d is the unit's scale word.
const uint UnitTexels = TQ2_0_UnitTexels;
const uint ScaleWords = TQ2_0_ScaleWords;
#include "lib/weights.glsl"
const uint PairTexel = 0;
#include "quant/bit_pairs.glsl"
const int ChunkTexels = 2;
const int PartColumns = 32;
const bool Prescaled = false;
const bool HasMinimum = false;
struct Scales { float d; };
Scales fetchScales(uint group, uint chunks, uint chunk, uint row) {
    return Scales(unpackHalf2x16(scaleTexel(group, chunks / 4, chunk / 4, row).x).x);
}
vec2 factors(Scales s, uint chunk, int part) { return vec2(s.d, 0.0); }
void fetchCodes(uint group, uint chunks, uint chunk, uint row, out uvec4 words[ChunkTexels]) {
    fetchPairs(group, chunks, chunk, row, words[0], words[1]);
}

float ternaryCode(uint word, int shift) { return float(int((word >> shift) & 3u) - 1); }
#define code(words, s, chunk, column) ternaryCode(words[(column) % 32 / 16][(column) % 16 / 4], 8 * ((column) % 4) + 2 * ((column) / 32))
vec4 prescale(int blockHalf, uint lane) { return vec4(1.0); }

const int CodeOffset = 0;
const int PackedOffset = 1;
#define packedCodes(words, s, chunk, column) ((words[(column) % 32 / 16][(column) % 16 / 4] >> (2 * ((column) / 32))) & 0x03030303u)

float dequantize(uint group, uint units, uint column, uint row) {
    return float(int(bitPair(group, units, column, row)) - 1) * unpackHalf2x16(scaleTexel(group, units, column / 256, row).x).x;
}
