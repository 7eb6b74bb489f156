// Turns the rope parts of queries and of the one key of latent attention, and stores the token's row (latent, turned key) in the keys of
// the cache.
//   projected [rows, projectedStride quads] f32: per head, plainQuads quads that meet the latent through a matrix of their own, then the
//   rope part of RopeQuads quads
//   latent [rows, latentStride quads] f32: LatentQuads quads, normalised, then the key's rope part
//   angles [rows, angleStride] (cos, sin) per pair of neighbours
//   rows [rows] (token, position, slot, -)   blockTable [slots, maxBlocks] u32
//   q [rows, heads, LatentQuads + RopeQuads quads] f32: the rope parts are written behind the latent ones
//   keys: lib/kv_layout.glsl, one head of LatentQuads + RopeQuads quads
// Formats that rotate (shaders/kv): the stored row goes through lib/hadamard.glsl; hadamard.comp does the same to whole queries.
// A cluster has a head, or the key; its lanes every eighth quad. Grid ((heads + 1) / clusters of a workgroup rounded up, rows, 1).
// DeepSeek-AI 2024 (DeepSeek-V2, section 2.1).  Reference: tests/NpcMind.GpuTests/Kernels/LatentCases.cs
layout(constant_id = 1) const uint LatentQuads = 128;
layout(constant_id = 2) const uint RopeQuads = 16;

layout(push_constant) uniform Constants {
    uint heads;
    uint plainQuads;
    uint projectedStride;
    uint latentStride;
    uint angleStride;
    uint angleOffset;
    uint maxBlocks;
};
layout(binding = 0) uniform samplerBuffer projected;
layout(binding = 1) uniform samplerBuffer latent;
layout(binding = 2) uniform samplerBuffer angles;
layout(binding = 3) readonly buffer Rows { uvec4 rows[]; };
layout(binding = 4) readonly buffer BlockTable { uint blockTable[]; };
layout(binding = 5) writeonly buffer Q { vec4 q[]; };
layout(binding = 6) writeonly buffer Keys { KvQuad keys[]; };

const uint RowQuads = LatentQuads + RopeQuads;
// Latents, which are the values, are rotated apart from what was turned.
const uint RotatedQuads = HADAMARD_QUADS(LatentQuads | RopeQuads);
// Quads that a lane has at a time: a whole rotation and a whole texel of scales.
const uint Chunks = RotatedQuads > ClusterLanes * ScalesPerTexel ? RotatedQuads / ClusterLanes : ScalesPerTexel;

vec4 turned(vec4 v, uint row, uint quad) {
    vec2 a = texelFetch(angles, int(row * angleStride + angleOffset + 2 * quad)).xy;
    vec2 b = texelFetch(angles, int(row * angleStride + angleOffset + 2 * quad + 1)).xy;
    return vec4(v.x * a.x - v.y * a.y, v.x * a.y + v.y * a.x, v.z * b.x - v.w * b.y, v.z * b.y + v.w * b.x);
}

void main() {
    uint row = gl_WorkGroupID.y;
    uint lane = clusterLane();
    uint head = gl_WorkGroupID.x * (gl_WorkGroupSize.x / ClusterLanes) + clusterIndex();
    if (head > heads) return;
    if (head < heads) {
        uint from = row * projectedStride + head * (plainQuads + RopeQuads) + plainQuads;
        for (uint quad = lane; quad < RopeQuads; quad += ClusterLanes)
            q[(row * heads + head) * RowQuads + LatentQuads + quad] = turned(texelFetch(projected, int(from + quad)), row, quad);
        return;
    }

    uint position = rows[row].y;
    uint block = blockTable[rows[row].z * maxBlocks + position / BlockTokens];
    uint token = position % BlockTokens;
    uint storedRows = kvRows(RowQuads);
    for (uint first = 0; first < RowQuads; first += Chunks * ClusterLanes) {
        vec4 v[Chunks];
        float scale[Chunks];
        [[unroll]] for (uint k = 0; k < Chunks; k++) {
            uint quad = first + k * ClusterLanes + lane;
            v[k] = quad < RowQuads ? texelFetch(latent, int(row * latentStride + quad)) : vec4(0.0);
            if (quad >= LatentQuads && quad < RowQuads) v[k] = turned(v[k], row, quad - LatentQuads);
        }
        if (Rotates) {
            HADAMARD(v, Chunks, RotatedQuads)
        }
        [[unroll]] for (uint k = 0; k < Chunks; k++) scale[k] = quantScale(v[k]);
        [[unroll]] for (uint k = 0; k < Chunks; k++) {
            uint quad = first + k * ClusterLanes + lane;
            KvQuad codes = packQuad(v[k], scale[k]);
            KvQuad scales = packScales(scale[k], k + 1 < Chunks ? scale[min(k + 1, Chunks - 1)] : 0.0);
            if (quad < RowQuads && quad % QuadsPerTexel == 0) keys[keyAt(block, 1, 0, storedRows, quad / QuadsPerTexel, token)] = codes;
            if (HasScales && lane == 0 && first + k * ClusterLanes < RowQuads && k % ScalesPerTexel == 0)
                keys[keyAt(block, 1, 0, storedRows, RowQuads / QuadsPerTexel + (first / KvScaleQuads + k) / ScalesPerTexel, token)] =
                    scales;
        }
    }
}
