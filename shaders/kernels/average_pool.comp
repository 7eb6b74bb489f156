#version 460
#extension GL_GOOGLE_include_directive : require
// y[r * columns / scale + c] = mean of x[(r * scale + i) * columns + c * scale + j] over all i and j below scale
//   x [columns * rows at least, stride quads] f32 texels of 4   y [columns / scale * rows / scale, stride quads] vec4
//   place (-, -, -, -), (columns, rows, -, -) of the tile
// One lane per quad; grid (stride / workgroup size rounded up, columns / scale * rows / scale, 1).
// Reference: tests/NpcMind.GpuTests/Kernels/VisionCases.cs
#include "lib/common.glsl"

layout(push_constant) uniform Constants {
    uint scale;
    uint stride;
};
layout(binding = 0) uniform samplerBuffer x;
layout(binding = 1) writeonly buffer Y { vec4 y[]; };
layout(binding = 2) readonly buffer Place {
    uvec4 place;
    uvec4 grid;
};

void main() {
    uint quad = gl_GlobalInvocationID.x;
    if (quad >= stride) return;
    uint token = gl_WorkGroupID.y;
    uint tokens = grid.x / scale; // in a row
    uint first = token / tokens * scale * grid.x + token % tokens * scale;
    vec4 sum = vec4(0.0);
    for (uint i = 0; i < scale; i++)
        for (uint j = 0; j < scale; j++) sum += texelFetch(x, int((first + i * grid.x + j) * stride + quad));
    y[token * stride + quad] = sum / float(scale * scale);
}
