// Where a KV cache keeps things. A block holds BlockTokens tokens of one layer; a quad is four neighbouring elements of a head.
//   keys   [block][kvHead][row][token in block]   neighbouring lanes fetch neighbouring tokens when scores are computed
//   values [block][kvHead][token in block][row]   neighbouring lanes fetch neighbouring quads when values are summed
// Rows are texels: the quads of a head, QuadsPerTexel in each, then the scales of 8 quads each, ScalesPerTexel in each, if the format has
// any (kvRows in shaders/kv says how many rows there are).
// A block has as many tokens as a cluster has lanes: few, so that little of a sequence's last block lies idle. Attention goes through a
// sequence a page at a time.
uint keyAt(uint block, uint kvHeads, uint kvHead, uint rows, uint row, uint token) {
    return ((block * kvHeads + kvHead) * rows + row) * BlockTokens + token;
}

uint valueAt(uint block, uint kvHeads, uint kvHead, uint rows, uint row, uint token) {
    return ((block * kvHeads + kvHead) * BlockTokens + token) * rows + row;
}
