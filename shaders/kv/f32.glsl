// KV cache in binary32: two neighbouring elements of a head, unrounded.
#define KvPair vec2
KvPair packPair(vec2 v) { return v; }
vec2 unpackPair(KvPair p) { return p; }
