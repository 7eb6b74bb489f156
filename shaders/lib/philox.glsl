// Philox4x32-10: counter-based random numbers (Salmon et al. 2011, "Parallel random numbers: as easy as 1, 2, 3").
// The same key and counter give the same number on every device, so a sequence's random state is its seed and its position.
uint philox(uvec2 key, uint counter) {
    uvec4 c = uvec4(counter, 0, 0, 0);
    for (int round = 0; round < 10; round++) {
        uint high0, low0, high1, low1;
        umulExtended(0xD2511F53u, c.x, high0, low0);
        umulExtended(0xCD9E8D57u, c.z, high1, low1);
        c = uvec4(high1 ^ c.y ^ key.x, low1, high0 ^ c.w ^ key.y, low0);
        key += uvec2(0x9E3779B9u, 0xBB67AE85u);
    }
    return c.x;
}
