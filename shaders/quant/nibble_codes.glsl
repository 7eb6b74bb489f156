// Codes are cut out without shifting them down; the activation they meet is scaled by the inverse power of two instead, which is exact.
const bool Prescaled = true;

void fetchCodes(uint group, uint chunks, uint chunk, uint row, out uvec4 words[ChunkTexels]) {
    words[0] = codeTexel(group, chunks, chunk, 0, row);
    words[1] = codeTexel(group, chunks, chunk, 1, row);
}

float nibbleCode(uvec4 block, int column) {
    int place = 2 * (column % 4) + column / 16;
    uint word = block[column % 16 / 4];
    return place == 7 ? float(int(word >> 28)) : float(int(word & (15u << (4 * place))));
}
#define code(words, s, chunk, column) nibbleCode(words[(column) / 32], (column) % 32)
#define packedCodes(words, s, chunk, column) \
    ((words[(column) / 32][(column) % 16 / 4] >> (4 * ((column) % 32 / 16))) & 0x0F0F0F0Fu)

vec4 prescale(int blockHalf, uint lane) {
    uint high = lane >> 2;
    return uintBitsToFloat(uvec4(127u - 4u * high, 119u - 4u * high, 111u - 4u * high, high == 1 ? 127u : 103u) << 23);
}

int nibble(uint group, uint units, uint column, uint row) {
    uvec4 block = codeTexel(group, units, column / 64, column / 32 % 2, row);
    uint place = 2 * (column % 4) + column % 32 / 16;
    return int((block[column % 16 / 4] >> (4 * place)) & 15u);
}
