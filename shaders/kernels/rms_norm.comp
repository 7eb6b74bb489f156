#version 460
#extension GL_GOOGLE_include_directive : require
// y = x / sqrt(mean(x^2) + epsilon) * weight          One workgroup per row; grid (rows, 1, 1).
//   x [rows, quads] f32 texels of 4; columns beyond dim are 0   weight [quads] f32 texels of 4   y [rows, quads] vec4
// Zhang & Sennrich 2019 (RMSNorm).  Reference: tests/NpcMind.Reference/RmsNorm.cs
#include "lib/common.glsl"
#include "lib/reduce.glsl"

layout(push_constant) uniform Constants {
    uint dim;
    uint quads;
    float epsilon;
};
layout(binding = 0) uniform samplerBuffer x;
layout(binding = 1) uniform samplerBuffer weight;
layout(binding = 2) writeonly buffer Y { vec4 y[]; };

void main() {
    uint row = gl_WorkGroupID.x * quads;
    float squares = 0.0;
    for (uint i = gl_LocalInvocationID.x; i < quads; i += gl_WorkGroupSize.x) {
        vec4 v = texelFetch(x, int(row + i));
        squares += dot(v, v);
    }
    float scale = 1.0 / sqrt(workgroupSum(squares) / float(dim) + epsilon);
    for (uint i = gl_LocalInvocationID.x; i < quads; i += gl_WorkGroupSize.x)
        y[row + i] = texelFetch(x, int(row + i)) * scale * texelFetch(weight, int(i));
}
