// 4-bit codes of the 32-weight formats: a chunk of 64 weights is 2 texels; byte j of a block holds weight j (low nibble) and j + 16 (high
// nibble).
const int ChunkTexels = 2;
const int PartColumns = 32;
