#version 460
#extension GL_GOOGLE_include_directive : require
// x[row] += sum over n of weights[row, n] * y[row * used + n]          Adds the chosen experts' outputs to the residual stream, in order of choice.
//   y [rows * used, stride] f32   weights [rows, used] f32   x [rows, stride] f32 read-write.  Grid (stride / workgroup size rounded up, rows, 1).
// Reference: tests/NpcMind.Reference/ExpertCombine.cs
#include "lib/common.glsl"

layout(push_constant) uniform Constants {
    uint used;
    uint stride;
};
layout(binding = 0) readonly buffer Y { float y[]; };
layout(binding = 1) readonly buffer Weights { float weights[]; };
layout(binding = 2) buffer X { float x[]; };

void main() {
    uint row = gl_WorkGroupID.y;
    uint column = gl_GlobalInvocationID.x;
    if (column >= stride) return;
    float sum = 0.0;
    for (uint n = 0; n < used; n++) sum = fma(weights[row * used + n], y[(row * used + n) * stride + column], sum);
    x[row * stride + column] += sum;
}
