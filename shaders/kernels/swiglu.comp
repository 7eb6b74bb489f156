#version 460
#extension GL_GOOGLE_include_directive : require
// y = silu(gate) * up, silu(v) = v / (1 + exp(-v)).  gateUp [rows, 2 * quads] f32 texels of 4: a row holds gate, then up   y [rows, stride quads] vec4
// Weighted: gate and up, which are linear, are those of an input that is multiplied by weights[row] (Llama 4).
// One lane per quad; grid (quads / workgroup size rounded up, rows, 1).  Shazeer 2020 (GLU variants).  Reference: tests/NpcMind.Reference/SwiGlu.cs
#include "lib/common.glsl"

layout(constant_id = 1) const bool Weighted = false;

layout(push_constant) uniform Constants {
    uint quads;
    uint stride;
};
layout(binding = 0) uniform samplerBuffer gateUp;
layout(binding = 1) writeonly buffer Y { vec4 y[]; };
layout(binding = 2) readonly buffer Weights { float weights[]; };

void main() {
    uint quad = gl_GlobalInvocationID.x;
    if (quad >= quads) return;
    uint row = gl_WorkGroupID.y;
    vec4 gate = texelFetch(gateUp, int(row * 2 * quads + quad));
    vec4 up = texelFetch(gateUp, int((row * 2 + 1) * quads + quad));
    if (Weighted) {
        gate *= weights[row];
        up *= weights[row];
    }
    y[row * stride + quad] = gate / (1.0 + exp(-gate)) * up;
}
