// Activations as integers of Digits bytes: a block of 32 is scale * n (docs/decisions/0028). Eight lanes hold four each.
// In memory they are [block][row][IntegerBlockWords], neighbouring rows together. Words: eight for each byte of n, the highest first, then
// the scale, the sums of either half, and both times the scale.
const uint IntegerBlockWords = 8 * Digits + IntegerBlockExtraWords;
const float LargestInteger = Digits == 1 ? 127.0 : 127.0 * 256.0;
const float SmallestBlock = 1e-30; // blocks with nothing larger count as zeros

// This lane's four activations of a block as integers. A block with an Inf or NaN has such a scale.
ivec4 toIntegers(vec4 v, out float scale) {
    uvec4 bits = floatBitsToUint(abs(v));
    uint most = max(max(bits.x, bits.y), max(bits.z, bits.w));
    most = max(most, subgroupShuffleXor(most, 1u));
    most = max(most, subgroupShuffleXor(most, 2u));
    most = max(most, subgroupShuffleXor(most, 4u));
    float largest = uintBitsToFloat(most);
    scale = largest / LargestInteger;
    precise vec4 scaled = v * (largest > SmallestBlock ? LargestInteger / largest : 0.0);
    return ivec4(roundEven(scaled));
}

// n = 256 * high + low of two bytes; low is what bytes() keeps of n, as signed bytes.
ivec4 highDigits(ivec4 n) { return Digits == 1 ? n : (n + 128) >> 8; }

uint bytes(ivec4 n) {
    uvec4 low = uvec4(n) & 255u;
    return low.x | (low.y << 8) | (low.z << 16) | (low.w << 24);
}

vec4 signedBytes(uint word) { return vec4(ivec4(uvec4(word) << uvec4(24, 16, 8, 0)) >> 24); }

// Of the four lanes that hold this half of a block.
int halfSum(ivec4 n) {
    int s = (n.x + n.y) + (n.z + n.w);
    s += subgroupShuffleXor(s, 1u);
    return s + subgroupShuffleXor(s, 2u);
}
