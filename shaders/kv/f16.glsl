// KV cache in binary16: a quad is 8 bytes.
#define KvQuad uvec2
#define KvSampler usamplerBuffer
#define KvTexel uvec4
#include "kv/unscaled.glsl"
KvQuad packQuad(vec4 v, float scale) { return uvec2(packHalf2x16(v.xy), packHalf2x16(v.zw)); }
vec4 unpackQuad(uvec4 texel, uint quad) { return vec4(unpackHalf2x16(texel.x), unpackHalf2x16(texel.y)); }
float unpackScale(uvec4 texel, uint block) { return 1.0; }
