// Turns query and key heads, writes the queries to q and stores keys and values in the blocks of their sequences.
//   (a, b) -> (a cos - b sin, a sin + b cos) for each pair of the first 2 * pairs elements of a head; the rest passes through.
//   neox 0: pair i is (2i, 2i+1) (RoFormer);  neox 1: pair i is (i, i + pairs) (GPT-NeoX).
//   HeadNormAfterRope: then v / sqrt(mean(v^2) + epsilon) for each query and key head (Llama 4).
//   HeadNormBeforeRope: that, times a weight per element, before the rotation (Qwen 3, Gemma 3).
//   ScalesQueries: queries times the factor at the end of the row's turns.
//   qkv [rows, stride quads] f32, a row holding queries, keys (from quad kOffset), values (from quad vOffset)
//   turns [rows, turnStride] (cos, sin) per pair, from turnOffset, made on the host in double
//   normWeights [Quads for queries, Quads for keys] texels of 4
//   rows [rows] (token, position, slot, -)   blockTable [slots, maxBlocks] u32   q [rows, heads, Quads] f32
//   keys, values: lib/kv_layout.glsl
// Formats that rotate (shaders/kv): queries, keys and values then go through lib/hadamard.glsl; hadamard.comp takes what attention gathers
// back.
// A cluster has a head, its lanes every eighth quad; grid ((heads + 2 kvHeads) / clusters of a workgroup rounded up, rows, 1).
// Su et al. 2021.  Reference: tests/NpcMind.Reference/Rope.cs
layout(constant_id = 1) const uint Quads = 16;    // head size / 4
layout(constant_id = 2) const uint Norm = 0;      // HeadNorm
layout(constant_id = 3) const bool ScalesQueries = false;

layout(push_constant) uniform Constants {
    uint heads;
    uint kvHeads;
    uint pairs;
    uint neox;
    uint stride;
    uint kOffset;
    uint vOffset;
    uint turnStride;
    uint turnOffset;
    uint maxBlocks;
    float epsilon;
};
layout(binding = 0) uniform samplerBuffer qkv;
layout(binding = 1) uniform samplerBuffer turns;
layout(binding = 2) readonly buffer Rows { uvec4 rows[]; };
layout(binding = 3) readonly buffer BlockTable { uint blockTable[]; };
layout(binding = 4) writeonly buffer Q { vec4 q[]; };
layout(binding = 5) writeonly buffer Keys { KvQuad keys[]; };
layout(binding = 6) writeonly buffer Values { KvQuad values[]; };
layout(binding = 7) uniform samplerBuffer normWeights;

uint weightsAt; // first quad of the head's norm weights
float element(uint head, uint i) {
    float v = texelFetch(qkv, int(head + i / 4))[i % 4];
    return Norm == HeadNormBeforeRope ? v * texelFetch(normWeights, int(weightsAt + i / 4))[i % 4] : v;
}
vec2 turn(uint row, uint pair) { return texelFetch(turns, int(row * turnStride + turnOffset + pair)).xy; }

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

const uint Chunks = (Quads + (ClusterLanes - 1)) / ClusterLanes; // quads per lane

void main() {
    uint row = gl_WorkGroupID.y;
    uint lane = clusterLane();
    uint head = gl_WorkGroupID.x * (gl_WorkGroupSize.x / ClusterLanes) + clusterIndex();
    if (head >= heads + 2 * kvHeads) return;
    bool isValue = head >= heads + kvHeads;
    uint at = row * stride;
    if (head < heads) at += head * Quads;
    else if (!isValue) at += kOffset + (head - heads) * Quads;
    else at += vOffset + (head - heads - kvHeads) * Quads;

    weightsAt = head < heads ? 0 : Quads;
    vec4 v[Chunks];
    float squares = 0.0;
    [[unroll]] for (uint k = 0; k < Chunks; k++) {
        uint quad = k * ClusterLanes + lane;
        if (quad >= Quads) v[k] = vec4(0.0);
        else if (isValue) v[k] = texelFetch(qkv, int(at + quad));
        else v[k] = vec4(rotated(at, row, quad * 4), rotated(at, row, quad * 4 + 1), rotated(at, row, quad * 4 + 2),
            rotated(at, row, quad * 4 + 3));
        if (Norm == HeadNormBeforeRope && quad < Quads) {
            vec4 raw = texelFetch(qkv, int(at + quad));
            squares += dot(raw, raw);
        }
    }
    if (Norm != HeadNormNone && !isValue) {
        if (Norm == HeadNormAfterRope)
            [[unroll]] for (uint k = 0; k < Chunks; k++) squares += dot(v[k], v[k]);
        float scale = 1.0 / sqrt(clusterSum(squares) / float(Quads * 4) + epsilon);
        [[unroll]] for (uint k = 0; k < Chunks; k++) v[k] *= scale;
    }
    if (Rotates) {
        HADAMARD(v, Chunks, HADAMARD_QUADS(Quads))
    }
    if (head < heads) {
        float factor = ScalesQueries ? texelFetch(turns, int(row * turnStride + turnStride - 1)).x : 1.0;
        [[unroll]] for (uint k = 0; k < Chunks; k++)
            if (k * ClusterLanes + lane < Quads) q[(row * heads + head) * Quads + k * ClusterLanes + lane] = v[k] * factor;
        return;
    }

    uint position = rows[row].y;
    uint block = blockTable[rows[row].z * maxBlocks + position / BlockTokens];
    uint token = position % BlockTokens;
    uint storedRows = kvRows(Quads);
    float scale[Chunks];
    [[unroll]] for (uint k = 0; k < Chunks; k++) scale[k] = quantScale(v[k]);
    [[unroll]] for (uint k = 0; k < Chunks; k++) {
        uint quad = k * ClusterLanes + lane;
        KvQuad codes = packQuad(v[k], scale[k]);
        KvQuad scales = packScales(scale[k], k + 1 < Chunks ? scale[min(k + 1, Chunks - 1)] : 0.0);
        bool hasCodes = quad < Quads && quad % QuadsPerTexel == 0;
        bool hasScales = HasScales && lane == 0 && k % ScalesPerTexel == 0;
        uint codeRow = quad / QuadsPerTexel, scaleRow = Quads / QuadsPerTexel + k / ScalesPerTexel;
        if (!isValue) {
            if (hasCodes) keys[keyAt(block, kvHeads, head - heads, storedRows, codeRow, token)] = codes;
            if (hasScales) keys[keyAt(block, kvHeads, head - heads, storedRows, scaleRow, token)] = scales;
        } else {
            if (hasCodes) values[valueAt(block, kvHeads, head - heads - kvHeads, storedRows, codeRow, token)] = codes;
            if (hasScales) values[valueAt(block, kvHeads, head - heads - kvHeads, storedRows, scaleRow, token)] = scales;
        }
    }
}
