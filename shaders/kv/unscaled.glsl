// What formats without scales say of them.
const bool HasScales = false;
uint kvRows(uint quads) { return quads; }
float quantScale(vec4 v) { return 1.0; }
KvQuad packScale(float scale) { return KvQuad(0); }
