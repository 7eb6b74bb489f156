#version 460
#extension GL_GOOGLE_include_directive : require
// y = y / sqrt(sum of y^2); a row of zeros stays.          One workgroup per row; grid (rows, 1, 1).
//   y [rows, stride quads] vec4 read-write: what stands behind the elements that count is 0
// Reference: tests/NpcMind.Reference/Pool.cs
#include "lib/common.glsl"
#include "lib/reduce.glsl"

layout(push_constant) uniform Constants { uint stride; };
layout(binding = 0) buffer Y { vec4 y[]; };

void main() {
    uint row = gl_WorkGroupID.x * stride;
    float squares = 0.0;
    for (uint i = gl_LocalInvocationID.x; i < stride; i += gl_WorkGroupSize.x) squares += dot(y[row + i], y[row + i]);
    float scale = 1.0 / sqrt(max(workgroupSum(squares), 1e-30));
    for (uint i = gl_LocalInvocationID.x; i < stride; i += gl_WorkGroupSize.x) y[row + i] *= scale;
}
