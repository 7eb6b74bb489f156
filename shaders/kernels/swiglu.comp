#version 460
#extension GL_GOOGLE_include_directive : require
// gate = silu(gate) * up, silu(v) = v / (1 + exp(-v)).  gate [n] f32 read-write   up [n] f32.  Grid (n / workgroup size rounded up, rows, 1).
// Shazeer 2020 (GLU variants).  Reference: tests/NpcMind.Reference/SwiGlu.cs
#include "lib/common.glsl"

layout(push_constant) uniform Constants { uint stride; };
layout(binding = 0) buffer Gate { float gate[]; };
layout(binding = 1) readonly buffer Up { float up[]; };

void main() {
    if (gl_GlobalInvocationID.x >= stride) return;
    uint i = gl_WorkGroupID.y * stride + gl_GlobalInvocationID.x;
    float v = gate[i];
    gate[i] = v / (1.0 + exp(-v)) * up[i];
}
