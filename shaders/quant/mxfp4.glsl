// MXFP4 (OCP Microscaling Formats 1.0): blocks of 32 weights, y = 2^(e - 127) * E2M1[q]. The table holds the values doubled, so the scale
// is 2^(e - 128).
// Scales of a chunk: exponents in bytes 0 and 1.
#include "quant/nibbles.glsl"
const uint UnitTexels = MXFP4_UnitTexels;
const uint ScaleWords = MXFP4_ScaleWords;
#include "lib/weights.glsl"
const uvec4 Table = uvec4(0x03020100u, 0x0C080604u, 0xFDFEFF00u, 0xF4F8FAFCu); // 0 1 2 3 4 6 8 12 and their negatives
#include "quant/table_codes.glsl"
struct Scales { vec2 d; };

// The two smallest exponents give subnormal numbers.
float exponentScale(uint e) { return uintBitsToFloat(e < 2u ? 0x00200000u << e : (e - 1u) << 23); }

Scales fetchScales(uint group, uint chunks, uint chunk, uint row) {
    uint e = scaleTexel(group, chunks, chunk, row).x;
    return Scales(vec2(exponentScale(e & 255u), exponentScale((e >> 8) & 255u)));
}
vec2 factors(Scales s, uint chunk, int part) { return vec2(s.d[part], 0.0); }
void fetchCodes(uint group, uint chunks, uint chunk, uint row, out uvec4 words[ChunkTexels]) {
    words[0] = codeTexel(group, chunks, chunk, 0, row);
    words[1] = codeTexel(group, chunks, chunk, 1, row);
}

float dequantize(uint group, uint units, uint column, uint row) {
    uvec4 block = codeTexel(group, units, column / 64, column / 32 % 2, row);
    uint e = scaleTexel(group, units, column / 64, row).x >> (8 * (column / 32 % 2));
    return exponentScale(e & 255u) * tableCode(block, int(column % 32));
}
