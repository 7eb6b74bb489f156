// TQ1_0: 256 ternary weights, y = (digit - 1) * d. Five digits a byte (bytes 0 to 31: weights 0 to 159, 32 apart; bytes 32 to 47: weights
// 160 to 239, 16 apart), then four a byte (4 bytes: weights 240 to 255, 4 apart). A byte holds the number of its digits times 256 / 243, so
// its first digit is 3 * byte / 256.
// A unit is 3 texels of digits; scale words: the last 4 bytes, d.
const uint UnitTexels = TQ1_0_UnitTexels;
const uint ScaleWords = TQ1_0_ScaleWords;
#include "lib/weights.glsl"

// Four bytes' digit number `digit`, less 1, as signed bytes.
uint ternaryDigits(uint word, uint digit) {
    uint power = digit == 0 ? 1u : digit == 1 ? 3u : digit == 2 ? 9u : digit == 3 ? 27u : 81u, result = 0u;
    [[unroll]] for (int i = 0; i < 4; i++) {
        uint q = (((word >> (8 * i)) & 255u) * power & 255u) * 3u >> 8;
        result |= ((q - 1u) & 255u) << (8 * i);
    }
    return result;
}

uint ternaryFour(uint group, uint units, uint unit, uint four, uint row) {
    if (four < 40) return ternaryDigits(codeTexel(group, units, unit, four % 8 / 4, row)[four % 4], four / 8);
    if (four < 60) return ternaryDigits(codeTexel(group, units, unit, 2, row)[four % 4], (four - 40) / 4);
    return ternaryDigits(scaleTexel(group, units, unit, row).x, four - 60);
}

uvec2 octet(uint group, uint units, uint unit, uint o, uint row) {
    return uvec2(ternaryFour(group, units, unit, 2 * o, row), ternaryFour(group, units, unit, 2 * o + 1, row));
}

float octetScale(uint group, uint units, uint unit, uint s, uint row) { return unpackHalf2x16(scaleTexel(group, units, unit, row).y).x; }
#include "quant/octets.glsl"
