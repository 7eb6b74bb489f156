// Q6_K: super-blocks of 256 weights, 16 sub-blocks of 16: y = d * scale * (q - 32), scale a signed byte.
// A unit is 13 texels: 128 bytes of low nibbles, 64 bytes of high bit pairs, 16 scales; d is the unit's scale word.
// Weight e: n = e / 128, k = e % 128 / 32, l = e % 32: nibble k / 2 of byte 64 n + l + 32 (k % 2), bit pair k of byte 32 n + l.
const uint UnitTexels = Q6_K_UnitTexels;
const uint ScaleWords = Q6_K_ScaleWords;
#include "lib/weights.glsl"
const int ChunkTexels = 6;
const int PartColumns = 16;
const bool Prescaled = false;
const bool HasMinimum = true;
struct Scales { float d; uint scales4; };

Scales fetchScales(uint group, uint chunks, uint chunk, uint row) {
    return Scales(unpackHalf2x16(scaleTexel(group, chunks / 4, chunk / 4, row).x).x,
        codeTexel(group, chunks / 4, chunk / 4, 12, row)[chunk % 4]);
}

vec2 factors(Scales s, uint chunk, int part) {
    float scaleStep = s.d * float(int(s.scales4 << (24 - 8 * part)) >> 24);
    return vec2(scaleStep, -32.0 * scaleStep);
}

// A chunk is half of a 128: k is 0 and 1 (low nibbles) or 2 and 3 (high nibbles). Words are shifted so that the wanted bits come first.
void fetchCodes(uint group, uint chunks, uint chunk, uint row, out uvec4 words[ChunkTexels]) {
    uint n = chunk % 4 / 2, upper = chunk % 2;
    [[unroll]] for (int i = 0; i < 4; i++) words[i] = codeTexel(group, chunks / 4, chunk / 4, n * 4 + i, row) >> (4 * upper);
    [[unroll]] for (int i = 0; i < 2; i++) words[4 + i] = codeTexel(group, chunks / 4, chunk / 4, 8 + n * 2 + i, row) >> (4 * upper);
}

float sixBitCode(uint low, uint high, int byteIndex, int blockHalf) {
    return float(int(((low >> (8 * byteIndex)) & 15u) | (((high >> (8 * byteIndex + 2 * blockHalf)) & 3u) << 4)));
}
#define code(words, s, chunk, column) sixBitCode(words[(column) / 16][(column) % 16 / 4], \
    words[4 + (column) % 32 / 16][(column) % 16 / 4], (column) % 4, (column) / 32)
vec4 prescale(int blockHalf, uint lane) { return vec4(1.0); }

const int CodeOffset = 32;
const int PackedOffset = 32;
#define packedCodes(words, s, chunk, column) ((words[(column) / 16][(column) % 16 / 4] & 0x0F0F0F0Fu) \
    | (((words[4 + (column) % 32 / 16][(column) % 16 / 4] >> (2 * ((column) / 32))) & 0x03030303u) << 4))

float dequantize(uint group, uint units, uint column, uint row) {
    uint unit = column / 256, e = column % 256, n = e / 128, k = e % 128 / 32, l = e % 32;
    uint lowByte = 64 * n + l + 32 * (k % 2), highByte = 32 * n + l;
    uint low = (codeTexel(group, units, unit, lowByte / 16, row)[lowByte % 16 / 4] >> (8 * (lowByte % 4) + 4 * (k / 2))) & 15u;
    uint high = (codeTexel(group, units, unit, 8 + highByte / 16, row)[highByte % 16 / 4] >> (8 * (highByte % 4) + 2 * k)) & 3u;
    uint four = codeTexel(group, units, unit, 12, row)[e / 64];
    float scale = float(int(four << (24 - 8 * (e / 16 % 4))) >> 24);
    precise float scaleStep = unpackHalf2x16(scaleTexel(group, units, unit, row).x).x * scale;
    precise float y = scaleStep * float(int(low | (high << 4)) - 32);
    return y;
}
