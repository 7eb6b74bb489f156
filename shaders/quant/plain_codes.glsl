// Shared by the unquantised formats: nothing to scale, no minimum. Of a chunk's texels ChunkTexels, of
// TexelColumns columns each, are held at a time.
#define PLAIN_CODES
const int PartColumns = 32;
const bool Prescaled = false;
const bool HasMinimum = false;
struct Scales { float unused; };
Scales fetchScales(uint group, uint chunks, uint chunk, uint row) { return Scales(0.0); }
vec2 factors(Scales s, uint chunk, int part) { return vec2(1.0, 0.0); }

void fetchCodes(uint group, uint chunks, uint chunk, uint column, uint row, out uvec4 words[ChunkTexels]) {
    [[unroll]] for (int i = 0; i < ChunkTexels; i++) words[i] = codeTexel(group, chunks, chunk, column / TexelColumns + i, row);
}

vec4 prescale(int blockHalf, uint lane) { return vec4(1.0); }
