#version 460
#extension GL_GOOGLE_include_directive : require
// x[row] += positions[position of the row + offset]          Learned positions (GPT, OPT).
//   positions [.., stride quads] f32 texels of 4   rows [rows] (token, position, slot, -)   x [rows, stride quads] vec4 read-write
// Grid (stride / workgroup size rounded up, rows, 1).  Reference: tests/NpcMind.GpuTests/Kernels/RowCases.cs
#include "lib/common.glsl"

layout(push_constant) uniform Constants {
    uint stride;
    uint offset;
};
layout(binding = 0) uniform samplerBuffer positions;
layout(binding = 1) readonly buffer Rows { uvec4 rows[]; };
layout(binding = 2) buffer X { vec4 x[]; };

void main() {
    uint quad = gl_GlobalInvocationID.x;
    if (quad >= stride) return;
    uint row = gl_WorkGroupID.y;
    x[row * stride + quad] += texelFetch(positions, int((rows[row].y + offset) * stride + quad));
}
