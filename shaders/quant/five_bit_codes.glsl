// 5-bit codes of the 32-weight formats: nibbles as in the 4-bit ones, the fifth bits of a block in one word, bit j for weight j.
const bool Prescaled = false;
vec4 prescale(int blockHalf, uint lane) { return vec4(1.0); }

void fetchCodes(uint group, uint chunks, uint chunk, uint row, out uvec4 words[ChunkTexels]) {
    words[0] = codeTexel(group, chunks, chunk, 0, row);
    words[1] = codeTexel(group, chunks, chunk, 1, row);
}

float fiveBitCode(uvec4 block, uint high, int column) {
    int place = 2 * (column % 4) + column / 16;
    return float(int(((block[column % 16 / 4] >> (4 * place)) & 15u) | (((high >> column) & 1u) << 4)));
}
#define code(words, s, chunk, column) fiveBitCode(words[(column) / 32], s.high[(column) / 32], (column) % 32)

// Bits 0 to 3 to bit 4 of bytes 0 to 3.
uint fifthBits(uint four) { return ((four & 15u) * 0x00204081u & 0x01010101u) << 4; }
#define packedCodes(words, s, chunk, column) (((words[(column) / 32][(column) % 16 / 4] >> (4 * ((column) % 32 / 16))) & 0x0F0F0F0Fu) | \
    fifthBits(s.high[(column) / 32] >> ((column) % 32)))

int fiveBits(uint group, uint units, uint column, uint row, uint high) {
    uvec4 block = codeTexel(group, units, column / 64, column / 32 % 2, row);
    uint place = 2 * (column % 4) + column % 32 / 16;
    return int(((block[column % 16 / 4] >> (4 * place)) & 15u) | (((high >> (column % 32)) & 1u) << 4));
}
