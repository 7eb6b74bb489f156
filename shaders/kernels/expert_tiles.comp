#version 460
#extension GL_GOOGLE_include_directive : require
// Sorts the (row, choice) pairs by expert and cuts each expert's list into tiles for matmul.glsl. One workgroup; grid (1, 1, 1).
//   chosen [pairs] u32   order [pairs] u32: pair indices, by expert, rising within an expert   tiles [maxTiles] (expert, first, count, -)
// Tiles beyond the last have count 0. The pairs of a step are known to the host (`step.x`), their experts are not.
#include "lib/common.glsl"

layout(push_constant) uniform Constants {
    uint experts;
    uint used;
    uint tileRows;
    uint maxTiles;
};
layout(binding = 0) readonly buffer Chosen { uint chosen[]; };
layout(binding = 1) readonly buffer Step { uvec4 step_[]; };
layout(binding = 2) writeonly buffer Order { uint order[]; };
layout(binding = 3) writeonly buffer Tiles { uvec4 tiles[]; };
shared uint counts[512];

void main() {
    uint pairs = step_[0].x * used;
    uint lane = gl_LocalInvocationID.x;
    for (uint e = lane; e < experts; e += gl_WorkGroupSize.x) {
        uint count = 0;
        for (uint p = 0; p < pairs; p++) count += chosen[p] == e ? 1 : 0;
        counts[e] = count;
    }
    barrier();
    for (uint e = lane; e < experts; e += gl_WorkGroupSize.x) {
        uint at = 0, tile = 0;
        for (uint before = 0; before < e; before++) {
            at += counts[before];
            tile += (counts[before] + tileRows - 1) / tileRows;
        }
        for (uint first = 0; first < counts[e]; first += tileRows) tiles[tile++] = uvec4(e, at + first, min(tileRows, counts[e] - first), 0);
        for (uint p = 0; p < pairs; p++)
            if (chosen[p] == e) order[at++] = p;
        if (e == experts - 1)
            for (; tile < maxTiles; tile++) tiles[tile] = uvec4(0);
    }
}
