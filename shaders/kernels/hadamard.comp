#version 460
#extension GL_GOOGLE_include_directive : require
// y[row] = x[row], its blocks of BlockQuads quads rotated (lib/hadamard.glsl): what attention gathered from rotated values, and queries
// that meet rotated keys.
//   x [rows, stride quads] f32 texels of 4, a row holding `quads` quads, whole blocks
//   y like x; may be x
// A cluster has a block, or 8 quads of smaller ones; grid (quads / those of a workgroup rounded up, rows, 1).
// Reference: tests/NpcMind.Reference/Hadamard.cs
#include "lib/common.glsl"
#include "lib/cluster.glsl"
#include "lib/hadamard.glsl"

layout(constant_id = 1) const uint BlockQuads = 16;

layout(push_constant) uniform Constants {
    uint quads;
    uint stride;
};
layout(binding = 0) uniform samplerBuffer x;
layout(binding = 1) writeonly buffer Y { vec4 y[]; };

const uint Chunks = (BlockQuads + (ClusterLanes - 1)) / ClusterLanes;

void main() {
    uint first = (gl_WorkGroupID.x * (gl_WorkGroupSize.x / ClusterLanes) + clusterIndex()) * Chunks * ClusterLanes + clusterLane();
    uint at = gl_WorkGroupID.y * stride + first;
    vec4 v[Chunks];
    [[unroll]] for (uint k = 0; k < Chunks; k++)
        v[k] = first + k * ClusterLanes < quads ? texelFetch(x, int(at + k * ClusterLanes)) : vec4(0.0);
    HADAMARD(v, Chunks, BlockQuads)
    [[unroll]] for (uint k = 0; k < Chunks; k++)
        if (first + k * ClusterLanes < quads) y[at + k * ClusterLanes] = v[k];
}
