// 2-bit codes of the 256-weight formats: 64 bytes from texel PairTexel of a unit on; each 32 bytes hold 128 weights, bit pair j of byte l
// being weight 32 j + l.
// A chunk is half of a 128: the words are shifted so that its pairs come first.
void fetchPairs(uint group, uint chunks, uint chunk, uint row, out uvec4 first, out uvec4 second) {
    uint texel = PairTexel + chunk % 4 / 2 * 2, shift = 4 * (chunk % 2);
    first = codeTexel(group, chunks / 4, chunk / 4, texel, row) >> shift;
    second = codeTexel(group, chunks / 4, chunk / 4, texel + 1, row) >> shift;
}

uint bitPair(uint group, uint units, uint column, uint row) {
    uint e = column % 256, l = e % 32;
    uint word = codeTexel(group, units, column / 256, PairTexel + e / 128 * 2 + l / 16, row)[l % 16 / 4];
    return (word >> (8 * (l % 4) + 2 * (e % 128 / 32))) & 3u;
}
