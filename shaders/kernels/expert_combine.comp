#version 460
#extension GL_GOOGLE_include_directive : require
// x[row] += scale * sum over n of weights[row, n] * y[row * used + n]
// Adds the chosen experts' outputs to the residual stream, in order of choice; without weights where they were applied to the experts'
// inputs.
//   y [rows * used, quads] f32 texels of 4   weights [rows, used] f32   x [rows, quads] vec4 read-write.
//   Grid (quads / workgroup size rounded up, rows, 1).
// Reference: tests/NpcMind.Reference/ExpertCombine.cs
#include "lib/common.glsl"

layout(constant_id = 1) const bool Weighted = true;

layout(push_constant) uniform Constants {
    uint used;
    uint quads;
    float scale;
};
layout(binding = 0) uniform samplerBuffer y;
layout(binding = 1) readonly buffer Weights { float weights[]; };
layout(binding = 2) buffer X { vec4 x[]; };

void main() {
    uint row = gl_WorkGroupID.y;
    uint quad = gl_GlobalInvocationID.x;
    if (quad >= quads) return;
    vec4 sum = vec4(0.0);
    for (uint n = 0; n < used; n++)
        sum = fma(vec4(Weighted ? weights[row * used + n] : 1.0), texelFetch(y, int((row * used + n) * quads + quad)), sum);
    x[row * quads + quad] += scale * sum;
}
