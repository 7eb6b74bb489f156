#version 460
#extension GL_GOOGLE_include_directive : require
// y = activation(gate) * up.  gateUp [rows, 2 * quads] f32 texels of 4: a row holds gate, then up   y [rows, stride quads] vec4
//   GateFormSilu: SiLU, v / (1 + exp(-v))   GateFormGeluTanh: GELU, tanh approximation
//   GateFormClampedSilu: gpt-oss: g = min(gate, 7), u = clamp(up, -7, 7): g * sigmoid(1.702 g) * (u + 1)
//   WeighsInput: gate and up, which are linear, are those of an input that is multiplied by weights[row] (Llama 4).
//   GatesOutput: y times sigmoid(weights[row * weightStride]) (the shared expert of Qwen 2 MoE).
// One lane per quad; grid (quads / workgroup size rounded up, rows, 1).  Shazeer 2020 (GLU variants).
// Reference: tests/NpcMind.Reference/SwiGlu.cs
#include "lib/common.glsl"
#include "lib/gelu.glsl"

layout(constant_id = 1) const uint Form = 0;
layout(constant_id = 2) const bool WeighsInput = false;
layout(constant_id = 3) const bool GatesOutput = false;

layout(push_constant) uniform Constants {
    uint quads;
    uint stride;
    uint weightStride;
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
    if (WeighsInput) {
        gate *= weights[row];
        up *= weights[row];
    }
    vec4 result;
    if (Form == GateFormSilu) {
        result = gate / (1.0 + exp(-gate)) * up;
    } else if (Form == GateFormGeluTanh) {
        const uint form = ActivationFormGeluTanh;
        result = vec4(gelu(gate.x, form), gelu(gate.y, form), gelu(gate.z, form), gelu(gate.w, form)) * up;
    } else {
        gate = min(gate, vec4(7.0));
        up = clamp(up, vec4(-7.0), vec4(7.0));
        result = gate / (1.0 + exp(-1.702 * gate)) * (up + 1.0);
    }
    if (GatesOutput) result /= 1.0 + exp(-weights[row * weightStride]);
    y[row * stride + quad] = result;
}
