// KV cache in 4 bits: 32 elements of a head share a binary16 scale, the element of largest magnitude / -8, so that it has code -8 and all
// 16 codes are used; 4.5 bits an element. Heads are rotated first (lib/hadamard.glsl), which spreads outliers over a block.
// A texel holds two quads, low nibble first; a texel of scales holds two. Needs head sizes that are multiples of 8. Lanes of a cluster hold
// the 8 quads of a scale; a lane and its neighbour make a texel.
#define KvQuad uint
#define KvSampler usamplerBuffer
#define KvTexel uvec4
const bool HasScales = true;
const bool Rotates = true;
const uint QuadsPerTexel = KvQ4QuadsPerTexel;
const uint ScalesPerTexel = KvQ4ScalesPerTexel;
uint kvRows(uint quads) { return quads / QuadsPerTexel + (quads + (ScalesPerTexel * KvScaleQuads - 1)) / (ScalesPerTexel * KvScaleQuads); }

float quantScale(vec4 v) {
    float high = clusterMax(max(max(v.x, v.y), max(v.z, v.w)));
    float largest = clusterMax(max(max(abs(v.x), abs(v.y)), max(abs(v.z), abs(v.w))));
    float scale = min(largest * 0.125, 65504.0);
    if (largest > 0.0 && high == largest) scale = -scale;
    return unpackHalf2x16(packHalf2x16(vec2(scale, 0.0))).x; // codes are of the scale that is stored
}

KvQuad packQuad(vec4 v, float scale) {
    ivec4 q = clamp(ivec4(roundEven(v * (scale == 0.0 ? 0.0 : 1.0 / scale))), ivec4(-8), ivec4(7)) & 15;
    uint codes = uint(q.x | q.y << 4 | q.z << 8 | q.w << 12);
    return codes | subgroupShuffleXor(codes, 1u) << 16; // in lanes of even quads; the others store nothing
}

KvQuad packScales(float first, float second) { return packHalf2x16(vec2(first, second)); }
vec4 unpackQuad(uvec4 texel, uint quad) {
    int codes = int(texel.x >> (quad % 2 * 16));
    return vec4(ivec4(codes << 28, codes << 24, codes << 20, codes << 16) >> 28);
}
float unpackScale(uvec4 texel, uint block) { return unpackHalf2x16(texel.x)[block % 2]; }
