// KV cache in binary16: two neighbouring elements of a head share one 32-bit word.
#define KvPair uint
KvPair packPair(vec2 v) { return packHalf2x16(v); }
vec2 unpackPair(KvPair p) { return unpackHalf2x16(p); }
