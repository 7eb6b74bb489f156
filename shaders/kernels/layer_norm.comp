#version 460
#extension GL_GOOGLE_include_directive : require
// y = (x - mean) / sqrt(mean of (x - mean)^2 + epsilon) * weight + bias          One workgroup per row; grid (rows, 1, 1).
//   x [rows, stride quads] f32 texels of 4, of which `quads` count   weight, bias [quads] f32 texels of 4   y [rows, stride quads] vec4
// Ba et al. 2016 (layer normalisation).  Reference: tests/NpcMind.Reference/LayerNorm.cs
#include "lib/common.glsl"
#include "lib/reduce.glsl"

layout(push_constant) uniform Constants {
    uint quads;
    uint stride;
    float epsilon;
};
layout(binding = 0) uniform samplerBuffer x;
layout(binding = 1) uniform samplerBuffer weight;
layout(binding = 2) uniform samplerBuffer bias;
layout(binding = 3) writeonly buffer Y { vec4 y[]; };

void main() {
    uint row = gl_WorkGroupID.x * stride;
    float sum = 0.0;
    for (uint i = gl_LocalInvocationID.x; i < quads; i += gl_WorkGroupSize.x) sum += dot(texelFetch(x, int(row + i)), vec4(1.0));
    float mean = workgroupSum(sum) / float(4 * quads);
    float squares = 0.0;
    for (uint i = gl_LocalInvocationID.x; i < quads; i += gl_WorkGroupSize.x) {
        vec4 v = texelFetch(x, int(row + i)) - mean; // a second pass: squares minus the squared mean would cancel
        squares += dot(v, v);
    }
    float scale = 1.0 / sqrt(workgroupSum(squares) / float(4 * quads) + epsilon);
    for (uint i = gl_LocalInvocationID.x; i < quads; i += gl_WorkGroupSize.x)
        y[row + i] = (texelFetch(x, int(row + i)) - mean) * scale * texelFetch(weight, int(i)) + texelFetch(bias, int(i));
}
