// 4-bit codes that stand for entries of a table of signed bytes (IQ4_NL, IQ4_XS, MXFP4): nibbles as in the 4-bit formats, entry i in byte i
// % 4 of word i / 4 of Table.
const bool Prescaled = false;
const bool HasMinimum = false;
vec4 prescale(int blockHalf, uint lane) { return vec4(1.0); }

float tableValue(uint index) {
    uint word = index < 8u ? (index < 4u ? Table.x : Table.y) : (index < 12u ? Table.z : Table.w);
    return float(int(word << (24u - 8u * (index & 3u))) >> 24);
}

float tableCode(uvec4 block, int column) {
    return tableValue((block[column % 16 / 4] >> (4 * (2 * (column % 4) + column / 16))) & 15u);
}
#define code(words, s, chunk, column) tableCode(words[(column) / 32], (column) % 32)

const int CodeOffset = 0;
const int PackedOffset = 0;
uint packedTableCodes(uint nibbles) {
    uint four = 0u;
    [[unroll]] for (int i = 0; i < 4; i++) four |= (uint(int(tableValue((nibbles >> (8 * i)) & 15u))) & 255u) << (8 * i);
    return four;
}
#define packedCodes(words, s, chunk, column) packedTableCodes(words[(column) / 32][(column) % 16 / 4] >> (4 * ((column) % 32 / 16)))
