#version 460
#extension GL_GOOGLE_include_directive : require
// y = x / sqrt(mean(x^2) + epsilon) * weight          One workgroup per row; grid (rows, 1, 1).
//   x [rows, stride] f32   weight [dim] f32   y [rows, stride] f32
// Zhang & Sennrich 2019 (RMSNorm).  Reference: tests/NpcMind.Reference/RmsNorm.cs
#include "lib/common.glsl"
#include "lib/reduce.glsl"

layout(push_constant) uniform Constants {
    uint dim;
    uint stride;
    float epsilon;
};
layout(binding = 0) readonly buffer X { float x[]; };
layout(binding = 1) readonly buffer Weight { float weight[]; };
layout(binding = 2) writeonly buffer Y { float y[]; };

void main() {
    uint row = gl_WorkGroupID.x * stride;
    float squares = 0.0;
    for (uint i = gl_LocalInvocationID.x; i < dim; i += gl_WorkGroupSize.x) {
        float v = x[row + i];
        squares = fma(v, v, squares);
    }
    float scale = 1.0 / sqrt(workgroupSum(squares) / float(dim) + epsilon);
    for (uint i = gl_LocalInvocationID.x; i < dim; i += gl_WorkGroupSize.x) y[row + i] = x[row + i] * scale * weight[i];
}
