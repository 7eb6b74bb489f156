// What formats without scales say of them.
const bool HasScales = false;
const bool Rotates = false;
const uint QuadsPerTexel = 1;
const uint ScalesPerTexel = 1;
uint kvRows(uint quads) { return quads; }
float quantScale(vec4 v) { return 1.0; }
KvQuad packScales(float first, float second) { return KvQuad(0); }
