#version 460
#extension GL_GOOGLE_include_directive : require
// Sorts the (row, choice) pairs by expert and cuts each expert's list into tiles for matmul.glsl. One workgroup; grid (1, 1, 1).
//   chosen [pairs] u32   order [pairs] u32: pair indices, by expert, rising within an expert   tiles [maxTiles] (expert, first, count, -)
// A lane has every WorkgroupSize-th expert; lanes fetch 8 pairs and hand them round. Tiles beyond the last have count 0. The pairs of a
// step are known to the host (`step.x`), their experts are not.
#include "lib/common.glsl"
#include "lib/cluster.glsl"

layout(push_constant) uniform Constants {
    uint experts;
    uint used;
    uint tileRows;
    uint maxTiles;
};
layout(binding = 0) uniform usamplerBuffer chosen;
layout(binding = 1) readonly buffer Step { uvec4 stepHeader[]; };
layout(binding = 2) writeonly buffer Order { uint order[]; };
layout(binding = 3) writeonly buffer Tiles { uvec4 tiles[]; };
shared uint counts[LargestWorkgroup];

void main() {
    uint pairs = stepHeader[0].x * used;
    uint lane = gl_LocalInvocationID.x;
    uint nextPair = 0, nextTile = 0; // of the experts from `first` on
    for (uint first = 0; first < experts; first += gl_WorkGroupSize.x) {
        uint e = first + lane;
        uint count = 0;
        for (uint p = 0; p < pairs; p += ClusterLanes) {
            uint some = texelFetch(chosen, int(min(p + clusterLane(), pairs - 1))).x;
            [[unroll]] for (uint t = 0; t < ClusterLanes; t++)
                count += subgroupShuffle(some, clusterBase() + t) == e && p + t < pairs ? 1u : 0u;
        }
        barrier();
        counts[lane] = count;
        barrier();
        uint at = nextPair, tile = nextTile;
        for (uint i = 0; i < gl_WorkGroupSize.x; i++) {
            uint tilesHere = (counts[i] + tileRows - 1) / tileRows;
            nextPair += counts[i];
            nextTile += tilesHere;
            at += i < lane ? counts[i] : 0u;
            tile += i < lane ? tilesHere : 0u;
        }
        for (uint done = 0; done < count; done += tileRows) tiles[tile++] = uvec4(e, at + done, min(tileRows, count - done), 0);
        for (uint p = 0; p < pairs; p += ClusterLanes) {
            uint some = texelFetch(chosen, int(min(p + clusterLane(), pairs - 1))).x;
            [[unroll]] for (uint t = 0; t < ClusterLanes; t++)
                if (subgroupShuffle(some, clusterBase() + t) == e && p + t < pairs) order[at++] = p + t;
        }
    }
    for (uint tile = nextTile + lane; tile < maxTiles; tile += gl_WorkGroupSize.x) tiles[tile] = uvec4(0);
}
