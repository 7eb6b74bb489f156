#version 460
#extension GL_GOOGLE_include_directive : require
// y = activation(gate) * up.  gateUp [rows, 2 * quads] f32 texels of 4: a row holds gate, then up   y [rows, stride quads] vec4
//   Form: that of lib/gated_activation.glsl
//   WeighsInput: gate and up, which are linear, are those of an input that is multiplied by weights[row] (Llama 4).
//   GatesOutput: y times sigmoid(weights[row * weightStride]) (the shared expert of Qwen 2 MoE).
// One lane per quad; grid (quads / workgroup size rounded up, rows, 1).
// Reference: tests/NpcMind.Reference/SwiGlu.cs
#include "lib/common.glsl"
#include "lib/gelu.glsl"
#include "lib/gated_activation.glsl"

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
    vec4 result = gated(gate, up, Form);
    if (GatesOutput) result /= 1.0 + exp(-weights[row * weightStride]);
    y[row * stride + quad] = result;
}
