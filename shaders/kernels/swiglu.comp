#version 460
#extension GL_GOOGLE_include_directive : require
// y = silu(gate) * up, silu(v) = v / (1 + exp(-v)).  gateUp [rows, 2 * quads] f32 texels of 4: a row holds gate, then up   y [rows, stride quads] vec4
// One lane per quad; grid (quads / workgroup size rounded up, rows, 1).  Shazeer 2020 (GLU variants).  Reference: tests/NpcMind.Reference/SwiGlu.cs
#include "lib/common.glsl"

layout(push_constant) uniform Constants {
    uint quads;
    uint stride;
};
layout(binding = 0) uniform samplerBuffer gateUp;
layout(binding = 1) writeonly buffer Y { vec4 y[]; };

void main() {
    uint quad = gl_GlobalInvocationID.x;
    if (quad >= quads) return;
    uint row = gl_WorkGroupID.y;
    vec4 gate = texelFetch(gateUp, int(row * 2 * quads + quad));
    vec4 up = texelFetch(gateUp, int((row * 2 + 1) * quads + quad));
    y[row * stride + quad] = gate / (1.0 + exp(-gate)) * up;
}
