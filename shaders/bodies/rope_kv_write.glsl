// Rotates query and key heads, writes the queries to q and stores keys and values in the blocks of their sequences.
//   (a, b) -> (a cos - b sin, a sin + b cos) for each pair of the first 2 * pairs elements of a head; the rest passes through.
//   neox 0: pair i is (2i, 2i+1) (RoFormer);  neox 1: pair i is (i, i + pairs) (GPT-NeoX).
//   qkv [rows, stride quads] f32, a row holding queries, keys (from quad kOffset), values (from quad vOffset)   turns [rows, turnStride] (cos, sin) per pair, made on the host in double
//   rows [rows] (token, position, slot, -)   blockTable [slots, maxBlocks] u32   q [rows, heads, quads] f32   keys, values: lib/kv_layout.glsl
// One lane per quad of a head; grid ((heads + 2 kvHeads) * quads / workgroup size rounded up, rows, 1).
// Su et al. 2021.  Reference: tests/NpcMind.Reference/Rope.cs
layout(push_constant) uniform Constants {
    uint heads;
    uint kvHeads;
    uint quads;
    uint pairs;
    uint neox;
    uint stride;
    uint kOffset;
    uint vOffset;
    uint turnStride;
    uint maxBlocks;
};
layout(binding = 0) uniform samplerBuffer qkv;
layout(binding = 1) uniform samplerBuffer turns;
layout(binding = 2) readonly buffer Rows { uvec4 rows[]; };
layout(binding = 3) readonly buffer BlockTable { uint blockTable[]; };
layout(binding = 4) writeonly buffer Q { vec4 q[]; };
layout(binding = 5) writeonly buffer Keys { KvQuad keys[]; };
layout(binding = 6) writeonly buffer Values { KvQuad values[]; };

float element(uint head, uint i) { return texelFetch(qkv, int(head + i / 4))[i % 4]; }
vec2 turn(uint row, uint pair) { return texelFetch(turns, int(row * turnStride + pair)).xy; }

// Element i of a head that starts at quad `head` of a row, rotated.
float rotated(uint head, uint row, uint i) {
    float self = element(head, i);
    if (i >= 2 * pairs) return self;
    bool second = neox != 0 ? i >= pairs : i % 2 == 1;
    uint pair = neox != 0 ? i % pairs : i / 2;
    float other = element(head, neox != 0 ? (second ? i - pairs : i + pairs) : i ^ 1u);
    vec2 t = turn(row, pair);
    return second ? other * t.y + self * t.x : self * t.x - other * t.y;
}

void main() {
    uint row = gl_WorkGroupID.y;
    uint index = gl_WorkGroupID.x * gl_WorkGroupSize.x + clusterIndex() * 8 + clusterLane(); // so that a cluster holds neighbouring quads
    uint head = index / quads;
    uint quad = index % quads;
    if (head >= heads + 2 * kvHeads) return;
    uint at = row * stride;
    if (head < heads) at += head * quads;
    else if (head < heads + kvHeads) at += kOffset + (head - heads) * quads;
    else at += vOffset + (head - heads - kvHeads) * quads;
    vec4 v;
    if (head < heads + kvHeads)
        v = vec4(rotated(at, row, quad * 4), rotated(at, row, quad * 4 + 1), rotated(at, row, quad * 4 + 2), rotated(at, row, quad * 4 + 3));
    else
        v = texelFetch(qkv, int(at + quad));
    if (head < heads) {
        q[(row * heads + head) * quads + quad] = v;
        return;
    }
    uint position = rows[row].y;
    uint block = blockTable[rows[row].z * maxBlocks + position / BlockTokens];
    uint token = position % BlockTokens;
    float scale = quantScale(v);
    uint rows_ = kvRows(quads);
    bool hasScale = HasScales && quad % 8 == 0;
    head -= heads;
    if (head < kvHeads) {
        keys[keyAt(block, kvHeads, head, rows_, quad, token)] = packQuad(v, scale);
        if (hasScale) keys[keyAt(block, kvHeads, head, rows_, quads + quad / 8, token)] = packScale(scale);
    } else {
        head -= kvHeads;
        values[valueAt(block, kvHeads, head, rows_, quad, token)] = packQuad(v, scale);
        if (hasScale) values[valueAt(block, kvHeads, head, rows_, quads + quad / 8, token)] = packScale(scale);
    }
}
