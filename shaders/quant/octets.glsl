// Formats whose weights are best unpacked eight at a time: a format supplies
//   uvec2 octet(group, units, unit, o, row)        signed bytes of weights 8 o to 8 o + 7 of a unit of 256
//   float octetScale(group, units, unit, s, row)   what the bytes of weights 16 s to 16 s + 15 are multiplied by
const int ChunkTexels = 4;
const int PartColumns = 16;
const bool Prescaled = false;
const bool HasMinimum = false;
struct Scales { vec4 parts; };

Scales fetchScales(uint group, uint chunks, uint chunk, uint row) {
    Scales s;
    [[unroll]] for (int part = 0; part < 4; part++) s.parts[part] = octetScale(group, chunks / 4, chunk / 4, chunk % 4 * 4 + part, row);
    return s;
}
vec2 factors(Scales s, uint chunk, int part) { return vec2(s.parts[part], 0.0); }

void fetchCodes(uint group, uint chunks, uint chunk, uint row, out uvec4 words[ChunkTexels]) {
    [[unroll]] for (int i = 0; i < ChunkTexels; i++)
        words[i] = uvec4(octet(group, chunks / 4, chunk / 4, chunk % 4 * 8 + 2 * i, row),
            octet(group, chunks / 4, chunk / 4, chunk % 4 * 8 + 2 * i + 1, row));
}

float signedByte(uint word, int place) { return float(int(word << (24 - 8 * place)) >> 24); }
#define code(words, s, chunk, column) signedByte(words[(column) / 16][(column) % 16 / 4], (column) % 4)
vec4 prescale(int blockHalf, uint lane) { return vec4(1.0); }

const int CodeOffset = 0;
const int PackedOffset = 0;
#define packedCodes(words, s, chunk, column) words[(column) / 16][(column) % 16 / 4]

float dequantize(uint group, uint units, uint column, uint row) {
    uint unit = column / 256, e = column % 256;
    precise float y = octetScale(group, units, unit, e / 16, row)
        * signedByte(octet(group, units, unit, e / 8, row)[e % 8 / 4], int(e % 4));
    return y;
}
