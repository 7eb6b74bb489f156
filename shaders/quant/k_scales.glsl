// The 12 bytes of Q4_K and Q5_K that hold eight 6-bit scales and eight 6-bit minima (ggml, "get_scale_min_k4"):
// j < 4: scale = low 6 bits of byte j, minimum of byte j + 4; j >= 4: low 4 bits of byte j + 4 and its high 4 bits, completed by the top
// bits of bytes j - 4 and j.
uvec2 scaleAndMinimum(uvec3 bytes, uint j) {
    uint shift = 8 * (j % 4);
    uint a = (bytes.x >> shift) & 255u, b = (bytes.y >> shift) & 255u, c = (bytes.z >> shift) & 255u;
    return j < 4 ? uvec2(a & 63u, b & 63u) : uvec2((c & 15u) | ((a >> 6) << 4), (c >> 4) | ((b >> 6) << 4));
}

// The first texel of a unit holds d, dmin and those bytes; sub-block 2 * (chunk % 4) + part has y = d * scale * q - dmin * minimum.
const bool HasMinimum = true;
struct Scales { uvec4 words; };
Scales fetchScales(uint group, uint chunks, uint chunk, uint row) { return Scales(codeTexel(group, chunks / 4, chunk / 4, 0, row)); }

vec2 factors(Scales s, uint chunk, int part) {
    return unpackHalf2x16(s.words.x) * vec2(ivec2(scaleAndMinimum(s.words.yzw, chunk % 4 * 2 + part))) * vec2(1.0, -1.0);
}
