#version 460
#extension GL_GOOGLE_include_directive : require
// y[r * columns / scale + c] = x[firstRow + (r * scale + i) * columns + c * scale + j] for all i (slow) and j (fast) below scale, one after
// the other
//   x [firstRow + columns * rows at least, xStride quads] f32 texels of 4, of which `quads` count
//   y [columns / scale * rows / scale, yStride quads] vec4
//   place (-, -, -, -), (columns, rows, -, -) of the tile
// Neighbouring tokens become one, so a language model has fewer to read. Row by row, as the models were trained; llama.cpp 0.5.0 goes by
// columns for llama4.
// One lane per quad; grid (scale * scale * quads / workgroup size rounded up, columns / scale * rows / scale, 1).
// Reference: tests/NpcMind.Reference/PixelShuffle.cs
#include "lib/common.glsl"

layout(push_constant) uniform Constants {
    uint firstRow; // a class token may come first
    uint scale;
    uint quads;
    uint xStride;
    uint yStride;
};
layout(binding = 0) uniform samplerBuffer x;
layout(binding = 1) writeonly buffer Y { vec4 y[]; };
layout(binding = 2) readonly buffer Place {
    uvec4 place;
    uvec4 grid;
};

void main() {
    uint at = gl_GlobalInvocationID.x;
    if (at >= scale * scale * quads) return;
    uint token = gl_WorkGroupID.y;
    uint columns = grid.x;
    uint part = at / quads;
    uint row = token / (columns / scale) * scale + part / scale;
    uint column = token % (columns / scale) * scale + part % scale;
    y[token * yStride + at] = texelFetch(x, int((firstRow + row * columns + column) * xStride + at % quads));
}
