#version 460
#extension GL_GOOGLE_include_directive : require
// x[row] = position[row] + (row < patches ? embedded[row] : 0)          Rows beyond the patches: a class token, whose embedding its position already holds.
//   embedded, position [rows, quads] f32 texels of 4   x [rows, quads] vec4
// One lane per quad; grid (quads / workgroup size rounded up, rows, 1).  Reference: tests/NpcMind.GpuTests/Kernels/VisionCases.cs
#include "lib/common.glsl"

layout(push_constant) uniform Constants {
    uint quads;
    uint patches;
};
layout(binding = 0) uniform samplerBuffer embedded;
layout(binding = 1) uniform samplerBuffer position;
layout(binding = 2) writeonly buffer X { vec4 x[]; };

void main() {
    uint quad = gl_GlobalInvocationID.x;
    if (quad >= quads) return;
    int at = int(gl_WorkGroupID.y * quads + quad);
    vec4 v = texelFetch(position, at);
    if (gl_WorkGroupID.y < patches) v += texelFetch(embedded, at);
    x[at] = v;
}
