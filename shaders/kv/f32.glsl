// KV cache in binary32: a quad is 16 bytes, unrounded.
#define KvQuad vec4
#define KvSampler samplerBuffer
KvQuad packQuad(vec4 v) { return v; }
vec4 unpackQuad(vec4 texel) { return texel; }
