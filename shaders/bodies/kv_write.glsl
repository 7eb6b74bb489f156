// keys[slot, position] = k[row], values[slot, position] = v[row]          Stores new keys and values in the blocks of their sequences.
//   k, v [rows, stride] f32   rows [rows] (token, position, slot, -)   blockTable [slots, maxBlocks] u32   keys, values: lib/kv_layout.glsl
// Grid (kvHeads * pairs / workgroup size rounded up, rows, 1).
layout(push_constant) uniform Constants {
    uint kvHeads;
    uint pairs;
    uint stride;
    uint maxBlocks;
};
layout(binding = 0) readonly buffer K { float k[]; };
layout(binding = 1) readonly buffer V { float v[]; };
layout(binding = 2) readonly buffer Rows { uvec4 rows[]; };
layout(binding = 3) readonly buffer BlockTable { uint blockTable[]; };
layout(binding = 4) writeonly buffer Keys { KvPair keys[]; };
layout(binding = 5) writeonly buffer Values { KvPair values[]; };

void main() {
    uint i = gl_GlobalInvocationID.x;
    if (i >= kvHeads * pairs) return;
    uint row = gl_WorkGroupID.y;
    uint position = rows[row].y;
    uint block = blockTable[rows[row].z * maxBlocks + position / BlockTokens];
    uint token = position % BlockTokens;
    uint from = row * stride + 2 * i;
    keys[keyAt(block, kvHeads, i / pairs, pairs, i % pairs, token)] = packPair(vec2(k[from], k[from + 1]));
    values[valueAt(block, kvHeads, i / pairs, pairs, i % pairs, token)] = packPair(vec2(v[from], v[from + 1]));
}
