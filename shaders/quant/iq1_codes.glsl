// IQ1_S and IQ1_M: y = scale * (entry of the codebook of 2,048 times 8, each -1, 0 or 1, plus or minus 1/8). Bytes hold eight times the
// sum, scales an eighth.
layout(binding = 7) uniform usamplerBuffer codebook;

uvec2 shiftedEntry(uint index, bool negative) {
    uvec2 eightfold = (texelFetch(codebook, int(index)).xy << 3) & 0xF8F8F8F8u;
    uvec2 less = ((eightfold | 0x80808080u) - 0x01010101u) ^ (~eightfold & 0x80808080u); // each byte minus 1
    return negative ? less : eightfold | 0x01010101u;
}
