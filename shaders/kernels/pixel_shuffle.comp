#version 460
#extension GL_GOOGLE_include_directive : require
// y[r * columns / scale + c] = x[(r * scale + i) * columns + c * scale + j] for all i (slow) and j (fast) below scale, one after the other
//   x [columns * columns rows at least, xStride quads] f32 texels of 4, of which `quads` count   y [(columns / scale)^2, yStride quads] vec4
// Neighbouring tokens become one, so a language model has fewer to read. Row by row, as the models were trained; llama.cpp 0.5.0 goes by columns for llama4.
// One lane per quad; grid (scale * scale * quads / workgroup size rounded up, (columns / scale)^2, 1).  Reference: tests/NpcMind.Reference/PixelShuffle.cs
#include "lib/common.glsl"

layout(push_constant) uniform Constants {
    uint columns;
    uint scale;
    uint quads;
    uint xStride;
    uint yStride;
};
layout(binding = 0) uniform samplerBuffer x;
layout(binding = 1) writeonly buffer Y { vec4 y[]; };

void main() {
    uint at = gl_GlobalInvocationID.x;
    if (at >= scale * scale * quads) return;
    uint token = gl_WorkGroupID.y;
    uint part = at / quads;
    uint row = token / (columns / scale) * scale + part / scale;
    uint column = token % (columns / scale) * scale + part % scale;
    y[token * yStride + at] = texelFetch(x, int((row * columns + column) * xStride + at % quads));
}
