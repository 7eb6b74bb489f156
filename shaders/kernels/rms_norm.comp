#version 460
#extension GL_GOOGLE_include_directive : require
// y = x / sqrt(mean(x^2) + epsilon) * weight          One workgroup per row; grid (rows, 1, 1).  With Accumulate: y += that.
//   x [rows, xStride quads] f32 texels of 4, from quad xOffset; the quads beyond dim elements are 0   weight [quads] f32 texels of 4
//   y [rows, yStride quads] vec4, from quad yOffset; may be x
// Zhang & Sennrich 2019 (RMSNorm).  Reference: tests/NpcMind.Reference/RmsNorm.cs
#include "lib/common.glsl"
#include "lib/reduce.glsl"

layout(constant_id = 1) const bool Accumulate = false;

layout(push_constant) uniform Constants {
    uint dim;
    uint quads;
    uint xStride;
    uint xOffset;
    uint yStride;
    uint yOffset;
    float epsilon;
};
layout(binding = 0) uniform samplerBuffer x;
layout(binding = 1) uniform samplerBuffer weight;
layout(binding = 2) buffer Y { vec4 y[]; }; // read-write: Accumulate

void main() {
    uint from = gl_WorkGroupID.x * xStride + xOffset;
    uint to = gl_WorkGroupID.x * yStride + yOffset;
    float squares = 0.0;
    for (uint i = gl_LocalInvocationID.x; i < quads; i += gl_WorkGroupSize.x) {
        vec4 v = texelFetch(x, int(from + i));
        squares += dot(v, v);
    }
    float scale = 1.0 / sqrt(workgroupSum(squares) / float(dim) + epsilon);
    for (uint i = gl_LocalInvocationID.x; i < quads; i += gl_WorkGroupSize.x) {
        vec4 v = texelFetch(x, int(from + i)) * scale * texelFetch(weight, int(i));
        if (Accumulate) v += y[to + i];
        y[to + i] = v;
    }
}
