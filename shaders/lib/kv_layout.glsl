// Where a KV cache keeps things. A block holds BlockTokens tokens of one layer; a quad is four neighbouring elements of a head, one texel.
//   keys   [block][kvHead][quad][token in block]   neighbouring lanes fetch neighbouring tokens when scores are computed
//   values [block][kvHead][token in block][quad]   neighbouring lanes fetch neighbouring quads when values are summed
const uint BlockTokens = 32;

uint keyAt(uint block, uint kvHeads, uint kvHead, uint quads, uint quad, uint token) {
    return ((block * kvHeads + kvHead) * quads + quad) * BlockTokens + token;
}

uint valueAt(uint block, uint kvHeads, uint kvHead, uint quads, uint quad, uint token) {
    return ((block * kvHeads + kvHead) * BlockTokens + token) * quads + quad;
}
