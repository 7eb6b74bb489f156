// Where a KV cache keeps things. A block holds BlockTokens tokens of one layer; a pair is two neighbouring elements of a head.
//   keys   [block][kvHead][pair][token in block]   neighbouring lanes hold neighbouring tokens when scores are computed
//   values [block][kvHead][token in block][pair]   neighbouring lanes hold neighbouring pairs when values are summed
const uint BlockTokens = 32;

uint keyAt(uint block, uint kvHeads, uint kvHead, uint pairs, uint pair, uint token) {
    return ((block * kvHeads + kvHead) * pairs + pair) * BlockTokens + token;
}

uint valueAt(uint block, uint kvHeads, uint kvHead, uint pairs, uint pair, uint token) {
    return ((block * kvHeads + kvHead) * BlockTokens + token) * pairs + pair;
}
