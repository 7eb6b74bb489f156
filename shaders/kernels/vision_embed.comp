#version 460
#extension GL_GOOGLE_include_directive : require
// x[row] = position[row] + (first <= row < first + patches ? embedded[row - first] : 0)
// The other row is a class token, whose embedding its position already holds.
//   embedded, position [rows, quads] f32 texels of 4   x [rows, quads] vec4
// One lane per quad; grid (quads / workgroup size rounded up, rows, 1).  Reference: tests/NpcMind.GpuTests/Kernels/VisionCases.cs
#include "lib/common.glsl"

layout(push_constant) uniform Constants {
    uint quads;
    uint first;
    uint patches;
};
layout(binding = 0) uniform samplerBuffer embedded;
layout(binding = 1) uniform samplerBuffer position;
layout(binding = 2) writeonly buffer X { vec4 x[]; };

void main() {
    uint quad = gl_GlobalInvocationID.x;
    if (quad >= quads) return;
    uint row = gl_WorkGroupID.y;
    int at = int(row * quads + quad);
    vec4 v = texelFetch(position, at);
    if (row >= first && row < first + patches) v += texelFetch(embedded, int(at - first * quads));
    x[at] = v;
}
