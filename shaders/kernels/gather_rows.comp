#version 460
#extension GL_GOOGLE_include_directive : require
// y[i] = x[outputs[i].row]          Picks the rows whose logits are wanted. Grid (stride / workgroup size rounded up, outputs, 1).
//   x [rows, stride] f32   outputs [n] (row, slot, position, flags)   y [n, stride] f32
#include "lib/common.glsl"

layout(push_constant) uniform Constants { uint stride; };
layout(binding = 0) readonly buffer X { float x[]; };
layout(binding = 1) readonly buffer Outputs { uvec4 outputs[]; };
layout(binding = 2) writeonly buffer Y { float y[]; };

void main() {
    uint column = gl_GlobalInvocationID.x;
    if (column < stride) y[gl_WorkGroupID.y * stride + column] = x[outputs[gl_WorkGroupID.y].x * stride + column];
}
