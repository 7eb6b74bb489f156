#version 460
#extension GL_GOOGLE_include_directive : require
// y = activation(x), element by element.
//   x, y [rows, quads] f32 in texels of 4.  One lane per quad; grid (quads / workgroup size rounded up, rows, 1).
// Reference: tests/NpcMind.Reference/Gelu.cs
#include "lib/common.glsl"
#include "lib/gelu.glsl"

layout(constant_id = 1) const uint Form = 0; // ActivationForm

layout(push_constant) uniform Constants { uint quads; };
layout(binding = 0) uniform samplerBuffer x;
layout(binding = 1) writeonly buffer Y { vec4 y[]; };

float activated(float v) { return Form == ActivationFormRelu ? max(v, 0.0) : gelu(v, Form); }

void main() {
    uint quad = gl_GlobalInvocationID.x;
    if (quad >= quads) return;
    int at = int(gl_WorkGroupID.y * quads + quad);
    vec4 v = texelFetch(x, at);
    y[at] = vec4(activated(v.x), activated(v.y), activated(v.z), activated(v.w));
}
