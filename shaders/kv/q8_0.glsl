// KV cache in signed bytes: a quad is 4 bytes, 8 quads of a head share a scale, the largest magnitude / 127 (multiplied by the inverse:
// drivers round divisions as they like). The scale is kept in binary32: a rounded one would be another thing to reproduce, for 2 bytes in
// 36. Needs head sizes that are multiples of 32; then 8 lanes of a cluster hold the 8 quads of a scale.
#define KvQuad uint
#define KvSampler usamplerBuffer
#define KvTexel uvec4
const bool HasScales = true;
const bool Rotates = false;
const uint QuadsPerTexel = 1;
const uint ScalesPerTexel = 1;
uint kvRows(uint quads) { return quads + quads / KvScaleQuads; }

float quantScale(vec4 v) {
    float largest = clusterMax(max(max(abs(v.x), abs(v.y)), max(abs(v.z), abs(v.w))));
    return largest < 1e-35 ? 0.0 : largest * (1.0 / 127.0); // the inverse of less would be infinite
}

KvQuad packQuad(vec4 v, float scale) {
    ivec4 q = ivec4(roundEven(v * (scale == 0.0 ? 0.0 : 1.0 / scale))) & 255;
    return uint(q.x | q.y << 8 | q.z << 16 | q.w << 24);
}

KvQuad packScales(float first, float second) { return floatBitsToUint(first); }
vec4 unpackQuad(uvec4 texel, uint quad) {
    return vec4(ivec4(int(texel.x) << 24, int(texel.x) << 16, int(texel.x) << 8, int(texel.x)) >> 24);
}
float unpackScale(uvec4 texel, uint block) { return uintBitsToFloat(texel.x); }
