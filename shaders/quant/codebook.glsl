// The IQ2 and IQ3 formats: weights are entries of a codebook (ggml's grids; src/NpcMind.Inference/Model/codebooks.bin) of positive bytes,
// with a sign each.
layout(binding = 7) uniform usamplerBuffer codebook;

// Negates the bytes of a word whose bit of `signs` (0 to 3) is set.
uint withSigns(uint bytes, uint signs) {
    uint ones = (signs & 1u) | ((signs & 2u) << 7) | ((signs & 4u) << 14) | ((signs & 8u) << 21);
    return (bytes ^ (ones * 255u)) + ones;
}

uvec2 withSigns(uvec2 bytes, uint signs) { return uvec2(withSigns(bytes.x, signs), withSigns(bytes.y, signs >> 4)); }

// Seven signs; the eighth makes the number of negative weights even.
uint evenSigns(uint seven) { return seven | ((uint(bitCount(seven)) & 1u) << 7); }

uint byteOf(uvec4 texel, uint i) { return (texel[i / 4] >> (8 * (i % 4))) & 255u; }
