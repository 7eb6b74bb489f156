#version 460
#extension GL_GOOGLE_include_directive : require
// y = cap * tanh(y / cap), element by element (Gemma 2's logits).  y [rows, quads] vec4 read-write.
// Grid (quads / workgroup size rounded up, rows, 1).
// Reference: tests/NpcMind.GpuTests/Kernels/RowCases.cs
#include "lib/common.glsl"

layout(push_constant) uniform Constants {
    uint quads;
    float cap;
};
layout(binding = 0) buffer Y { vec4 y[]; };

void main() {
    uint quad = gl_GlobalInvocationID.x;
    if (quad >= quads) return;
    uint at = gl_WorkGroupID.y * quads + quad;
    y[at] = cap * (1.0 - 2.0 / (exp(y[at] * (2.0 / cap)) + 1.0));
}
