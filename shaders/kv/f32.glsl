// KV cache in binary32: a quad is 16 bytes, unrounded.
#define KvQuad vec4
#define KvSampler samplerBuffer
#define KvTexel vec4
#include "kv/unscaled.glsl"
KvQuad packQuad(vec4 v, float scale) { return v; }
vec4 unpackQuad(vec4 texel, uint quad) { return texel; }
float unpackScale(vec4 texel, uint block) { return 1.0; }
